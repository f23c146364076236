/** The child process that answers for PyTorch. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { pythonEnvironment } from "../setup/virtual_environment.ts";
import { type Ask, lineExchange } from "./line_exchange.ts";

const SCRIPT = "peer_torch.py";

export interface PeerFacts {
  /** PyTorch's version. */
  readonly torch: string;
  readonly python: string;
  readonly threads: number;
  /** The instruction set it chose, such as AVX512. */
  readonly capability: string;
}

export interface Peer {
  readonly facts: PeerFacts;
  /** See peer_torch.py for what it understands. */
  readonly ask: Ask;
  close(): void;
}

/** Starts PyTorch with so many threads on a script of this folder. */
export async function startPeer(python: string, threads: number, script = SCRIPT): Promise<Peer> {
  const child = spawn(python, [fileURLToPath(new URL(`./${script}`, import.meta.url))], {
    env: pythonEnvironment(process.env) as Record<string, string>,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ask = lineExchange(child, "PyTorch");
  const facts = await ask<PeerFacts>({ do: "start", threads });
  return { facts, ask, close: () => child.stdin.end() };
}

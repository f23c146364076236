/** The child process that answers for PyTorch: one JSON object a line, to it and from it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { pythonEnvironment } from "../setup/virtual_environment.ts";

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
  /**
   * Sends a command and waits for its answer; see peer_torch.py.
   *
   * @throws {TypeError} If it answers with an error, or its process has ended.
   */
  ask<T>(command: { readonly do: string; readonly [field: string]: unknown }): Promise<T>;
  close(): void;
}

/** Starts PyTorch with so many threads on a script of this folder. */
export async function startPeer(python: string, threads: number, script = SCRIPT): Promise<Peer> {
  const child = spawn(python, [fileURLToPath(new URL(`./${script}`, import.meta.url))], {
    env: pythonEnvironment(process.env) as Record<string, string>,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exchange = lineExchange(child);
  const facts = await exchange<PeerFacts>({ do: "start", threads });
  return { facts, ask: exchange, close: () => child.stdin.end() };
}

function lineExchange(child: ChildProcessWithoutNullStreams): Peer["ask"] {
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaint = (complaint + text).slice(-4000));
  child.stdin.on("error", () => {}); // its end shows in its answers
  child.on("error", (error) => complaint += error.message);
  return async <T>(command: { readonly do: string }): Promise<T> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await answers.next();
    const answer = done ? { error: `its process ended: ${lastLine(complaint)}` } : JSON.parse(value);
    if (answer.error === undefined) return answer;
    throw new TypeError(`Cannot ${command.do} in PyTorch: ${answer.error}`);
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) || "it gave no reason";
}

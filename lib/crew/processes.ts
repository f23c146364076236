/** Processes of one thread that compute beside this one: started, spoken to in frames, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { builtFrom } from "../built.ts";
import { createFrameReader, type FrameReader, writeFrame } from "./frames.ts";
import type { Job } from "./job.ts";

/** A source, or what it was built to. */
const PROGRAM = fileURLToPath(new URL(builtFrom() === null ? "worker.ts" : "worker.js", import.meta.url));

interface Worker {
  /** 2 … the crew's size; this process is 1. */
  readonly rank: number;
  readonly process: ChildProcess;
  readonly answers: FrameReader;
}

export interface Crew {
  /** Sends to all others at once: one that has started need not wait for the next to listen. */
  tell(messagesTo: (k: number) => Uint8Array[]): Promise<void>;
  /** The next answer of the k-th of the others. */
  answerOf(k: number): Promise<Uint8Array>;
  /** What `open` gives; the others are ended where it throws. */
  guard<T>(open: () => T): T;
  /** Ends the others; they hold nothing that this process lacks. */
  dispose(): void;
}

/**
 * Starts `size` − 1 other processes and gives them their job; with a size of 1 nothing is started or copied.
 *
 * @param action What fails where one of them ends, for messages: "go on training".
 * @throws {TypeError} Outside Deno, if there are to be others; also from `tell` and `answerOf`, if another process has ended.
 */
export async function startCrew(size: number, job: Job, action: string): Promise<Crew> {
  if (size > 1 && !("Deno" in globalThis)) {
    throw new TypeError(
      "Cannot start workers: they run under Deno only, use 1 worker or Deno's kernel",
    );
  }
  const workers = Array.from({ length: size - 1 }, (_, k) => start(k + 2));

  function endOf({ rank, process: { exitCode, signalCode } }: Worker): TypeError {
    const how = signalCode ? ` by ${signalCode}` : exitCode === null ? "" : ` with exit code ${exitCode}`;
    return new TypeError(
      `Cannot ${action}: worker ${rank} of ${size} has ended${how} (go on with fewer workers or more memory)`,
    );
  }

  const crew: Crew = {
    async tell(messagesTo) {
      await Promise.all(workers.map(async (worker, k) => {
        try {
          for (const message of messagesTo(k)) await writeFrame(worker.process.stdin!, message);
        } catch {
          throw endOf(worker);
        }
      }));
    },
    async answerOf(k) {
      const answer = await workers[k].answers.read();
      if (answer === null) throw endOf(workers[k]);
      return answer;
    },
    guard(open) {
      try {
        return open();
      } catch (error) {
        crew.dispose();
        throw error;
      }
    },
    dispose() {
      for (const { process } of workers) process.kill("SIGKILL");
    },
  };
  if (size === 1) return crew;
  try {
    const message = serialize(job);
    await crew.tell(() => [message]);
    return crew;
  } catch (error) {
    crew.dispose();
    throw error;
  }
}

function start(rank: number): Worker {
  const child = spawn(process.execPath, ["run", "--allow-all", "--quiet", PROGRAM], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // Ctrl-C and Stop go to the whole group: this process decides what ends, its end is theirs
  });
  child.stdin.on("error", () => {}); // told where it matters, by the write that failed
  return { rank, process: child, answers: createFrameReader(child.stdout) };
}

/** A conversation with a child process: one JSON object a line, to it and from it. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Sends a command and waits for its answer.
 *
 * @throws {TypeError} If the answer is `{ "error": reason }`, or the process has ended.
 */
export type Ask = <T>(command: { readonly do: string; readonly [field: string]: unknown }) => Promise<T>;

/** @param who Whom messages name, such as "PyTorch". */
export function lineExchange(child: ChildProcessWithoutNullStreams, who: string): Ask {
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
    throw new TypeError(`Cannot ${command.do} in ${who}: ${answer.error}`);
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) || "it gave no reason";
}

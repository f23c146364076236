/** Fewer, larger messages from `console` in Deno's kernel, so that none comes after its cell's end. */

/** Milliseconds for which lines may wait while a cell keeps the thread. */
const LONGEST_WAIT = 100;

type Method = (...values: unknown[]) => void;
/** `console`, or a test's stand-in. */
export type Methods = Record<string, Method>;

/** What prints a line to standard output. */
const PRINTING = ["log", "info", "debug"];

/**
 * Lets lines of plain text that a console prints in one go leave as one message; all else leaves as before, in order.
 *
 * Deno's kernel sends every line as a message of its own and tells that a cell has ended 5 ms later, whether or not all
 * have left; a notebook drops what comes after. On a busy machine that cost hundreds of 500 lines. Gathered lines leave
 * when the code that prints them yields, which is before its cell ends, or 100 ms after the last message.
 */
export function gatherLines(console: Methods, now: () => number = () => performance.now()): void {
  const print = console.log;
  let lines: string[] = [];
  let sentAt = -Infinity;

  function send(): void {
    if (lines.length === 0) return;
    const text = lines.join("\n");
    lines = [];
    sentAt = now();
    print(text);
  }

  for (const [name, method] of Object.entries(console)) {
    if (typeof method !== "function") continue;
    console[name] = (...values) => {
      if (!PRINTING.includes(name) || !isPlainText(values)) {
        send();
        return method(...values);
      }
      lines.push(values.join(" "));
      if (now() - sentAt > LONGEST_WAIT) send();
      else if (lines.length === 1) queueMicrotask(send);
    };
  }
}

/** Text that `console` prints as it is: no value to draw, no `%s` to fill in. */
function isPlainText(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === "string") &&
    (values.length < 2 || !values[0].includes("%"));
}

/**
 * What every command shares: `--help` that teaches, exit codes, one-line errors, a progress bar.
 *
 * Exit codes: 0 done, 1 failed, 2 used wrongly. Results go to standard output, all else to standard error.
 */
import { Format, SingleBar, type TimeFormatter } from "cli-progress";
import { Command, CommanderError } from "commander";
import process from "node:process";

export { Command, Option } from "commander";

/** Parses the arguments, runs the action, and turns every failure into one line and an exit code. */
export async function run(command: Command, args: string[] = Deno.args): Promise<void> {
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureHelp({ sortOptions: false }).configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, `${command.name()}: `)),
    });
  }
  try {
    await command.parseAsync(args, { from: "user" });
    Deno.exit(process.exitCode as number | undefined ?? 0); // native threads would keep the process
  } catch (error) {
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : 2);
    console.error(`${command.name()}: ${describe(error)}`);
    Deno.exit(error instanceof UsageError ? 2 : 1);
  }
}

/** The command was called with values that cannot be meant. */
export class UsageError extends RangeError {
  override name = "UsageError";
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof TypeError || error instanceof RangeError ||
    error instanceof SyntaxError ||
    error.name === "FileError";
  // A fault of ours shows its stack; anything a user can mend is one line.
  return expected && Deno.env.get("RD_DEBUG") === undefined ? error.message : error.stack ?? error.message;
}

/** Parser for commander: a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
      throw new UsageError(`Cannot read "${text}": it must be a whole number from ${least}`);
    }
    return value;
  };
}

/** Parser for commander: a finite number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError(`Cannot read "${text}": it must be a finite number`);
  }
  return value;
}

/** Percent with two places, for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

export interface Progress {
  update(done: number, details?: Record<string, string | number>): void;
  /** The work has turned out to be so much in all. */
  resize(total: number): void;
  stop(): void;
}

/** Per second, three digits. */
function rateText(done: number, began: number): string {
  const rate = 1000 * done / Math.max(performance.now() - began, 1);
  return rate >= 100 ? String(Math.round(rate)) : String(Number(rate.toPrecision(3)));
}

/** A bar for each title, one after the other, drawn at most four times a second. */
export function progressBars(): { show(title: string, done: number, total: number): void; stop(): void } {
  let [shown, at, bar] = ["", 0, undefined as Progress | undefined];
  const stop = () => bar?.stop();
  return {
    show(title, done, total) {
      if (title !== shown) {
        stop();
        [shown, at, bar] = [title, 0, progressBar(title, total)];
      }
      if (performance.now() - at < 250 && done < total) return;
      at = performance.now();
      bar!.resize(total);
      bar!.update(done);
    },
    stop,
  };
}

/** A time left that cannot be told comes as a word, which cli-progress would pad like a number. */
export const knownTime: TimeFormatter = (time, ...rest) =>
  Number.isFinite(Number(time)) ? Format.TimeFormat(time, ...rest) : "–";

/**
 * A bar on standard error with rate and time left; where that is no terminal, a line at most every ten seconds.
 *
 * @param format cli-progress's, after the bar: `{loss}` shows the detail `loss`.
 * @param options `done` is what an earlier run has done; the rate is this one's.
 */
export function progressBar(
  title: string,
  total: number,
  format = "",
  { done: start = 0 }: { readonly done?: number } = {},
): Progress {
  const terminal = Deno.stderr.isTerminal();
  const bar = new SingleBar({
    format:
      `${title} {bar} {percentage} % | {value}/{total}, {rate}/s | {duration_formatted}, {eta_formatted} left ${format}`,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    barsize: terminal ? 24 : 10,
    hideCursor: false,
    etaBuffer: 50,
    formatTime: knownTime,
  });
  const details = [...format.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, ""]);
  bar.start(total, start, { ...Object.fromEntries(details), rate: "–" }); // else the first line shows their names
  const began = performance.now();
  return {
    update: (done, details) => bar.update(done, { ...details, rate: rateText(done - start, began) }),
    resize: (total) => bar.setTotal(total),
    stop: () => bar.stop(),
  };
}

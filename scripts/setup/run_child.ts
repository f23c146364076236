/** Runs a program for a step: its output goes to a log and, line by line, to the step. */
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

export interface ChildOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** File that gets the whole output. */
  readonly log: string;
  /** What the program does, for the error: `install the npm packages`. */
  readonly action: string;
  /** What to do if it fails. */
  readonly mend: string;
  readonly onLine?: (line: string) => void;
}

/**
 * Ends the program and all it started when this process is gone, however it went: then the pipe that is the
 * shell's standard input closes. An orphaned installer would write into the folders of the next setup.
 * (SIGPIPE, since a shell tells of no job that ended by it.)
 */
const WITH_WATCHDOG = `
exec 3<&0
"$@" </dev/null 3<&- & program=$!
( trap '' TERM; while read -r line; do :; done <&3; kill -TERM -$$; sleep 2; kill -KILL -$$ ) >/dev/null 2>&1 &
watchdog=$!
wait $program; code=$?
kill -PIPE $watchdog
exit $code`;

/** What a program may complain of that is not its own fault, and what to do then. */
const CAUSES = [
  {
    pattern: /ENOSPC|No space left on device/,
    rule: "the disk must have room",
    mend: "make room, then: deno task setup",
  },
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|NewConnectionError|ConnectTimeout/,
    rule: "the package registry must be reachable",
    mend: "try again when it is: deno task setup; what was fetched is kept",
  },
] as const;

/** npm's lines that name a code or nothing at all. */
const BARE_CODE = /\b(code|errno) -?\w+$|^npm (error|ERR!)\s*$/;

/**
 * Runs a program to its end.
 *
 * @returns Its output, both streams together.
 * @throws {TypeError} If it cannot be started or does not exit with 0; the message quotes what it complained of.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions,
): Promise<string> {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = createWriteStream(options.log);
  let logError = "";
  log.on("error", ({ message }) => logError ||= message); // a full disk, which the program will meet too
  const lines: string[] = [];
  const take = (line: string) => {
    lines.push(line);
    log.write(`${line}\n`);
    options.onLine?.(line);
  };
  take(`$ ${[command, ...args].join(" ")}`);
  const code = await new Promise<number | string>((settle) => {
    const child = spawn("/bin/sh", ["-c", WITH_WATCHDOG, "sh", command, ...args], {
      cwd: options.cwd,
      env: options.env as Record<string, string>,
      detached: true, // a group of its own, which the watchdog can end as a whole
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", take);
    createInterface({ input: child.stderr }).on("line", take);
    child.on("error", (error) => settle(error.message));
    child.on("close", (code, signal) => settle(code ?? signal ?? "an unknown end"));
  });
  await new Promise<void>((done) => log.closed ? done() : log.on("close", done).end());
  if (code === 0) return lines.slice(1).join("\n");
  throw new TypeError(failure([logError, ...lines.slice(1)], code, options));
}

function failure(lines: string[], code: number | string, { action, mend, log }: ChildOptions): string {
  const text = lines.join("\n");
  for (const cause of CAUSES) {
    const found = text.match(cause.pattern)?.[0];
    if (found) {
      return `Cannot ${action}: ${cause.rule}, got ${found} (${cause.mend}; all it said is in ${log})`;
    }
  }
  const complaint = lines.find((line) => /\berr(or)?\b/i.test(line) && !BARE_CODE.test(line)) ??
    lines.at(-1) ?? "";
  return `Cannot ${action}: it must end with code 0, got ${code}: "${
    shorten(complaint)
  }" (${mend}; all it said is in ${log})`;
}

function shorten(line: string): string {
  const text = line.trim();
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}

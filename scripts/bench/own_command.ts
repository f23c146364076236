/** The command line of this run, for the provenance of what it measured. */
import { basename, isAbsolute } from "node:path";

/** Absolute paths by their last part alone: results are committed, and folders are one machine's. */
export function ownCommand(args: readonly string[] = Deno.args): string {
  const told = args.map((arg) => {
    const [, option = "", value] = /^(--[\w-]+=)?(.*)$/s.exec(arg)!;
    return option + (isAbsolute(value) ? basename(value) : value);
  });
  return `deno task bench ${told.join(" ")}`;
}

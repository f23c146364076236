/** Which notebooks a command is for. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../command_line.ts";
import { PROJECT_FOLDER } from "../folders.ts";

/**
 * The notebooks named, or all of `notebooks/`, as absolute paths.
 *
 * @param action What is done to them, for messages: `report`.
 * @throws {UsageError} If a name does not end in .ipynb, or two have one name.
 * @throws {RangeError} If one is not there.
 */
export function notebookPaths(named: readonly string[], action: string): string[] {
  const paths = (named.length > 0 ? named : allNotebooks(action)).map((path) => resolve(path));
  for (const path of paths) {
    if (!path.endsWith(".ipynb")) {
      throw new UsageError(`Cannot ${action} ${path}: its name must end in .ipynb`);
    }
    if (!existsSync(path)) throw new RangeError(`Cannot ${action} ${path}: there is no such file`);
    const twin = paths.find((other) => other !== path && basename(other) === basename(path));
    if (twin) throw new UsageError(`Cannot ${action} ${path} and ${twin}: they have one name`);
  }
  return paths;
}

function allNotebooks(action: string): string[] {
  const folder = join(PROJECT_FOLDER, "notebooks");
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort()
    : [];
  if (names.length === 0) {
    throw new RangeError(`Cannot ${action}: ${folder} must hold a notebook, current count is 0`);
  }
  return names.map((name) => join(folder, name));
}

/** Where things lie in the project, as absolute paths. */
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
export const CHECKPOINT_FOLDER = join(PROJECT_FOLDER, "data", "checkpoints");
export const REPORT_FOLDER = join(PROJECT_FOLDER, "reports");

/** Makes the folder of an output file, before the hours of work whose result goes there. */
export function checkOutput(path: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
}

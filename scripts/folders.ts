/** Where things lie in the project, as absolute paths, for scripts that run before any package is installed. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
export const CHECKPOINT_FOLDER = join(PROJECT_FOLDER, "data", "checkpoints");
export const REPORT_FOLDER = join(PROJECT_FOLDER, "reports");

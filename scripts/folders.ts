/** Where things lie in the project, as absolute paths. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
export const CACHE_FOLDER = join(PROJECT_FOLDER, "data", "cache");
export const CIFAR10_FOLDER = join(CACHE_FOLDER, "cifar10");
export const CHECKPOINT_FOLDER = join(PROJECT_FOLDER, "data", "checkpoints");
export const REPORT_FOLDER = join(PROJECT_FOLDER, "reports");

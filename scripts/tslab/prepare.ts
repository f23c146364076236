/** What kernel.cjs runs before tslab starts: builds the package if the library has changed. Prints nothing then. */
import process from "node:process";
import { withSetupLock } from "../setup/setup_lock.ts";
import { doStep, isDone } from "../setup/step.ts";
import { currentProject } from "../setup/steps.ts";
import { tslabPackage } from "./package.ts";

/** Another kernel may be building it just now: the lock waits, and then there is nothing to do. */
export async function prepareTslab(project = currentProject()): Promise<void> {
  if (isDone(tslabPackage, project)) return;
  await withSetupLock(project, async () => {
    if (!isDone(tslabPackage, project)) await doStep(tslabPackage, project, () => {});
  });
}

if (import.meta.main) {
  try {
    await prepareTslab();
  } catch (error) {
    process.stderr.write(`tslab: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

/** What one command alone needs, installed when it is first asked for. */
import { startProgress } from "./progress.ts";
import type { Project } from "./project.ts";
import { withSetupLock } from "./setup_lock.ts";
import { doStep, type Step } from "./step.ts";

/** Does a step of setup under setup's lock, and tells how it goes. */
export async function installOnDemand(step: Step, project: Project): Promise<void> {
  const progress = startProgress(step.title);
  try {
    await withSetupLock(project, () => doStep(step, project, progress.detail), progress.detail);
    progress.done("installed");
  } catch (error) {
    progress.done("failed");
    throw error;
  }
}

/** What one command alone needs, installed when it is first asked for. */
import { mkdirSync } from "node:fs";
import { withLock } from "../../lib/store.ts";
import { startProgress } from "./progress.ts";
import { type Project, stampFolder } from "./project.ts";
import { doStep, type Step } from "./step.ts";

/** Does a step of setup under setup's lock, and tells how it goes. */
export async function installOnDemand(step: Step, project: Project): Promise<void> {
  mkdirSync(stampFolder(project), { recursive: true });
  const progress = startProgress(step.title);
  try {
    await withLock(stampFolder(project), () => doStep(step, project, progress.detail));
    progress.done("installed");
  } catch (error) {
    progress.done("failed");
    throw error;
  }
}

/** The one shape of setup's steps, and how a step is found done, done, and stamped. */
import { join } from "node:path";
import { requireFreeBytes } from "./disk_space.ts";
import { type Project, stampFolder } from "./project.ts";
import { type Facts, removeStamp, stampMatches, writeStamp } from "./stamp.ts";

export interface Step {
  /** Name of its stamp and its log. */
  readonly id: string;
  /** For people: what it puts in place. */
  readonly title: string;
  /** What must be free on the disk before it starts. */
  bytes(project: Project): number;
  /** What it makes its outputs from. */
  inputs(project: Project): Facts;
  /** What can be seen of its outputs at little cost; null while they are missing or broken. */
  outputs(project: Project): Facts | null;
  /** A full check of outputs that have no stamp, for a step whose outputs can prove themselves. */
  isComplete?(project: Project): boolean;
  run(project: Project, say: Say): Promise<void>;
}

/** Takes a few words on how far the step is. */
export type Say = (detail: string) => void;

export function stampPath(step: Step, project: Project): string {
  return join(stampFolder(project), `${step.id}.json`);
}

/** Whether nothing is to do: the stamp agrees with the inputs and with what lies there. */
export function isDone(step: Step, project: Project): boolean {
  const outputs = step.outputs(project);
  return outputs !== null &&
    stampMatches(stampPath(step, project), { inputs: step.inputs(project), outputs });
}

/**
 * Does a step and stamps it; outputs that prove themselves complete are only stamped.
 *
 * @returns Whether there was work to do.
 * @throws {TypeError} If the step's outputs are not there in the end.
 */
export async function doStep(step: Step, project: Project, say: Say): Promise<boolean> {
  const path = stampPath(step, project);
  const adopted = step.isComplete?.(project) ?? false;
  if (!adopted) {
    requireFreeBytes(step.title, project.folder, step.bytes(project)); // refused, it leaves what is there stamped
    removeStamp(path);
    await step.run(project, say);
  }
  const outputs = step.outputs(project);
  if (outputs === null) {
    throw new TypeError(
      `Cannot finish ${step.title}: all its files must be there, some are missing (run it again)`,
    );
  }
  writeStamp(path, { inputs: step.inputs(project), outputs });
  return !adopted;
}

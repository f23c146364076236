/** Which dense networks a sweep's chains begin with, as far as that is known before it runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findDenseWeights } from "../../lib/project.ts";
import { sha256 } from "../../lib/store.ts";
import { denseOutput, type SweepPlan } from "./plan.ts";

/** SHA-256 of the weights file of each model; none of a network that is not trained yet. */
export type KnownWeights = ReadonlyMap<string, string>;

/** Hashes the checkpoint, or what the workflow has trained, of each model that has chains; once for each. */
export function knownWeights({ dense, chains }: SweepPlan, work: string): KnownWeights {
  const known = new Map<string, string>();
  for (const model of new Set(chains.map(({ model }) => model))) {
    const job = dense.find((job) => job.model === model);
    const path = job === undefined ? findDenseWeights(model) : join(work, denseOutput(job));
    if (path !== null && existsSync(path)) known.set(model, sha256(path));
  }
  return known;
}

/** A chain's folder: where the chain stands and the open round's fine-tuning, each on the disk whole or not at all. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadTrainingState, saveTrainingState } from "../checkpoint.ts";
import { type ChainPlan, type ChainState, type IterateOptions, roundSeed } from "../iterate.ts";
import type { Network } from "../network.ts";
import type { TrainingState } from "../training_state.ts";
import { chainIdentity, loadChain, saveChain } from "./chain_file.ts";

/** What `iterate` goes on from, and where it keeps what comes. */
export interface ChainFolder extends Required<Pick<IterateOptions, "onState" | "onTuning">> {
  readonly state: ChainState | null;
  readonly tuning: TrainingState | null;
}

/**
 * Reads a chain's folder, `state.safetensors` and `tuning.safetensors`, and writes them as the chain goes on.
 *
 * @param folder An existing folder.
 * @throws As {@linkcode loadChain} and {@linkcode loadTrainingState}.
 */
export function openChainFolder(folder: string, dense: Network, plan: ChainPlan): ChainFolder {
  const [statePath, tuningPath] = [join(folder, "state.safetensors"), join(folder, "tuning.safetensors")];
  const identity = chainIdentity(dense, plan);
  const state = loadChain(statePath, dense, plan);
  return {
    state,
    tuning: tuningOf(tuningPath, plan, dense, state),
    onState: (next) => {
      // First: what is left may be of another chain, of the same seed, whose state was removed. Killed in between, the
      // round's fine-tuning begins anew, to the same bits.
      rmSync(tuningPath, { force: true });
      saveChain(statePath, identity, next);
    },
    onTuning: (next) => saveTrainingState(tuningPath, next),
  };
}

/** The open round's fine-tuning, unless the file is of a round that is over. */
function tuningOf(
  path: string,
  plan: ChainPlan,
  dense: Network,
  state: ChainState | null,
): TrainingState | null {
  if (!existsSync(path) || state?.open == null || plan.protocol.fineTuning === null) return null;
  const tuning = loadTrainingState(path, dense);
  return tuning.recipe.seed === roundSeed(plan, state.open.round) ? tuning : null;
}

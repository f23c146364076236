/** What a crew's first process tells the others. */
import type { EngineOptions } from "../engine.ts";
import type { Architecture, Network } from "../network.ts";
import type { StepTime } from "../optimizer.ts";
import type { Masks } from "../prune.ts";
import type { TrainingState } from "../training_state.ts";

/** Once, at the start. */
export type Job = TrainingJob | LogitJob;

/** A share of every training step. */
export interface TrainingJob extends EngineOptions {
  readonly task: "training";
  readonly architecture: Architecture;
  readonly state: Pick<TrainingState, "recipe" | "weights" | "slots" | "average">;
  readonly masks?: Masks;
}

/** Logits of the batches that follow, each as its count and its images. */
export interface LogitJob extends EngineOptions {
  readonly task: "logits";
  /** As it is run: its batch norms are folded already, where they are to be. */
  readonly network: Network;
}

/** For every step; the share's images and its targets follow, a message each. */
export interface StepHeader {
  /** Images. */
  readonly count: number;
  readonly time: StepTime;
}

/** Before a batch's images. */
export interface LogitHeader {
  readonly count: number;
}

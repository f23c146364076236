/** What a crew's first process tells the others. */
import type { EngineOptions } from "../engine.ts";
import type { Architecture } from "../network.ts";
import type { StepTime } from "../optimizer.ts";
import type { Masks } from "../prune.ts";
import type { TrainingState } from "../training_state.ts";

/** Once, at the start. */
export interface Job extends EngineOptions {
  readonly architecture: Architecture;
  readonly state: Pick<TrainingState, "recipe" | "weights" | "slots" | "average">;
  readonly masks?: Masks;
}

/** For every step; the share's images and its targets follow, a message each. */
export interface StepHeader {
  /** Images. */
  readonly count: number;
  readonly time: StepTime;
}

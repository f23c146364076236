/** Learning rates over a training run. */

/** Learning rate at each step, 0-based. */
export type Schedule = (step: number) => number;

export type ScheduleName = "one-cycle" | "cosine" | "constant";

export const SCHEDULES: readonly ScheduleName[] = ["one-cycle", "cosine", "constant"];

export interface ScheduleOptions {
  /** Highest learning rate. */
  readonly peak: number;
  readonly totalSteps: number;
  /** Share of the steps in which the one-cycle rate rises. @default 0.25 */
  readonly warmup?: number;
}

/**
 * One-cycle: linear from peak/25 up to the peak, then linear to 0 (Smith and Topin 2018, with straight lines).
 * Cosine: from the peak to 0 (Loshchilov and Hutter 2017). Constant: the peak.
 */
export function createSchedule(
  name: ScheduleName,
  { peak, totalSteps, warmup = 0.25 }: ScheduleOptions,
): Schedule {
  const rising = Math.max(1, Math.round(warmup * totalSteps));
  switch (name) {
    case "one-cycle":
      return (step) =>
        step < rising
          ? peak * (1 / 25 + (1 - 1 / 25) * step / rising)
          : peak * (totalSteps - step) / Math.max(1, totalSteps - rising);
    case "cosine":
      return (step) => peak * (1 + Math.cos(Math.PI * step / totalSteps)) / 2;
    case "constant":
      return () => peak;
  }
}

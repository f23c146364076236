/** What a recovery is worth in optimizer steps: chains that differ in recovery and length of fine-tuning alone. */
import { groupBy } from "../group_by.ts";
import { lastTop1 } from "../iterate/round_line.ts";
import type { Protocol } from "../protocols.ts";
import { recoveryText, stagesText } from "../recover.ts";
import { wilsonInterval } from "../statistics.ts";
import { variantOf } from "./variant.ts";
import type { ChainRound } from "./chain_results.ts";

export interface TuningPoint {
  /** Optimizer steps of the round; 0 without fine-tuning. */
  readonly steps: number;
  /** After the last of them, on the protocol's test images. */
  readonly top1: number;
  /** Wilson's, 95 %. */
  readonly interval: readonly [number, number];
}

/** Accuracy by optimizer steps after one recovery. */
export interface TuningCurve {
  /** Such as `lsq, 5 stages`. */
  readonly recovery: string;
  readonly dense: number;
  /** Steps ascending. */
  readonly points: readonly TuningPoint[];
}

/**
 * One curve a recovery, in the order of the rounds.
 *
 * @param rounds The first rounds of chains with one network, method, target and seed.
 * @throws {RangeError} If the rounds differ in more than recovery and fine-tuning, or two agree in both.
 */
export function tuningCurves(rounds: readonly ChainRound[]): TuningCurve[] {
  requireOnePlan(rounds);
  return [...groupBy(rounds, ({ settings }) => recoveryOf(settings))].map(([recovery, group]) => {
    const points = group.map((round) => {
      const top1 = lastTop1(round);
      return {
        steps: stepsOf(round.settings),
        top1,
        interval: wilsonInterval(top1, round.settings.testImages),
      };
    }).sort((a, b) => a.steps - b.steps);
    const twin = points.find(({ steps }, i) => i > 0 && steps === points[i - 1].steps);
    if (twin !== undefined) {
      throw new RangeError(
        `Cannot compare fine-tuning after ${recovery}: steps must differ, got ${twin.steps} twice`,
      );
    }
    return { recovery, dense: group[0].denseTop1, points };
  });
}

/** How many steps one recovery needs for what another has after its own. */
export interface StepsSaved {
  /** Of the better recovery. */
  readonly steps: number;
  readonly top1: number;
  /** Of the plainer one, to the same top-1; null if none of its points gets there. */
  readonly needed: number | null;
}

/** For each point of the better curve, the steps at which the plainer one, linear between its points, is as good. */
export function stepsSaved(plain: TuningCurve, better: TuningCurve): StepsSaved[] {
  return better.points.map(({ steps, top1 }) => ({ steps, top1, needed: stepsTo(plain.points, top1) }));
}

/** First crossing from below, null where there is none. */
function stepsTo(points: readonly TuningPoint[], top1: number): number | null {
  const i = points.findIndex((point) => point.top1 >= top1);
  if (i <= 0) return i < 0 ? null : points[0].steps;
  const [before, after] = [points[i - 1], points[i]];
  return before.steps + (after.steps - before.steps) * (top1 - before.top1) / (after.top1 - before.top1);
}

function recoveryOf({ recovery }: Protocol): string {
  return `${recoveryText(recovery.steps)}${recovery.stages === undefined ? "" : `, ${stagesText(recovery)}`}`;
}

function stepsOf({ fineTuning }: Protocol): number {
  if (fineTuning === null) return 0;
  const { images, recipe: { epochs, batch } } = fineTuning;
  return epochs * Math.floor(images / batch);
}

function requireOnePlan(rounds: readonly ChainRound[]): void {
  const plans = new Set(
    rounds.map((round) =>
      `${round.model}, ${variantOf(round)}, ${round.target}, round ${round.round}, seed ${round.seed}`
    ),
  );
  if (plans.size <= 1) return;
  throw new RangeError(
    `Cannot compare fine-tuning: network, method, target, round and seed must be the same, got ${
      [...plans].join(" and ")
    }`,
  );
}

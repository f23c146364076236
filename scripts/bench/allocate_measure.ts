/** One instance of `bench allocate`: ours at random budgets, and the paper's ways beside it. */
import { algorithm1, ternarySearch, withoutOutliers } from "../../lib/algorithm1.ts";
import { allocate, allocationSlider, hullFront } from "../../lib/allocate.ts";
import {
  type Allocation,
  type Allocator,
  type ProblemLayer,
  reachableInterval,
  relativeGap,
} from "../../lib/allocation.ts";
import { createPrng } from "../../lib/prng.ts";
import type { AllocateResult, PeerResult } from "../../lib/results/allocate_bench.ts";
import type { BenchInstance, Goal } from "./allocate_instances.ts";
import { tailedSpread } from "./statistics.ts";

export interface BudgetOptions {
  /** Random budgets. */
  readonly budgets: number;
  /** Of these, budgets at which the paper's ways run too; none at 10,000 layers, where one call takes half a minute. */
  readonly peerBudgets: number;
  readonly seed: number;
}

/** An allocation and what it took. */
interface Timed {
  readonly ms: number;
  readonly allocation: Allocation;
}

/** What was measured at one budget. */
interface Turn {
  readonly optimum: Timed;
  readonly slider: Timed;
  readonly frontMs: number;
  /** In the order of {@linkcode PEERS}; empty where they did not run. */
  readonly peers: readonly Timed[];
}

/** The paper's ways, each on raw curves and with outliers filtered. */
const PEERS: readonly { readonly peer: string; readonly way: Allocator; readonly isFiltered: boolean }[] = [
  { peer: "algorithm1", way: algorithm1, isFiltered: false },
  { peer: "algorithm1 + OF", way: algorithm1, isFiltered: true },
  { peer: "ternary", way: ternarySearch, isFiltered: false },
  { peer: "ternary + OF", way: ternarySearch, isFiltered: true },
];

/** Measures ours, the slider, the front and the paper's ways in turns, budget by budget. */
export function measureAllocation(
  { name, curves, layers, goal }: BenchInstance,
  { budgets, peerBudgets, seed }: BudgetOptions,
): AllocateResult {
  const drawn = randomBudgets(layers, budgets, seed);
  const cold = timed(() => allocate({ layers, budget: drawn[0] }));
  const slide = allocationSlider({ layers });
  const filtered = layers.map(withoutOutliers);
  const turns = drawn.map((budget, at): Turn => ({
    optimum: timed(() => allocate({ layers, budget })),
    slider: timed(() => slide(budget)),
    frontMs: milliseconds(() => hullFront({ layers })),
    peers: at >= peerBudgets || layers.length >= 10_000 ? [] : PEERS.map(({ way, isFiltered }) => (
      timed(() => way({ layers: isFiltered ? filtered : layers, budget }))
    )),
  }));
  const measured = {
    optimumMs: tailedSpread(turns.map(({ optimum }) => optimum.ms)),
    gap: tailedSpread(turns.map(({ optimum }) => optimum.allocation.gap!)),
    sliderMs: tailedSpread(turns.map(({ slider }) => slider.ms)),
    sliderGap: tailedSpread(turns.map(({ slider }) => slider.allocation.gap!)),
    frontMs: tailedSpread(turns.map(({ frontMs }) => frontMs)),
  };
  return {
    instance: name,
    curves,
    layers: layers.length,
    levels: layers[0].levels.length,
    budgets: turns.length,
    coldMs: cold.ms,
    ...measured,
    proved: turns.filter(({ optimum }) => optimum.allocation.proved).length,
    frontPoints: hullFront({ layers }).length,
    peers: peerResults(turns),
    goalMet: isMet(goal, measured),
  };
}

/** From 10 % to 95 % of what the levels reach. */
function randomBudgets(layers: readonly ProblemLayer[], count: number, seed: number): number[] {
  const prng = createPrng(seed, "budgets").next;
  const { most } = reachableInterval({ layers });
  return Array.from({ length: count }, () => Math.floor(most * (0.1 + 0.85 * prng())));
}

function peerResults(turns: readonly Turn[]): PeerResult[] {
  const run = turns.filter(({ peers }) => peers.length > 0);
  if (run.length === 0) return [];
  return PEERS.map(({ peer }, which) => ({
    peer,
    ms: tailedSpread(run.map(({ peers }) => peers[which].ms)),
    timeRatio: tailedSpread(run.map(({ peers, optimum }) => peers[which].ms / optimum.ms)),
    excess: tailedSpread(run.map(({ peers, optimum }) => (
      relativeGap(peers[which].allocation.distortion, optimum.allocation.distortion)
    ))),
  }));
}

function isMet(
  goal: Goal,
  { optimumMs, gap, sliderMs, frontMs }: Pick<AllocateResult, "optimumMs" | "gap" | "sliderMs" | "frontMs">,
): boolean {
  const { slider = Infinity, front = Infinity } = goal;
  return optimumMs.median <= goal.median && optimumMs.p99 <= goal.p99 && gap.max <= goal.gap &&
    sliderMs.median <= slider && frontMs.median <= front;
}

function timed(call: () => Allocation): Timed {
  let allocation: Allocation;
  const ms = milliseconds(() => allocation = call());
  return { ms, allocation: allocation! };
}

function milliseconds(call: () => unknown): number {
  const began = performance.now();
  call();
  return performance.now() - began;
}

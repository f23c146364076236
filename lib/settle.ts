/** Beyond the paper: settles an allocation by curves measured around it, all other layers pruned as it says. */
import { allocate } from "./allocate.ts";
import type { ProblemLayer } from "./allocation.ts";

/** A layer as the search sees it. */
export interface SettleLayer {
  readonly name: string;
  readonly weights: number;
  /** Weights that are pruned already and stay so. @default 0 */
  readonly floor?: number;
  /** Weights that the allocation prunes; at least `floor`. */
  readonly pruned: number;
}

export interface SettleOptions {
  /** The true distortion of the whole network with so many weights of each layer pruned; finite. */
  readonly measure: (counts: readonly number[]) => Promise<number>;
  /** Times that curves are measured around the allocation; an integer of at least 1. */
  readonly rounds: number;
  /** Largest relative change of the weights that a layer keeps, in (0, 1). @default 0.3 */
  readonly reach?: number;
  /** Measurements done and at most to do. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One try. */
export interface SettleStep {
  readonly reach: number;
  /** What the curves around the present allocation promise, and what it is. */
  readonly predicted: number;
  readonly real: number;
  readonly isTaken: boolean;
}

export interface Settled {
  /** Weights to prune in each layer; together at least as many as before. */
  readonly counts: readonly number[];
  readonly distortion: { readonly before: number; readonly after: number };
  readonly steps: readonly SettleStep[];
}

/** Shares of the reach at which a layer's curve is measured, in both directions. */
const SHARES = [-1, -0.5, 0.5, 1];

/**
 * Moves pruning between layers as long as the network's true distortion falls.
 *
 * Eq. 2 adds up what each layer costs in a network that is otherwise dense. Here a layer's curve is measured where it
 * will be used, with every other layer pruned, at four sparsities around the present one; allocating on these curves
 * (Eqs. 9–12) within that reach is one step, taken only if the distortion of the whole falls. Where it does not, half
 * the reach is tried on the same curves, and kept. So interactions between layers count, to the first order.
 *
 * Departs from the paper, which measures curves once in each round. Cost: 4 l + 2 measurements a round. Deterministic
 * where `measure` is.
 *
 * @throws {RangeError} If an option is out of range, or a measured distortion is not finite (layer named).
 */
export async function settleAllocation(
  layers: readonly SettleLayer[],
  options: SettleOptions,
): Promise<Settled> {
  const { rounds, measure } = options;
  let reach = options.reach ?? 0.3;
  checkOptions(layers, rounds, reach);
  const total = 1 + rounds * (SHARES.length * layers.length + 2);
  let done = 0;
  const distortionOf = async (counts: readonly number[], place: string) => {
    const value = await measure(counts);
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot settle the allocation: the distortion ${place} must be finite, got ${value}`,
      );
    }
    options.onProgress?.(++done, total);
    return value;
  };
  let counts = layers.map(({ pruned }) => pruned);
  const budget = sumOf(counts);
  const before = await distortionOf(counts, "of the whole network");
  let present = before;
  const steps: SettleStep[] = [];
  for (let round = 0; round < rounds; round++) {
    const curves: Change[][] = [];
    for (const [i, layer] of layers.entries()) {
      const changes: Change[] = [{ pruned: counts[i], share: 0, rise: 0 }];
      for (const { pruned, share } of candidatesOf(layer, counts[i], reach)) {
        const distortion = await distortionOf(counts.with(i, pruned), `around layer ${layer.name}`);
        changes.push({ pruned, share, rise: distortion - present });
      }
      curves.push(changes.sort((a, b) => a.pruned - b.pruned));
    }
    for (const share of [1, 0.5]) {
      const { next, rise } = allocateWithin(layers, curves, { budget, share });
      const real = await distortionOf(next, "of the whole network");
      const isTaken = real < present;
      steps.push({ reach: share * reach, predicted: present + rise, real, isTaken });
      if (isTaken) {
        [counts, present] = [next, real];
        break;
      }
      if (share === 0.5) reach /= 2;
    }
  }
  options.onProgress?.(total, total);
  return { counts, distortion: { before, after: present }, steps };
}

/** A point of a layer's curve around the allocation. */
interface Change {
  readonly pruned: number;
  /** Of the reach, signed. */
  readonly share: number;
  /** Of the whole network's distortion. */
  readonly rise: number;
}

/** Counts that differ from the present one, each once. */
function candidatesOf(
  { weights, floor = 0 }: SettleLayer,
  present: number,
  reach: number,
): { pruned: number; share: number }[] {
  const seen = new Set([present]);
  return SHARES.flatMap((share) => {
    const kept = Math.round((weights - present) * (1 + share * reach));
    const pruned = Math.min(weights, Math.max(floor, weights - kept));
    if (seen.has(pruned)) return [];
    seen.add(pruned);
    return [{ pruned, share }];
  });
}

/** The best sum of rises over changes of at most that share of the reach. */
function allocateWithin(
  layers: readonly SettleLayer[],
  curves: readonly (readonly Change[])[],
  { budget, share }: { readonly budget: number; readonly share: number },
): { next: number[]; rise: number } {
  const open = curves.map((changes) => changes.filter((change) => Math.abs(change.share) <= share));
  const lowest = open.map((changes) => Math.min(...changes.map(({ rise }) => rise)));
  const problem = layers.map(({ name, weights }, i): ProblemLayer => {
    const isDenseOpen = open[i][0].pruned === 0;
    const levels = open[i].map(({ pruned }) => pruned / weights);
    const distortion = open[i].map(({ rise }) => rise - lowest[i]); // a constant moves no optimum
    return {
      name,
      weightCount: weights,
      levels: isDenseOpen ? levels : [0, ...levels],
      distortion: isDenseOpen ? distortion : [Infinity, ...distortion],
    };
  });
  const { layers: chosen, distortion } = allocate({ layers: problem, budget });
  return { next: chosen.map(({ pruned }) => pruned), rise: distortion + sumOf(lowest) };
}

function checkOptions(layers: readonly SettleLayer[], rounds: number, reach: number): void {
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError(
      `Cannot settle the allocation: rounds must be an integer of at least 1, got ${rounds}`,
    );
  }
  if (!(reach > 0 && reach < 1)) {
    throw new RangeError(`Cannot settle the allocation: the reach must lie in (0, 1), got ${reach}`);
  }
  for (const { name, weights, pruned, floor = 0 } of layers) {
    if (!(Number.isSafeInteger(pruned) && pruned >= floor && pruned <= weights)) {
      throw new RangeError(
        `Cannot settle the allocation: layer ${name} must prune an integer in [${floor}, ${weights}], got ${pruned}`,
      );
    }
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

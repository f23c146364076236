/** What layers cost at each level, in whole units: the tables that an allocation can be limited by. */

import { type CostTable, prunedAtLevel } from "./allocation.ts";
import { sparseSize } from "./sparse_size.ts";

/** What a curves file knows of a layer. */
export interface CostedLayer {
  readonly name: string;
  readonly weights: number;
  /** Multiply–accumulates for one input. */
  readonly macs: number;
}

/** Measured times: milliseconds of each layer at some levels of its own sparsity. */
export interface TimeTable {
  /** Ascending from 0. */
  readonly levels: readonly number[];
  readonly layers: readonly { readonly name: string; readonly milliseconds: readonly number[] }[];
}

/** Multiply–accumulates that a layer has left; each weight is used equally often, so their share is its own. */
export function layerMacs({ weights, macs }: CostedLayer, pruned: number): number {
  const uses = macs / weights;
  return Number.isInteger(uses)
    ? uses * (weights - pruned)
    : Math.ceil(macs * ((weights - pruned) / weights));
}

/** Bytes of a layer's weights in the compact sparse file, see {@linkcode sparseSize}. */
export function layerBytes({ weights }: CostedLayer, pruned: number): number {
  return sparseSize(weights, pruned).bytes;
}

/** Weights left. */
export function weightCosts(layers: readonly CostedLayer[], levels: readonly number[]): CostTable {
  return tableOf("weights", layers, levels, ({ weights }, pruned) => weights - pruned);
}

/** Multiply–accumulates left, rounded up: {@linkcode layerMacs}. */
export function macCosts(layers: readonly CostedLayer[], levels: readonly number[]): CostTable {
  return tableOf("macs", layers, levels, layerMacs);
}

/**
 * Bytes of the layer's weights in the compact sparse file, float32 values and their places: {@linkcode sparseSize}.
 *
 * The file's header, biases and batch norms come on top; they do not depend on the levels.
 */
export function byteCosts(layers: readonly CostedLayer[], levels: readonly number[]): CostTable {
  return tableOf("bytes", layers, levels, layerBytes);
}

/**
 * Measured time, linear between the table's levels, in whole nanoseconds rounded up.
 *
 * @throws {RangeError} If a time is missing, negative or not finite, or the table ends below a level of the curves.
 * @throws {TypeError} If a layer has not one time per level.
 */
export function timeCosts(
  layers: readonly CostedLayer[],
  levels: readonly number[],
  times: TimeTable,
): CostTable {
  const byName = new Map(times.layers.map(({ name, milliseconds }) => [name, milliseconds]));
  const last = times.levels[times.levels.length - 1];
  const top = levels[levels.length - 1];
  if (!(times.levels[0] === 0 && last >= top)) {
    throw new RangeError(
      `Cannot use the times: their levels must reach from 0 to ${top} as the curves' do, current ends are ${
        times.levels[0]
      } and ${last}`,
    );
  }
  const cost = layers.map(({ name }) => {
    const milliseconds = byName.get(name);
    if (milliseconds === undefined) {
      throw new RangeError(
        `Cannot use the times: layer ${name} must be in the table, current value is undefined`,
      );
    }
    if (milliseconds.length !== times.levels.length) {
      throw new TypeError(
        `Cannot use the times: layer ${name} must have one time per level, current lengths are ${milliseconds.length} and ${times.levels.length}`,
      );
    }
    const bad = milliseconds.findIndex((value) => !(value >= 0 && value < Infinity));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot use the times: those of layer ${name} must be finite and at least 0, current value at index ${bad} is ${
          milliseconds[bad]
        }`,
      );
    }
    return levels.map((level) => Math.ceil(1e6 * interpolate(times.levels, milliseconds, level)));
  });
  return { name: "nanoseconds", cost };
}

function tableOf(
  name: string,
  layers: readonly CostedLayer[],
  levels: readonly number[],
  costOf: (layer: CostedLayer, pruned: number) => number,
): CostTable {
  const cost = layers.map((layer) =>
    levels.map((level) => costOf(layer, prunedAtLevel(level, layer.weights)))
  );
  return { name, cost };
}

/** The straight line between the two neighbours of x; `xs` ascends and reaches x. */
function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const right = xs.findIndex((value) => value >= x);
  if (xs[right] === x) return ys[right];
  const share = (x - xs[right - 1]) / (xs[right] - xs[right - 1]);
  return (1 - share) * ys[right - 1] + share * ys[right];
}

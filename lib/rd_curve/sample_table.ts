/** Per-sample distortions by layer and level, measured when they are first asked for. */
import { type Statistic, statisticOf, type StatisticOptions } from "../distortion.ts";
import { prunedAtLevel } from "../allocation.ts";
import type { CurveLayer } from "./layers.ts";
import type { Meter } from "./meter.ts";

/** Which levels of which layers; by layer index, indices into the table's levels. */
export type LevelChoice = readonly (readonly number[])[];

export interface SampleTable {
  readonly layers: readonly CurveLayer[];
  readonly levels: readonly number[];
  readonly samples: number;
  /** Measures what is chosen and neither known nor measured yet. */
  require(choice: LevelChoice): Promise<void>;
  /** Whether a level's distortion is at hand: measured, or 0 because the level prunes only weights that are 0. */
  has(layer: number, level: number): boolean;
  /** Per-sample distortions, [N]. */
  row(layer: number, level: number): Float32Array;
  /** One statistic of a level at hand; exactly 0 where nothing is pruned. */
  value(layer: number, level: number, statistic: Statistic): number;
  /** ‖f‖² per sample, [N]. */
  norms(layer: number): ArrayLike<number>;
  /** Measured pairs of layer and pruned count so far. */
  measured(): number;
}

/**
 * An empty table over a meter.
 *
 * Levels of a small layer that prune equally many weights share one measurement; levels at or below the layer's present
 * sparsity are known to be 0 and cost none.
 */
export function createSampleTable(
  meter: Meter,
  levels: readonly number[],
  options: Pick<StatisticOptions, "quantile"> = {},
): SampleTable {
  const { layers, samples } = meter;
  const rows = layers.map(() => new Map<number, Float32Array>());
  const norms = layers.map((): ArrayLike<number> => new Float32Array(samples).fill(1));
  const zero = new Float32Array(samples);
  const values = new Map<string, number>();
  const countAt = (layer: number, level: number) => prunedAtLevel(levels[level], layers[layer].weights);
  const isKnown = (layer: number, level: number) => countAt(layer, level) <= layers[layer].zeros;

  const table: SampleTable = {
    layers,
    levels,
    samples,
    async require(choice) {
      const missing = layers.map((_, i) => {
        const counts = choice[i].filter((j) => !table.has(i, j)).map((j) => countAt(i, j));
        return [...new Set(counts)].sort((a, b) => a - b);
      });
      if (missing.every((counts) => counts.length === 0)) return;
      const wanted = layers.map(({ name }, i) => [name, missing[i]] as const);
      const measured = await meter.measure(new Map(wanted.filter(([, counts]) => counts.length > 0)));
      layers.forEach(({ name }, i) => {
        const part = measured.get(name);
        if (part === undefined) return;
        norms[i] = part.norms;
        missing[i].forEach((count, j) => {
          rows[i].set(count, part.distances.subarray(j * samples, (j + 1) * samples));
        });
      });
    },
    has: (layer, level) => isKnown(layer, level) || rows[layer].has(countAt(layer, level)),
    row(layer, level) {
      if (isKnown(layer, level)) return zero;
      const row = rows[layer].get(countAt(layer, level));
      if (row === undefined) {
        throw new RangeError(
          `Cannot read layer ${layers[layer].name} at level ${levels[level]}: it must be measured, it is not`,
        );
      }
      return row;
    },
    value(layer, level, statistic) {
      if (isKnown(layer, level)) return 0;
      const key = `${layer} ${countAt(layer, level)} ${statistic}`;
      let value = values.get(key);
      if (value === undefined) {
        const how = { ...options, norms: norms[layer] };
        values.set(key, value = statisticOf(table.row(layer, level), statistic, how));
      }
      return value;
    },
    norms: (layer) => norms[layer],
    measured: () => rows.reduce((sum, { size }) => sum + size, 0),
  };
  return table;
}

/** What measuring a network's curves takes, in multiply–accumulates: the paper's l · S · N passes, and what is left of them. */
import type { CurvesFile } from "../rd_files.ts";
import type { Cell, Table } from "../tables.ts";

/** Multiply–accumulates for all curves. */
export interface CurveWork {
  /** A whole pass for each layer, level and input (section 4.6). */
  readonly passes: number;
  /** From the pruned layer on: what lies before it is kept (prefix reuse). */
  readonly suffixes: number;
  /** That, for the levels that were measured, others interpolated. */
  readonly measured: number;
}

/**
 * Counts convolutions and linear layers; level 0 costs nothing. A residual branch beside the layer counts as after it.
 *
 * @param curves Layers in forward order.
 */
export function curveWork({ layers, levels, samples }: CurvesFile): CurveWork {
  const all = levels.length - 1;
  const whole = layers.reduce((sum, { macs }) => sum + macs, 0);
  let after = whole;
  let [suffixes, measured] = [0, 0];
  for (const { macs, knots } of layers) {
    suffixes += after * all;
    measured += after * (knots === undefined ? all : knots.filter((knot) => knot > 0).length);
    after -= macs;
  }
  return {
    passes: samples * layers.length * all * whole,
    suffixes: samples * suffixes,
    measured: samples * measured,
  };
}

/** One line for each curves file: what it takes as the paper counts, what is left of that, and the time it took. */
export function curveWorkTable(
  files: readonly { readonly name: string; readonly curves: CurvesFile }[],
): Table {
  const share = { unit: "%", digits: 1 };
  return {
    caption: "Work for all curves of a network, and the time it took",
    columns: [
      { name: "curves" },
      { name: "layers", digits: 0 },
      { name: "S", digits: 0 },
      { name: "N", digits: 0 },
      { name: "l · S · N", unit: "10¹² MACs" },
      { name: "from the layer on", ...share },
      { name: "levels measured", ...share },
      { name: "time", unit: "s", digits: 1 },
      { name: "processes on", align: "right" },
    ],
    rows: files.map(({ name, curves }): Cell[] => {
      const { passes, suffixes, measured } = curveWork(curves);
      const { seconds, workers, processor } = curves.provenance as Readonly<Record<string, unknown>>;
      return [
        ...[name, curves.layers.length, curves.levels.length - 1, curves.samples, passes / 1e12],
        ...[suffixes / passes, measured / passes],
        typeof seconds === "number" ? seconds : null,
        typeof processor === "string" ? `${workers ?? 1} on ${processor.split(" (")[0]}` : null,
      ];
    }),
  };
}

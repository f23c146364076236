/** Fits of Eq. 2, group by group. */
import type { AdditivityPoint } from "../additivity_fit.ts";
import { fitAdditivity } from "../additivity_fit.ts";
import type { Prng } from "../prng.ts";
import { medianOf } from "../quantiles.ts";
import type { Cell, Table } from "../tables.ts";

/**
 * One line per group: slope, R² and τ of {@linkcode fitAdditivity} with their intervals, and the median of
 * real / predicted, which no single large distortion decides.
 *
 * @throws {RangeError} If a group has fewer than three points, or one that predicts 0.
 */
export function additivityFitsTable(
  groups: readonly { readonly name: string; readonly points: readonly AdditivityPoint[] }[],
  { prng, caption = "Fits of real against predicted distortion, 95 % bootstrap intervals" }: {
    readonly prng: Prng;
    readonly caption?: string;
  },
): Table {
  const rows = groups.map(({ name, points }): Cell[] => {
    const { slope, r2, tau } = fitAdditivity(points, { prng });
    const ratio = medianOf(points.map(({ predicted, real }) => real / predicted));
    return [
      name,
      points.length,
      ratio,
      ...[slope, r2, tau].flatMap(({ value, interval }) => [value, ...interval].map(finite)),
    ];
  });
  const estimate = (name: string) =>
    [name, `${name}, from`, `${name}, to`].map((heading) => ({ name: heading, digits: 2 }));
  return {
    caption,
    columns: [
      { name: "group" },
      { name: "points", digits: 0 },
      { name: "median real / predicted", digits: 2 },
      ...["slope", "R²", "Kendall’s τ"].flatMap(estimate),
    ],
    rows,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

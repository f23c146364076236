/** What every budget costs: the optimum over all budgets, and where single allocations lie above it. */
import type { Cell } from "../tables.ts";
import { formatNumber, formatPercent, formatShort } from "../tables/format.ts";
import { logAxisWithZero, shareAxis } from "./axes.ts";
import type { Axis, Figure, ScatterTrace } from "./figure.ts";
import { DENSE_STYLE, layout, methodStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/** Weights pruned and the summed distortion they cost, logits squared. */
export interface FrontPlace {
  readonly pruned: number;
  readonly distortion: number;
}

export interface FrontParts {
  readonly title: string;
  readonly subtitle?: string;
  /** Weights of the network: turns pruned weights to sparsity. */
  readonly total: number;
  /** Corners of the lower hull, by rising number of pruned weights. */
  readonly front: readonly FrontPlace[];
  /** Every allocation there is, where there are few. */
  readonly cloud?: readonly FrontPlace[];
  /** Allocations to compare, joined by a line where there are several. */
  readonly marks?: readonly {
    readonly method: string;
    readonly name?: string;
    readonly places: readonly FrontPlace[];
  }[];
  /** Weights to prune: a line upwards. */
  readonly budget?: number;
  /** @default "log" */
  readonly scale?: "log" | "linear";
}

/**
 * Distortion against sparsity: the front as a line, all allocations as pale dots, chosen ones in their method's style.
 *
 * @throws {RangeError} If the front is empty, or a mark has no place.
 */
export function frontChart(parts: FrontParts): Figure {
  const { title, subtitle, total, front, cloud = [], marks = [], budget, scale = "log" } = parts;
  if (front.length === 0) {
    throw new RangeError("Cannot draw the front: it must have at least one point, current count is 0");
  }
  for (const { method, name = methodStyle(method).name, places } of marks) {
    if (places.length > 0) continue;
    throw new RangeError(`Cannot draw the front: ${name} must have at least one place, current count is 0`);
  }
  const all = [...front, ...cloud, ...marks.flatMap(({ places }) => places)];
  const { axis, at } = distortionAxis(all.map(({ distortion }) => distortion), scale);
  const place = (places: readonly FrontPlace[]) => ({
    x: places.map(({ pruned }) => pruned / total),
    y: places.map(({ distortion }) => at(distortion)),
  });
  const hover = "sparsity %{x:.1%}<br>distortion %{y:.3~g}";
  const { colour } = methodStyle("ours");
  const data: ScatterTrace[] = [];
  if (cloud.length > 0) {
    data.push({
      type: "scatter",
      mode: "markers",
      name: `All ${formatNumber(cloud.length)} allocations`,
      ...place(cloud),
      marker: { color: "#9AA5B1", size: 6, symbol: "circle-open", line: { color: "#9AA5B1", width: 1.25 } },
      hovertemplate: hover,
    });
  }
  data.push({
    type: "scatter",
    mode: front.length > 40 ? "lines" : "lines+markers",
    name: "Lower hull",
    ...place(front),
    line: { color: colour, width: 1.75 },
    marker: { color: colour, size: 5 },
    hovertemplate: hover,
  });
  for (const { method, name = methodStyle(method).name, places } of marks) {
    const style = methodStyle(method);
    data.push({
      type: "scatter",
      mode: places.length > 1 ? "lines+markers" : "markers",
      name: plotlyText(name),
      ...place(places),
      line: { color: style.colour, width: 1.25, dash: style.dash },
      marker: { color: style.colour, size: 10, symbol: style.symbol },
      hovertemplate: hover,
    });
  }
  const top = Math.max(...all.map(({ distortion }) => distortion));
  if (budget !== undefined) {
    data.push({
      type: "scatter",
      mode: "lines",
      name: `Budget: ${formatNumber(budget)} weights`,
      x: [budget / total, budget / total],
      y: [at(0), at(top)],
      line: { color: DENSE_STYLE.colour, width: 1.5, dash: "dash" },
      hoverinfo: "skip",
    });
  }
  const sparsities = all.map(({ pruned }) => pruned / total);
  return {
    title,
    alt: `Line chart of the least distortion at every budget, ${front.length} corners up to ${
      formatShort(Math.max(...front.map(({ distortion }) => distortion)))
    } logits squared. ${marks.map(describe).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle,
      height: 440,
      legend: data.map(({ name = "" }) => name),
      xaxis: shareAxis("Sparsity of the network (% of weights pruned)", [
        Math.min(...sparsities),
        Math.max(...sparsities),
      ]),
      yaxis: axis,
    }),
    table: {
      caption: title,
      columns: [
        { name: "what" },
        { name: "sparsity", unit: "%", digits: 2 },
        { name: "pruned weights", digits: 0 },
        { name: "distortion", unit: "logits²" },
      ],
      rows: [
        ...[{ name: "lower hull", places: thinned(front) }],
        ...marks.map(({ method, name = methodStyle(method).name, places }) => ({ name, places })),
        ...(cloud.length > 0 ? [{ name: "all", places: cloud }] : []),
      ].flatMap(({ name, places }) =>
        places.map(({ pruned, distortion }): Cell[] => [name, pruned / total, pruned, distortion])
      ),
    },
  };

  function describe(
    { method, name = methodStyle(method).name, places }: NonNullable<FrontParts["marks"]>[number],
  ): string {
    const last = places[places.length - 1];
    return `${name} costs ${formatShort(last.distortion)} at ${formatPercent(last.pruned / total)}.`;
  }
}

/** A table of thousands of corners helps nobody: about a hundred, ends included. */
function thinned(front: readonly FrontPlace[]): readonly FrontPlace[] {
  const step = Math.ceil(front.length / 100);
  return front.filter((_, i) => i % step === 0 || i === front.length - 1);
}

function distortionAxis(
  values: readonly number[],
  scale: "log" | "linear",
): { axis: Axis; at: (distortion: number) => number } {
  const title = { text: "Summed distortion (logits²)" };
  if (scale === "linear") {
    const top = Math.max(...values) || 1;
    return { axis: { title, type: "linear", range: [-0.04 * top, 1.06 * top] }, at: (value) => value };
  }
  const { axis, zeroAt } = logAxisWithZero(values);
  return { axis: { title, ...axis }, at: (value) => value > 0 ? value : zeroAt };
}

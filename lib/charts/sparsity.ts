/** Sparsity per layer: the paper's Fig. 3. */
import type { Allocation } from "../allocation.ts";
import { allocationNames, allocationTable, sameLayers } from "../tables/build.ts";
import { formatPercent } from "../tables/format.ts";
import { pale } from "./colour.ts";
import type { BarTrace, Figure, ScatterTrace } from "./figure.ts";
import { layout, type MethodStyle, methodStyle, nextSymbol, seriesStyle } from "./style.ts";
import { plotlyText, tickNames } from "./text.ts";

type Shown = Pick<Allocation, "method" | "sparsity" | "layers">;

/** So many methods still fit side by side as bars; more are drawn as lines. */
const MOST_BARS = 2;

/**
 * Sparsity of each layer under several allocations: bars for one or two, lines for more.
 *
 * The same method at several sparsities gets one colour in four shades, and another marker where these end.
 *
 * @param allocations At least one; all over the same layers.
 * @param options Names tell variants of one method apart, each in a style of its own; else it is the method's.
 * @throws {TypeError} If they differ in their layers.
 */
export function sparsityChart(
  allocations: readonly Shown[],
  options: { readonly names?: readonly string[] } = {},
): Figure {
  const names = options.names ?? allocationNames(allocations);
  const layers = tickNames(sameLayers(allocations).map(({ name }) => name));
  const isBars = allocations.length <= MOST_BARS;
  const trace = isBars ? bars : lines;
  const title = "Sparsity of each layer";
  return {
    title,
    alt: `${
      allocations.length <= MOST_BARS ? "Bar" : "Line"
    } chart of the sparsity of ${layers.length} layers. ${
      allocations.map((allocation, i) => describe(allocation, options.names?.[i])).join(" ")
    }`,
    data: allocations.map((allocation, i) =>
      trace(allocation, plotlyText(names[i]), layers, {
        style: options.names ? seriesStyle(i) : methodStyle(allocation.method),
        isMain: options.names ? i === 0 : allocation.method === "ours",
        rank: options.names ? 0 : rank(allocations, i),
      })
    ),
    layout: layout({
      title,
      subtitle: networkSparsity(allocations, options.names),
      height: 470,
      legend: names.map(plotlyText),
      barmode: "group",
      bargap: 0.25,
      bargroupgap: 0.05,
      hovermode: "x unified",
      xaxis: {
        title: { text: "Layer, first to last", standoff: 12 },
        type: "category",
        tickangle: -90,
        tickfont: { size: layers.length > 20 ? 10.5 : 12 },
      },
      yaxis: {
        title: { text: "Sparsity (% of weights pruned)" },
        type: "linear",
        range: [isBars ? 0 : floor(allocations), 1.02],
        tickformat: ".0%",
      },
    }),
    table: allocationTable(allocations, { names: options.names }),
  };
}

/** Where the axis of lines begins: bars must stand on 0, lines need not. */
function floor(allocations: readonly Shown[]): number {
  const least = Math.min(
    ...allocations.flatMap(({ layers }) => layers.map(({ pruned, weights }) => pruned / weights)),
  );
  return Math.max(0, Math.floor(10 * least - 0.2) / 10);
}

/** The whole network's sparsity under each allocation, once where they agree. */
function networkSparsity(allocations: readonly Shown[], names?: readonly string[]): string {
  const shares = allocations.map(({ sparsity }) => formatPercent(sparsity));
  const sparsities = allocations.map(({ sparsity }) => sparsity);
  if (new Set(shares).size === 1) return `Whole network: ${shares[0]} of the weights pruned`;
  if (allocations.length > 4) {
    return `Whole network: ${formatPercent(Math.min(...sparsities))} to ${
      formatPercent(Math.max(...sparsities))
    } pruned`;
  }
  return `Whole network: ${
    allocations.map(({ method }, i) => `${names?.[i] ?? methodStyle(method).name} ${shares[i]}`).join(" · ")
  }`;
}

/** How one allocation is drawn; `rank` counts the same method's before it. */
interface Look {
  readonly style: Omit<MethodStyle, "name">;
  readonly isMain: boolean;
  readonly rank: number;
}

function bars(
  { layers }: Shown,
  name: string,
  x: readonly string[],
  { style, isMain, rank }: Look,
): BarTrace {
  const { colour } = style;
  const isFilled = isMain && rank === 0; // solid beside hollow: told apart without colour
  return {
    type: "bar",
    name,
    x,
    y: layers.map(({ pruned, weights }) => pruned / weights),
    marker: { color: isFilled ? colour : pale(colour), line: { color: colour, width: 1 } },
    hovertemplate: "%{y:.1%}",
  };
}

function lines(
  { layers }: Shown,
  name: string,
  x: readonly string[],
  { style: { colour, dash, symbol }, isMain, rank }: Look,
): ScatterTrace {
  const shades = [colour, pale(colour, 0.7), pale(colour, 0.5), pale(colour, 0.35)];
  const shade = shades[rank % shades.length];
  // the others' lines are faint: many layers make many crossings
  return {
    type: "scatter",
    mode: "lines+markers",
    name,
    x,
    y: layers.map(({ pruned, weights }) => pruned / weights),
    line: { color: isMain ? shade : pale(colour, 0.45), width: isMain ? 2.25 : 1.25, dash },
    marker: { color: shade, size: 6, symbol: nextSymbol(symbol, Math.floor(rank / shades.length)) },
    hovertemplate: "%{y:.1%}",
  };
}

/** How many allocations of the same method come before. */
function rank(allocations: readonly Shown[], i: number): number {
  return allocations.slice(0, i).filter(({ method }) => method === allocations[i].method).length;
}

function describe({ method, sparsity, layers }: Shown, name = methodStyle(method).name): string {
  const sorted = [...layers].sort((a, b) => a.pruned / a.weights - b.pruned / b.weights);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]].map(
    (layer) => `${formatPercent(layer.pruned / layer.weights)} (${layer.name})`,
  );
  return `${name} at ${formatPercent(sparsity)} of the network: from ${least} to ${most}.`;
}

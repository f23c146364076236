/** Sparsity of each layer at several targets: the paper's Fig. 3, one panel a target. */
import type { Allocation } from "../allocation.ts";
import { allocationTable, sameLayers } from "../tables/build.ts";
import { formatPercent } from "../tables/format.ts";
import { pale } from "./colour.ts";
import type { Axis, BarTrace, Figure } from "./figure.ts";
import { layout, methodStyle } from "./style.ts";
import { plotlyText, tickNames } from "./text.ts";

/** The allocations of several methods at one target. */
export interface LayerPanel {
  readonly target: number;
  readonly allocations: readonly Pick<Allocation, "method" | "sparsity" | "layers">[];
}

/** A figure has no more axes. */
const MOST_PANELS = 3;

/**
 * Bars of every layer's sparsity side by side, a panel for each target, the lowest target at the bottom.
 *
 * @param panels One to three, of the same methods over the same layers.
 * @throws {RangeError} If there are none, or more.
 * @throws {TypeError} If the layers differ.
 */
export function layerPanelsChart(
  panels: readonly LayerPanel[],
  options: { readonly title?: string; readonly subtitle?: string } = {},
): Figure {
  if (panels.length === 0 || panels.length > MOST_PANELS) {
    throw new RangeError(
      `Cannot draw layers by target: there must be 1 to ${MOST_PANELS} targets, got ${panels.length}`,
    );
  }
  const all = panels.flatMap(({ allocations }) => allocations);
  const layers = tickNames(sameLayers(all).map(({ name }) => name));
  const { title = "Sparsity of each layer by target" } = options;
  const methods = [...new Set(all.map(({ method }) => method))];
  const { subtitle = `Whole network: ${panels.map(({ target }) => formatPercent(target)).join(" · ")}` } =
    options;
  const [first, second, third] = panels.map(({ target }, i) => panelAxis(target, i, panels.length));
  return {
    title,
    alt: `Bar charts of the sparsity of ${layers.length} layers, one for each of ${panels.length} targets. ${
      panels.map(describe).join(" ")
    }`,
    data: panels.flatMap(({ allocations }, panel) => allocations.map((allocation) => ({ allocation, panel })))
      .map(({ allocation, panel }, i) => {
        const hasKey = all.findIndex(({ method }) => method === allocation.method) === i;
        return bars(allocation, layers, { panel, hasKey });
      }),
    layout: layout({
      title,
      subtitle,
      height: 200 + 170 * panels.length,
      legend: methods.map((method) => plotlyText(methodStyle(method).name)),
      barmode: "group",
      bargap: 0.25,
      bargroupgap: 0.05,
      xaxis: {
        title: { text: "Layer, first to last", standoff: 12 },
        type: "category",
        tickangle: -90,
        tickfont: { size: layers.length > 20 ? 10.5 : 12 },
        anchor: "y",
      },
      yaxis: first,
      yaxis2: second,
      yaxis3: third,
    }),
    table: allocationTable(all, { caption: title }),
  };
}

function panelAxis(target: number, i: number, count: number): Axis {
  const gap = 0.06;
  const height = (1 - gap * (count - 1)) / count;
  const low = i * (height + gap);
  return {
    title: { text: `At ${formatPercent(target)} (%)` },
    type: "linear",
    range: [0, 1.04],
    tickformat: ".0%",
    domain: [low, Math.min(1, low + height)],
    anchor: "x",
  };
}

function bars(
  { method, layers }: LayerPanel["allocations"][number],
  x: readonly string[],
  { panel, hasKey }: { readonly panel: number; readonly hasKey: boolean },
): BarTrace {
  const { colour, name } = methodStyle(method);
  return {
    type: "bar",
    name: plotlyText(name),
    x,
    y: layers.map(({ pruned, weights }) => pruned / weights),
    yaxis: (["y", "y2", "y3"] as const)[panel],
    showlegend: hasKey,
    marker: { color: method === "ours" ? colour : pale(colour), line: { color: colour, width: 1 } },
    hovertemplate: "%{x}: %{y:.1%}",
  };
}

function describe({ target, allocations }: LayerPanel): string {
  const extremes = allocations.map(({ method, layers }) => {
    const shares = layers.map(({ pruned, weights }) => pruned / weights);
    return `${methodStyle(method).name} from ${formatPercent(Math.min(...shares))} to ${
      formatPercent(Math.max(...shares))
    }`;
  });
  return `At ${formatPercent(target)}: ${extremes.join(", ")}.`;
}

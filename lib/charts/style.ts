/** One look for all charts: a colour, dash and marker per method, and the layout they share. */
import type { Axis, Colorscale, Dash, Layout, MarkerSymbol } from "./figure.ts";
import { plotlyText } from "./text.ts";

/** How a method is named and drawn, in every chart and notebook. */
export interface MethodStyle {
  /** As the paper writes it. */
  readonly name: string;
  readonly colour: string;
  readonly dash: Dash;
  readonly symbol: MarkerSymbol;
}

/**
 * Methods by the name a user types; Okabe and Ito's colours, which colour-blind readers tell apart, less black and
 * yellow (unseen on dark and on white). Dash and marker differ too, for print without colour.
 */
export const METHOD_STYLES: Readonly<Record<string, MethodStyle>> = {
  ours: { name: "Ours", colour: "#0072B2", dash: "solid", symbol: "circle" },
  lamp: { name: "LAMP", colour: "#D55E00", dash: "dash", symbol: "square" },
  global: { name: "Global", colour: "#009E73", dash: "dashdot", symbol: "diamond" },
  uniform: { name: "Uniform", colour: "#7F7F7F", dash: "dot", symbol: "triangle-up" },
  "uniform+": { name: "Uniform+", colour: "#56B4E9", dash: "longdash", symbol: "triangle-down" },
  "er-kernel": { name: "E-R ker.", colour: "#CC79A7", dash: "longdashdot", symbol: "cross" },
  lazarevich: { name: "Lazarevich et al.", colour: "#E69F00", dash: "dash", symbol: "x" },
  surp: { name: "SuRP", colour: "#8C6BB1", dash: "dashdot", symbol: "pentagon" },
  dpf: { name: "DPF", colour: "#A6761D", dash: "dot", symbol: "star" },
  algorithm1: { name: "Algorithm 1", colour: "#882255", dash: "dash", symbol: "hexagon" },
  ternary: { name: "Ternary search", colour: "#44449E", dash: "longdash", symbol: "hourglass" },
  "single-layer": { name: "Single-layer", colour: "#4D4D4D", dash: "longdash", symbol: "bowtie" },
  "single-layer-relative": {
    name: "Single-layer, relative",
    colour: "#B07D48",
    dash: "dashdot",
    symbol: "hexagram",
  },
};

/** The style of a method; one that is not listed is grey and keeps its name. */
export function methodStyle(method: string): MethodStyle {
  if (Object.hasOwn(METHOD_STYLES, method)) return METHOD_STYLES[method];
  return { name: method, colour: "#6B7280", dash: "solid", symbol: "circle-open" };
}

/** A method's place among the known ones, in whose order legends and tables stand; others come last. */
export function methodPlace(method: string): number {
  const place = Object.keys(METHOD_STYLES).indexOf(method);
  return place < 0 ? Number.MAX_SAFE_INTEGER : place;
}

/** The style of the i-th of several things that are no methods: calibration sets, statistics, networks. */
export function seriesStyle(i: number): Omit<MethodStyle, "name"> {
  const style = SERIES_STYLES[i % SERIES_STYLES.length];
  return { ...style, symbol: nextSymbol(style.symbol, Math.floor(i / SERIES_STYLES.length)) };
}

/** Those that differ most come first. */
const SERIES_STYLES = [
  ...new Set([
    ...["ours", "lamp", "global", "er-kernel", "lazarevich", "uniform"],
    ...Object.keys(METHOD_STYLES),
  ]),
].map((method) => METHOD_STYLES[method]);

const SYMBOLS = Object.values(METHOD_STYLES).map(({ symbol }) => symbol);

/** The marker so many places after another: for lines that have a colour in common. */
export function nextSymbol(symbol: MarkerSymbol, places: number): MarkerSymbol {
  return places === 0 ? symbol : SYMBOLS[(SYMBOLS.indexOf(symbol) + places) % SYMBOLS.length];
}

/** The dense network: a reference line, not a rival. */
export const DENSE_STYLE = { name: "Dense", colour: "#6B7280", dash: "dot" } as const;

/** What values are compared with: the dense network, or no difference. */
export const REFERENCE_LINE = { color: DENSE_STYLE.colour, width: 1.5, dash: DENSE_STYLE.dash } as const;

export const INK = "#1F2933";
export const QUIET_INK = "#52606D";
export const GRID = "#E4E8ED";

/** Shallow to deep: viridis without its palest end, so that every line is seen on white and on dark. */
export const DEPTH_COLOURS: Colorscale = [
  [0, "#6B4FB3"],
  [0.25, "#3F6BA5"],
  [0.5, "#277F8E"],
  [0.75, "#1FA187"],
  [1, "#7BC440"],
];

export const FONT_FAMILY =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** What differs between the layouts of charts. */
export interface LayoutParts {
  /** Plain text, as is the subtitle. */
  readonly title: string;
  readonly subtitle?: string;
  readonly xaxis: Axis;
  /** Of panels to the right of the first: `xaxis2`, `xaxis3` … */
  readonly moreXAxes?: readonly Axis[];
  readonly yaxis: Axis;
  readonly yaxis2?: Axis;
  readonly yaxis3?: Axis;
  /** Pixels. @default {420} */
  readonly height?: number;
  /** Escaped, in order; without them there is no legend. */
  readonly legend?: readonly string[];
  readonly [option: string]: unknown;
}

/** Pixels of a layout's height: title and subtitle, and one line of the legend. */
export const HEADING_HEIGHT = 68;
export const LEGEND_ROW = 20;

/** The layout of every chart: white ground, quiet grid, title at the left, legend above the plot. */
export function layout(parts: LayoutParts): Layout {
  const {
    title,
    subtitle = "",
    xaxis,
    moreXAxes = [],
    yaxis,
    yaxis2,
    yaxis3,
    height = 420,
    legend = [],
    ...others
  } = parts;
  const room = HEADING_HEIGHT + (legend.length > 0 ? 10 : 4) + LEGEND_ROW * legendRows(legend);
  return {
    title: {
      text: `<b>${plotlyText(title)}</b>`,
      subtitle: { text: plotlyText(subtitle), font: { size: 13, color: QUIET_INK } },
      font: { size: 16, color: INK },
      x: 0,
      xref: "container",
      xanchor: "left",
      pad: { l: 12, t: 12 },
      y: 1,
      yref: "container",
      yanchor: "top",
      automargin: false,
    },
    font: { family: FONT_FAMILY, size: 13, color: INK },
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    height: height - HEADING_HEIGHT + room,
    autosize: true,
    margin: { l: 70, r: 20, t: room, b: 56 },
    showlegend: legend.length > 0,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: 12.5 } },
    hovermode: "closest",
    hoverlabel: { font: { family: FONT_FAMILY, size: 12.5 } },
    ...others,
    xaxis: { ...axis(xaxis), showgrid: false },
    ...Object.fromEntries(
      moreXAxes.map((each, i) => [`xaxis${i + 2}`, { ...axis(each), showgrid: false }]),
    ),
    yaxis: axis(yaxis),
    ...(yaxis2 ? { yaxis2: axis(yaxis2) } : {}),
    ...(yaxis3 ? { yaxis3: axis(yaxis3) } : {}),
  };
}

/** Lines that the legend takes at the usual width; plotly sets its entries in columns as wide as the widest. */
function legendRows(names: readonly string[]): number {
  const widest = Math.max(0, ...names.map((name) => name.length));
  const column = 50 + 7.5 * widest;
  const all = names.reduce((sum, name) => sum + 50 + 7.5 * name.length, 0);
  return names.length === 0 || all <= 600
    ? Math.min(1, names.length)
    : Math.ceil(names.length / Math.max(1, Math.floor(600 / column)));
}

function axis(parts: Axis): Axis {
  return { ...AXIS, ...parts, title: { standoff: 10, font: { size: 13 }, ...parts.title } };
}

const AXIS = {
  automargin: true,
  gridcolor: GRID,
  linecolor: "#9AA5B1",
  showline: true,
  zeroline: false,
  ticks: "outside",
  ticklen: 4,
  tickcolor: "#9AA5B1",
  tickfont: { size: 12 },
};

/** What a chart is: plotly's plain data, kept to what its scatter and bar traces share everywhere. */
import type { Table } from "../tables.ts";

/** A chart, ready to be drawn by plotly.js 3 or by `staticSvg`. */
export interface Figure {
  /** Plain text, as are `alt` and `table`; the labels within `data` and `layout` went through `plotlyText`. */
  readonly title: string;
  /** One or two sentences that say what is seen, with numbers. */
  readonly alt: string;
  readonly data: readonly Trace[];
  readonly layout: Layout;
  /** The numbers behind it. */
  readonly table: Table;
}

export type Trace = ScatterTrace | BarTrace;
export type Dash = "solid" | "dot" | "dash" | "longdash" | "dashdot" | "longdashdot";
export type MarkerSymbol =
  | "circle"
  | "circle-open"
  | "square"
  | "diamond"
  | "triangle-up"
  | "triangle-down"
  | "cross"
  | "x"
  | "pentagon"
  | "hexagon"
  | "hourglass"
  | "bowtie"
  | "hexagram"
  | "star";
export type Colorscale = readonly (readonly [number, string])[];
/** A place on an axis: a number, or the name of a category; null leaves a gap. */
export type Coordinate = number | string | null;

/** What all kinds of traces have. */
interface CommonTrace {
  readonly name?: string;
  readonly xaxis?: AxisReference<"x">;
  readonly yaxis?: AxisReference<"y">;
  readonly showlegend?: boolean;
  readonly hovertemplate?: string;
  readonly hoverinfo?: "skip";
  /** One per point, for the hover label. */
  readonly text?: readonly string[];
}

export interface ScatterTrace extends CommonTrace {
  readonly type: "scatter";
  readonly mode: "lines" | "markers" | "lines+markers";
  readonly x: readonly Coordinate[];
  readonly y: readonly Coordinate[];
  readonly line?: { readonly color: string; readonly width: number; readonly dash?: Dash };
  readonly marker?: {
    readonly color: string | readonly number[];
    readonly size: number;
    readonly symbol?: MarkerSymbol;
    readonly line?: { readonly color: string; readonly width: number };
    readonly colorscale?: Colorscale;
    readonly cmin?: number;
    readonly cmax?: number;
    readonly showscale?: boolean;
    readonly colorbar?: Colorbar;
  };
  readonly error_x?: ErrorBars;
  readonly error_y?: ErrorBars;
}

export interface ErrorBars {
  readonly type: "data";
  /** Upwards or to the right; the other way too where they are symmetric. */
  readonly array: readonly (number | null)[];
  /** @default true */
  readonly symmetric?: boolean;
  readonly arrayminus?: readonly (number | null)[];
  readonly color?: string;
  readonly thickness?: number;
  readonly width?: number;
}

export interface BarTrace extends CommonTrace {
  readonly type: "bar";
  readonly x: readonly Coordinate[];
  readonly y: readonly (number | null)[];
  readonly marker: {
    readonly color: string;
    readonly opacity?: number;
    readonly line?: { readonly color: string; readonly width: number };
  };
}

export interface Colorbar {
  readonly title: {
    readonly text: string;
    readonly side?: "right" | "top";
    readonly font?: { readonly size: number };
  };
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  readonly tickformat?: string;
  readonly thickness?: number;
  readonly outlinewidth?: number;
  readonly tickfont?: { readonly size: number };
  readonly xpad?: number;
}

type AxisReference<Letter extends string> = Letter | `${Letter}${2 | 3 | 4 | 5}`;

export interface Axis {
  readonly title: { readonly text: string; readonly [option: string]: unknown };
  readonly type: "linear" | "log" | "category";
  /** Ends of the axis; of a log axis their powers of ten, as plotly has it. */
  readonly range?: readonly [number, number];
  /** d3's: `.0%` and the like. */
  readonly tickformat?: string;
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  /** Share of the figure that the axis takes, from the left or from the bottom. */
  readonly domain?: readonly [number, number];
  readonly anchor?: string;
  readonly [option: string]: unknown;
}

export interface Layout {
  readonly title: {
    readonly text: string;
    readonly subtitle?: { readonly text: string; readonly [option: string]: unknown };
    readonly [option: string]: unknown;
  };
  readonly height: number;
  readonly xaxis: Axis;
  readonly xaxis2?: Axis;
  readonly xaxis3?: Axis;
  readonly xaxis4?: Axis;
  readonly xaxis5?: Axis;
  readonly yaxis: Axis;
  readonly yaxis2?: Axis;
  readonly yaxis3?: Axis;
  readonly showlegend?: boolean;
  readonly margin?: { readonly t: number; readonly [side: string]: number };
  readonly [option: string]: unknown;
}

/** Whether a value is a figure, as `show` asks. */
export function isFigure(value: unknown): value is Figure {
  const figure = value as Partial<Figure> | null;
  return typeof figure === "object" && figure !== null && typeof figure.title === "string" &&
    Array.isArray(figure.data) && typeof figure.layout === "object" && figure.layout !== null;
}

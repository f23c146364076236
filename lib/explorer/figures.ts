/** The explorer's two charts, drawn anew at each move: pure functions of an answer. */
import type { FrontPoint } from "../allocate.ts";
import { shareAxis } from "../charts/axes.ts";
import { type CurveKind, curveWords } from "../charts/curve_words.ts";
import type { Coordinate, Figure, ScatterTrace, Trace } from "../charts/figure.ts";
import { layout, methodStyle } from "../charts/style.ts";
import { plotlyText, tickNames } from "../charts/text.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import type { ExplorerLayer } from "./data.ts";
import type { Answer, ExplorerCost, MethodAnswer } from "./explore.ts";

/** What stands behind a percent sign. */
export const COST_NAMES: Readonly<Record<ExplorerCost, string>> = {
  weights: "weights",
  macs: "multiply–accumulates",
  bytes: "bytes of the sparse file",
};

/** Ours as bars, each rival as a marker on each layer's place. */
export function layerFigure(
  layers: readonly ExplorerLayer[],
  ours: MethodAnswer,
  rivals: readonly MethodAnswer[],
): Figure {
  const title = "Sparsity of each layer";
  const x = tickNames(layers.map(({ name }) => name));
  const shares = ({ pruned }: MethodAnswer) => pruned.map((count, i) => count / layers[i].weights);
  const { colour, name } = methodStyle("ours");
  const data: Trace[] = [
    { type: "bar", name, x, y: shares(ours), marker: { color: colour } },
    ...rivals.map((rival) => points(rival.method, x, shares(rival), "markers", x.length > 60 ? 5 : 7)),
  ];
  return {
    title,
    alt: [ours, ...rivals].map((answer) => describe(answer.method, shares(answer), layers)).join(" "),
    data,
    layout: layout({
      title,
      height: layers.length > 60 ? 430 : 400,
      legend: data.map((trace) => trace.name!),
      xaxis: { title: { text: "Layer, first to last" }, type: "category", tickangle: -90 },
      yaxis: {
        title: { text: "Sparsity (% of weights pruned)" },
        type: "linear",
        range: [0, 1.02],
        tickformat: ".0%",
      },
    }),
    table: { caption: title, columns: [], rows: [] },
  };
}

/** What every method would lose at every saving; the answer is marked. */
export function frontFigure(
  cost: ExplorerCost,
  dense: number,
  front: readonly FrontPoint[],
  rivalPoints: readonly (readonly MethodAnswer[])[],
  { ours, rivals }: Answer,
  kind: CurveKind = { statistic: "mean" },
): Figure {
  const title = `Predicted distortion by share of the ${COST_NAMES[cost]} saved`;
  const saved = ({ left }: MethodAnswer) => 1 - left[cost] / dense;
  const shown = rivals.filter((answer) => answer !== null);
  const lines = [
    frontLine(front, dense),
    ...rivalPoints.filter(({ length }) => length > 0).map((answers) =>
      line(answers[0].method, answers.map(saved), answers.map(({ distortion }) => distortion))
    ),
  ];
  const [low, high] = decades(lines.flatMap(({ y }) => y));
  const here = saved(ours);
  const data: Trace[] = [
    ...lines,
    {
      type: "scatter",
      mode: "lines",
      showlegend: false,
      x: [here, here],
      y: [10 ** low, 10 ** high],
      line: { color: "#6B7280", width: 1.25, dash: "dot" },
    },
    ...[ours, ...shown].map((answer): ScatterTrace => ({
      ...points(answer.method, [saved(answer)], [answer.distortion], "markers", 10),
      showlegend: false,
    })),
  ];
  return {
    title,
    alt: `Distortion, each at its own saving: ${
      [ours, ...shown].map((answer) =>
        `${methodStyle(answer.method).name} ${formatShort(answer.distortion)} at ${
          formatPercent(saved(answer))
        }`
      ).join(", ")
    }.`,
    data,
    layout: layout({
      title,
      height: 330,
      legend: lines.map((trace) => trace.name!),
      xaxis: shareAxis(`Share of the ${COST_NAMES[cost]} saved (%)`),
      yaxis: {
        title: { text: `Distortion (${curveWords(kind).unit})` },
        type: "log",
        range: [low, high],
      },
    }),
    table: { caption: title, columns: [], rows: [] },
  };
}

function points(
  method: string,
  x: readonly Coordinate[],
  y: readonly number[],
  mode: ScatterTrace["mode"],
  size: number,
): ScatterTrace {
  const { name, colour, symbol } = methodStyle(method);
  return { type: "scatter", mode, name: plotlyText(name), x, y, marker: { color: colour, size, symbol } };
}

function line(method: string, x: readonly number[], y: readonly number[]): ScatterTrace {
  const { colour, dash } = methodStyle(method);
  const width = method === "ours" ? 2.5 : 1.5;
  return { ...points(method, x, y, "lines", 0), line: { color: colour, width, dash } };
}

/** Ours, without points closer than a line can show. */
function frontLine(front: readonly FrontPoint[], dense: number): ScatterTrace {
  let drawn = -Infinity;
  const seen = front.filter(({ saved }, i) => {
    if (saved / dense - drawn < 1 / 400 && i < front.length - 1) return false;
    drawn = saved / dense;
    return true;
  });
  return line("ours", seen.map(({ saved }) => saved / dense), seen.map(({ distortion }) => distortion));
}

/** Powers of ten around the values, at most five decades from the top: the first savings cost next to nothing. */
function decades(values: readonly Coordinate[]): [number, number] {
  const powers = values.map((value) => Math.log10(Number(value))).filter(Number.isFinite);
  const high = Math.max(...powers) + 0.1;
  return [Math.max(Math.min(...powers), high - 5), high];
}

function describe(method: string, shares: readonly number[], layers: readonly ExplorerLayer[]): string {
  const at = (value: number) => layers[shares.indexOf(value)].name;
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  return `${methodStyle(method).name}: from ${formatPercent(least)} (${at(least)}) to ${
    formatPercent(most)
  } (${at(most)}).`;
}

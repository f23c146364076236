/** Several training runs over each other: accuracy, loss and learning rate by epoch. */
import { formatNumber, formatPercent, formatShort } from "../tables/format.ts";
import type { Cell } from "../tables.ts";
import { shareAxis } from "./axes.ts";
import type { Axis, Figure, ScatterTrace } from "./figure.ts";
import { layout, METHOD_STYLES } from "./style.ts";
import { plotlyText } from "./text.ts";
import type { Epoch } from "./training_log.ts";

/** A run and what it is called. */
export interface TrainingLog {
  readonly name: string;
  /** At least one; see `readTrainingLog`. */
  readonly epochs: readonly Epoch[];
}

/**
 * Test and training accuracy above, training loss in the middle, learning rate below (where a log holds it); one colour
 * per run. The table has each run's last values and its best epoch.
 *
 * @throws {RangeError} If there is no run.
 */
export function trainingLogsChart(logs: readonly TrainingLog[]): Figure {
  if (logs.length === 0) {
    throw new RangeError("Cannot draw training logs: there must be at least one, current count is 0");
  }
  const all = logs.flatMap(({ epochs }) => epochs);
  const rates = all.flatMap(({ learningRate }) => learningRate === null ? [] : [learningRate]);
  const accuracies = all.flatMap(({ testTop1, top1 }) => top1 === null ? [testTop1] : [testTop1, top1]);
  const numbers = all.map(({ epoch }) => epoch);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const panels = rates.length > 0 ? { rate: [0, 0.2], loss: [0.28, 0.56], top1: [0.64, 1] } as const : {
    rate: undefined,
    loss: [0, 0.42],
    top1: [0.5, 1],
  } as const;
  const fromZero = (title: string, values: readonly number[], domain: Axis["domain"]): Axis => ({
    title: { text: title },
    type: "linear",
    range: [0, 1.06 * Math.max(...values) || 1],
    domain,
    anchor: "x",
  });
  const title = logs.length === 1 ? `Training of ${logs[0].name}` : `${logs.length} training runs`;
  const data = logs.flatMap(runTraces);
  return {
    title,
    alt: `Line charts over up to ${last} epochs: top-1 accuracy, training loss` +
      `${rates.length > 0 ? " and learning rate" : ""}. ${logs.map(runSentence).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle: `Top-1 on ${imagesText(all)}: solid; on training images as they were seen, augmented: dashed`,
      height: rates.length > 0 ? 640 : 500,
      legend: data.filter(({ showlegend }) => showlegend !== false).map(({ name = "" }) => name),
      hovermode: "x unified",
      xaxis: {
        title: { text: "Epoch" },
        type: "linear",
        range: [first - 0.5, Math.max(last, first + 1) + 0.5],
        tickformat: "d",
      },
      yaxis: fromZero("Loss (nats)", all.map(({ loss }) => loss), panels.loss),
      yaxis2: {
        ...shareAxis("Top-1 (% of images)", [Math.min(...accuracies), Math.max(...accuracies)]),
        domain: panels.top1,
        anchor: "x",
      },
      ...(panels.rate ? { yaxis3: fromZero("Learning rate", rates, panels.rate) } : {}),
    }),
    table: {
      caption: "Last values, and the best epoch by test images",
      columns: [
        { name: "run" },
        { name: "epoch" },
        { name: "training loss", digits: 4 },
        { name: "training top-1", unit: "%", digits: 2 },
        { name: "test top-1", unit: "%", digits: 2 },
        { name: "test images", digits: 0 },
        { name: "best test top-1", unit: "%", digits: 2 },
        { name: "in epoch" },
        { name: "learning rate" },
      ],
      rows: logs.map(({ name, epochs }): Cell[] => {
        const { epoch, loss, top1, testTop1, samples, learningRate } = epochs[epochs.length - 1];
        const best = bestEpoch(epochs);
        return [name, epoch, loss, top1, testTop1, samples, best.testTop1, best.epoch, learningRate];
      }),
    },
  };
}

const COLOURS = Object.values(METHOD_STYLES).map(({ colour }) => colour);

/** The run's lines, of which the first stands in the legend for all. */
function runTraces({ name, epochs }: TrainingLog, i: number): ScatterTrace[] {
  const line = (
    of: "testTop1" | "top1" | "loss" | "learningRate",
    parts: Pick<ScatterTrace, "hovertemplate" | "yaxis" | "showlegend">,
    width: number,
  ): ScatterTrace => ({
    type: "scatter",
    mode: epochs.length > 40 ? "lines" : "lines+markers",
    name: plotlyText(name),
    x: epochs.map(({ epoch }) => epoch),
    y: epochs.map((epoch) => epoch[of]),
    line: { color: COLOURS[i % COLOURS.length], width, ...(of === "top1" ? { dash: "dash" } : {}) },
    marker: { color: COLOURS[i % COLOURS.length], size: 4 },
    ...parts,
  });
  const traces = [
    line("testTop1", { yaxis: "y2", hovertemplate: "test %{y:.2%}" }, 2.25),
    line("top1", { yaxis: "y2", hovertemplate: "training %{y:.2%}", showlegend: false }, 1.5),
    line("loss", { hovertemplate: "loss %{y:.3f}", showlegend: false }, 2),
    line("learningRate", { yaxis: "y3", hovertemplate: "rate %{y:.3~g}", showlegend: false }, 2),
  ];
  return traces.filter(({ y }) => y.some((value) => value !== null));
}

function runSentence({ name, epochs }: TrainingLog): string {
  const last = epochs[epochs.length - 1];
  const best = bestEpoch(epochs);
  const where = best.samples === last.samples ? "" : ` of ${imagesText([best])}`;
  return `${name}: ${formatPercent(last.testTop1, 2)} of ${
    imagesText([last])
  } after epoch ${last.epoch}, best ${
    formatPercent(best.testTop1, 2)
  }${where} in epoch ${best.epoch}, training loss ${formatShort(epochs[0].loss)} to ${
    formatShort(last.loss)
  }.`;
}

/** `10,000 test images`, or all the counts that there are. */
function imagesText(epochs: readonly Epoch[]): string {
  const counts = [...new Set(epochs.map(({ samples }) => samples ?? Infinity))].sort((a, b) => a - b);
  if (counts[0] === Infinity) return "test images";
  const names = counts.map((count) => count === Infinity ? "an unknown number of" : formatNumber(count));
  return `${names.join(" or ")} test images`;
}

/** The epoch of the highest accuracy, the first of equals, of those judged on the most test images. */
export function bestEpoch(epochs: readonly Epoch[]): Epoch {
  const most = Math.max(...epochs.map(({ samples }) => samples ?? 0));
  return epochs.filter(({ samples }) => (samples ?? 0) === most)
    .reduce((a, b) => b.testTop1 > a.testTop1 ? b : a);
}

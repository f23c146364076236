/** A training run, epoch by epoch. */
import { parseStrictJson } from "../strict_json.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { shareAxis } from "./axes.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { layout, METHOD_STYLES } from "./style.ts";

/** What the charts read of a line of the training log. */
export interface Epoch {
  readonly epoch: number;
  readonly loss: number;
  /** On the training images as they were seen, augmented. */
  readonly top1: number | null;
  readonly testTop1: number;
  /** Of the epoch's last step; null in logs of before it was written. */
  readonly learningRate: number | null;
}

/**
 * Test accuracy above, training loss below, per epoch.
 *
 * @param logLines Lines of JSON as `scripts/train.ts` writes them; empty ones are passed over.
 * @throws {SyntaxError} If a line is no JSON.
 * @throws {TypeError} If a line lacks epoch, loss or testTop1 as numbers.
 * @throws {RangeError} If there are no lines.
 */
export function trainingChart(logLines: readonly string[]): Figure {
  const epochs = readTrainingLog(logLines);
  const [first, last] = [epochs[0], epochs[epochs.length - 1]];
  const best = epochs.reduce((a, b) => b.testTop1 > a.testTop1 ? b : a);
  const x = epochs.map(({ epoch }) => epoch);
  const accuracies = epochs.flatMap(({ testTop1, top1 }) => top1 === null ? [testTop1] : [testTop1, top1]);
  const losses = epochs.map(({ loss }) => loss);
  const mode = epochs.length > 40 ? "lines" : "lines+markers";
  const { ours, lamp, uniform } = METHOD_STYLES;
  const title = "Training by epoch";
  const data: ScatterTrace[] = [
    {
      type: "scatter",
      mode,
      name: "Test accuracy",
      x,
      y: epochs.map(({ testTop1 }) => testTop1),
      yaxis: "y2",
      line: { color: ours.colour, width: 2.25 },
      marker: { color: ours.colour, size: 5 },
      hovertemplate: "%{y:.2%}",
    },
    {
      type: "scatter",
      mode: "lines",
      name: "Training accuracy (augmented)",
      x,
      y: epochs.map(({ top1 }) => top1),
      yaxis: "y2",
      line: { color: uniform.colour, width: 1.5, dash: "dash" },
      hovertemplate: "%{y:.2%}",
    },
    {
      type: "scatter",
      mode,
      name: "Training loss",
      x,
      y: losses,
      line: { color: lamp.colour, width: 2 },
      marker: { color: lamp.colour, size: 5, symbol: "square" },
      hovertemplate: "%{y:.3f}",
    },
  ];
  return {
    title,
    alt:
      `Two line charts over ${epochs.length} epochs. Top-1 accuracy on the test images rises from ${
        formatPercent(first.testTop1)
      } to ${formatPercent(last.testTop1, 2)}, best ${
        formatPercent(best.testTop1, 2)
      } in epoch ${best.epoch}; the ` +
      `training loss goes from ${formatShort(first.loss)} to ${formatShort(last.loss)}.`,
    data,
    layout: layout({
      title,
      subtitle: `Test top-1 after epoch ${last.epoch}: ${formatPercent(last.testTop1, 2)}`,
      height: 500,
      legend: data.map(({ name = "" }) => name),
      hovermode: "x unified",
      xaxis: {
        title: { text: "Epoch" },
        type: "linear",
        range: [first.epoch - 0.5, Math.max(last.epoch, first.epoch + 1) + 0.5],
        tickformat: "d",
      },
      yaxis: {
        title: { text: "Loss (nats)" },
        type: "linear",
        range: [0, 1.06 * Math.max(...losses) || 1],
        domain: [0, 0.42],
      },
      yaxis2: {
        ...shareAxis("Top-1 (% of images)", [Math.min(...accuracies), Math.max(...accuracies)]),
        domain: [0.5, 1],
        anchor: "x",
      },
    }),
    table: {
      caption: title,
      columns: [
        { name: "epoch" },
        { name: "training loss", digits: 4 },
        { name: "training top-1", unit: "%", digits: 2 },
        { name: "test top-1", unit: "%", digits: 2 },
      ],
      rows: epochs.map(({ epoch, loss, top1, testTop1 }) => [epoch, loss, top1, testTop1]),
    },
  };
}

/**
 * Reads a training log.
 *
 * @param logLines As {@linkcode trainingChart} takes them.
 * @param name What the log is called in messages.
 * @throws As {@linkcode trainingChart}.
 */
export function readTrainingLog(logLines: readonly string[], name = "the training log"): Epoch[] {
  const epochs = logLines.map((line, i) => ({ line, from: `line ${i + 1} of ${name}` }))
    .filter(({ line }) => line.trim() !== "").map(readEpoch);
  if (epochs.length === 0) {
    throw new RangeError(`Cannot draw ${name}: it must have at least one line, current count is 0`);
  }
  return epochs;
}

function readEpoch({ line, from }: { line: string; from: string }): Epoch {
  const entry = parseStrictJson(line, from) as Record<string, unknown> | null;
  const number = (field: string): number => {
    const value = entry?.[field];
    if (typeof value === "number") return value;
    throw new TypeError(
      `Cannot read ${from}: ${field} must be a number, current value is ${JSON.stringify(value)}`,
    );
  };
  const optional = (field: string): number | null => {
    const value = entry?.[field];
    return typeof value === "number" ? value : null;
  };
  return {
    epoch: number("epoch"),
    loss: number("loss"),
    top1: optional("top1"),
    testTop1: number("testTop1"),
    learningRate: optional("learningRate"),
  };
}

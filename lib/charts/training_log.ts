/** A training log, as the charts read it. */
import { parseStrictJson } from "../strict_json.ts";

/** What the charts read of a line of the training log. */
export interface Epoch {
  readonly epoch: number;
  readonly loss: number;
  /** On the training images as they were seen, augmented. */
  readonly top1: number | null;
  readonly testTop1: number;
  /** Test images judged; null in logs that do not tell. */
  readonly samples: number | null;
  /** Of the epoch's last step; null in logs of before it was written. */
  readonly learningRate: number | null;
}

/**
 * Reads a training log.
 *
 * @param logLines Lines of JSON as `scripts/train.ts` writes them; empty ones are passed over.
 * @param name What the log is called in messages.
 * @throws {SyntaxError} If a line is no JSON.
 * @throws {TypeError} If a line lacks epoch, loss or testTop1 as numbers.
 * @throws {RangeError} If there are no lines.
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
    samples: optional("samples"),
    learningRate: optional("learningRate"),
  };
}

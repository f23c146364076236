/** Rows of an ImageNet table as measured here; the paper's stand in a table of their own. */
import type { ImagenetTrial } from "../results/imagenet_trials.ts";
import { wilsonInterval } from "../statistics.ts";
import type { Cell, Table } from "../tables.ts";
import { formatInterval } from "./format.ts";

const SHARE = { unit: "%", digits: 1 };

/** One line for each allocation and recovery, with Wilson's 95 % interval. */
export function imagenetTrialsTable(
  trials: readonly ImagenetTrial[],
  { caption }: { readonly caption?: string } = {},
): Table {
  const images = [...new Set(trials.map(({ testImages }) => testImages))].join(" or ");
  return {
    caption: caption ?? `Ours: top-1 on ${images} photographs, one shot, not fine-tuned`,
    columns: [
      { name: "allocation" },
      { name: "recovery" },
      { name: "sparsity", ...SHARE },
      { name: "MACs left", ...SHARE },
      { name: "top-1", ...SHARE },
      { name: "95 % interval", align: "right" },
      { name: "predicted by its curves" }, // of a layer's own output under the single-layer objective
      { name: "real distortion", unit: "logits²" },
      { name: "same network as" },
    ],
    rows: trials.map(({ name, stage, sparsity, remainingMacs, top1, testImages, ...trial }): Cell[] => [
      ...[name, stage, sparsity, remainingMacs, top1, formatInterval(wilsonInterval(top1, testImages), 1)],
      ...[trial.distortion.predicted, trial.distortion.real, trial.sameAs.join("; ")],
    ]),
  };
}

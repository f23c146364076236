/** What `deno task imagenet` measured, table by table, for notebooks. */
import type { LayerAllocation } from "../allocation.ts";
import type { ImagenetTable } from "../imagenet/rows.ts";
import { type PhotographTrial, readTrials } from "../imagenet/trial_file.ts";
import { commitText } from "../provenance.ts";
import { projectPath } from "../root.ts";
import type { Trial } from "../trials.ts";

/** A row of a table after one recovery. */
export interface ImagenetTrial extends Trial {
  readonly table: string;
  /** Sparsity asked for. */
  readonly target: number;
  /** Sum of the row's curves, null where they end before; and measured on the test photographs, logits squared. */
  readonly distortion: { readonly predicted: number | null; readonly real: number };
  /** Other rows of this table that prune the same weights: one network, measured once. */
  readonly sameAs: readonly string[];
  readonly layers: readonly LayerAllocation[];
  readonly runId: string;
}

export interface ImagenetTrials {
  /** By recovery, the dense network first; none where nothing was measured. */
  readonly trials: readonly ImagenetTrial[];
  /** A line of Markdown: what was measured and how, or the command that measures it. */
  readonly note: string;
  /** For a claim's evidence. */
  readonly origins: readonly { readonly runId: string }[];
}

/**
 * The rows of one of the paper's tables on ResNet-50, from `data/results/imagenet_resnet50.jsonl`.
 *
 * @throws As {@linkcode readTrials}, if the file is not such.
 */
export function imagenetTrials(
  table: ImagenetTable,
  { path = projectPath("data", "results", "imagenet_resnet50.jsonl") }: { readonly path?: string } = {},
): ImagenetTrials {
  const found = readTrials(path).filter(({ rows }) => rows.some((row) => row.table === table));
  const trials = found.flatMap((trial) => rowsOf(trial, table));
  const origins = found.map(({ provenance: { runId } }) => ({ runId }));
  return { trials, note: found.length === 0 ? absentNote(table) : noteOf(found), origins };
}

function rowsOf(trial: PhotographTrial, table: string): ImagenetTrial[] {
  const { stage, sparsity, remainingMacs, top1, testImages, right, layers, distortion: real } = trial;
  const own = trial.rows.filter((row) => row.table === table);
  return own.map(({ name, method, target, predicted }) => ({
    ...{ table, name, method, target, stage, sparsity, remainingMacs, top1, testImages, right, layers },
    distortion: { predicted, real },
    sameAs: own.map((row) => row.name).filter((other) => other !== name),
    runId: trial.provenance.runId,
  }));
}

function absentNote(table: string): string {
  return `> **Not here: ${
    paperName(table)
  } on ImageNet.** \`deno task imagenet --model resnet50 --root DIR --tables ${table}\` ` +
    "measures it on a folder of labelled photographs. What needs it is left out below.";
}

function noteOf(found: readonly PhotographTrial[]): string {
  const { testImages, setup, provenance: { engine } } = found[0];
  const unlabelled = found.find((trial) => trial.setup.unlabelled !== null)?.setup.unlabelled;
  const commits = found.map(({ provenance: { commit } }) => commit ? commitText(commit) : "unknown commit");
  const recovery = unlabelled
    ? `; \`bn\`: batch statistics measured anew on ${unlabelled.images} others, no label read`
    : "";
  return `ResNet-50 pruned in one shot, nothing fine-tuned; ${testImages} test photographs ` +
    `(${setup.test.name})${recovery}. ${engine}, ${[...new Set(commits)].join(", ")}.`;
}

/** `tab4` → `Tab. 4`. */
function paperName(table: string): string {
  return table.replace(/^tab/, "Tab. ");
}

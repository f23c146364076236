/** `deno task plot-log`: draws training logs. */
import { extname, sep } from "node:path";
import { readTrainingLog } from "../lib/charts/training_log.ts";
import { bestEpoch, type TrainingLog, trainingLogsChart } from "../lib/charts/training_logs.ts";
import { makeFolderOf } from "../lib/project.ts";
import { figureHtml } from "../lib/show/figure_bundle.ts";
import { staticSvg } from "../lib/static_svg.ts";
import { readText, writeFileWhole } from "../lib/store.ts";
import { tableHtml, tableText } from "../lib/tables.ts";
import { Command, run, UsageError } from "./command_line.ts";
import { composePage } from "./report/page.ts";
import { pageStyle } from "./report/template.ts";

interface Options {
  out?: string;
  json?: boolean;
}

const command = new Command("plot-log")
  .description(
    "Draws training logs over each other: loss, top-1 on training and test images and, where the log holds it, the " +
      "learning rate, epoch by epoch, with a table of the last values. The drawing holds no script and makes no request.",
  )
  .argument(
    "<log...>",
    "JSONL files as train writes them beside its network; that of a run that still goes on is fine",
  )
  .option(
    "--out <file>",
    "where the drawing goes: .html (page with table) or .svg (default: first LOG with .html)",
  )
  .option("--json", "print the last values as one line of JSON")
  .addHelpText(
    "after",
    "\nExample, the runs behind the committed ResNet-32:\n" +
      "  deno task plot-log data/checkpoints/resnet32_a.jsonl data/checkpoints/resnet32_b.jsonl \\\n" +
      "    data/checkpoints/resnet32_c.jsonl data/checkpoints/resnet32.jsonl --out training.html\n",
  )
  .action(plotLog);

function plotLog(paths: string[], { out = paths[0].replace(/(\.jsonl)?$/, ".html"), json }: Options): void {
  const draw = DRAWINGS[extname(out)];
  if (draw === undefined) throw new UsageError(`Cannot draw into ${out}: its name must end in .html or .svg`);
  const logs = paths.map((path): TrainingLog => ({
    name: nameOf(path, paths),
    epochs: readTrainingLog(readText(path).split("\n"), path),
  }));
  const figure = trainingLogsChart(logs);
  makeFolderOf(out);
  writeFileWhole(out, draw(figure));
  const runs = logs.map(({ name, epochs }) => {
    const best = bestEpoch(epochs);
    return { name, ...epochs[epochs.length - 1], bestTestTop1: best.testTop1, bestEpoch: best.epoch };
  });
  console.log(json ? JSON.stringify({ out, runs }) : `${tableText(figure.table)}\n${out}`);
}

type Figure = ReturnType<typeof trainingLogsChart>;

const DRAWINGS: Readonly<Record<string, (figure: Figure) => string>> = {
  ".svg": (figure) => staticSvg(figure) + "\n",
  ".html": (figure) =>
    composePage({
      title: figure.title,
      article: `${figureHtml({ ...figure, table: { ...figure.table, columns: [], rows: [] } })}\n${
        tableHtml(figure.table)
      }`,
      footer: "",
      figures: [],
      explorers: [],
      style: pageStyle(),
      scripts: [],
    }),
};

/** The file's name without its ending, with as many folders before it as tell it from the other files. */
function nameOf(path: string, paths: readonly string[]): string {
  const parts = (long: string) => long.replace(/\.jsonl$/, "").split(sep);
  const own = parts(path);
  const tails = own.map((_, i) => own.slice(-1 - i));
  const isAlone = (tail: readonly string[]) =>
    paths.filter((other) => parts(other).slice(-tail.length).join(sep) === tail.join(sep)).length === 1;
  return (tails.find(isAlone) ?? own).join(sep);
}

await run(command);

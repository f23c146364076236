/** `deno task bench photographs`: are images decoded fast enough that compute never waits? */
import { availableParallelism } from "node:os";
import { loadEngine } from "../../lib/engine.ts";
import { PHOTOGRAPHS_PER_PASS } from "../../lib/evaluate.ts";
import { shuffledFolder, sliceFolder } from "../../lib/image_reader.ts";
import { IMAGENET_CLASS_COUNT } from "../../lib/imagenet_facts.ts";
import { architectureNamed } from "../../lib/models.ts";
import { initialise } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { makeFolderOf } from "../../lib/project.ts";
import { projectPath } from "../../lib/root.ts";
import { type Table, tableMarkdown, tableText } from "../../lib/tables.ts";
import { Command, Option, wholeNumber } from "../command_line.ts";
import { addRootOption, openImageFolder } from "../image_data.ts";
import {
  type PhotographsBench,
  readPhotographsBench,
  SPEEDS,
  writePhotographsBench,
} from "./photographs_file.ts";
import { measurePhotographs, type PhotographsPlan } from "./photographs_measure.ts";

interface Options extends PhotographsPlan {
  root?: string;
  samples: number;
  out: string;
  markdown?: boolean;
  json?: boolean;
}

const DEFAULT_OUT = "data/results/bench_photographs.json";
const SEED = 1;

export const photographsCommand = addRootOption(
  new Command("photographs").description(
    "Times a ResNet-50 on photographs: decoding and resizing them alone, computing alone, and both as evaluation runs " +
      "them, with the share of the time in which compute waits for an image.",
  ),
)
  .option("--samples <n>", "photographs, in an order shuffled with seed 1", wholeNumber(1), 256)
  .option("--batch <n>", "images in one forward pass", wholeNumber(1), PHOTOGRAPHS_PER_PASS)
  .option("--repetitions <n>", "turns of each", wholeNumber(1), 3)
  .addOption(
    new Option("--threads <n>", "threads of the engine")
      .argParser(wholeNumber(1)).default(availableParallelism(), "all cores"),
  )
  .addOption(
    new Option("--out <file>", "where the result goes (JSON)").default(projectPath(DEFAULT_OUT), DEFAULT_OUT),
  )
  .option("--markdown", "measure nothing: print OUT's table for the README")
  .option("--json", "print the result as one line of JSON")
  .action(photographsBench);

async function photographsBench({ root, samples, out, markdown, json, ...plan }: Options): Promise<void> {
  if (markdown) return console.log(tableMarkdown(photographsTable(readPhotographsBench(out))));
  makeFolderOf(out);
  const all = await openImageFolder(root, IMAGENET_CLASS_COUNT);
  const folder = sliceFolder(shuffledFolder(all, SEED), 0, Math.min(samples, all.files.length));
  const engine = await loadEngine({ threads: plan.threads });
  const network = initialise(architectureNamed("resnet50"), createPrng(SEED, "bench weights"));
  const bench = await measurePhotographs(engine, network, folder, plan);
  writePhotographsBench(out, bench);
  console.log(json ? JSON.stringify(bench) : `${tableText(photographsTable(bench))}\n\n${out}`);
}

const TITLES = {
  decoding: "decoding alone",
  computing: "computing alone, folded",
  together: "both, as evaluation runs them",
};

function photographsTable(bench: PhotographsBench): Table {
  const { machine, model, batch, images, repetitions, waiting } = bench;
  const percents = [waiting.median, waiting.min, waiting.max].map((share) => (100 * share).toFixed(1));
  return {
    caption:
      `${model} on ${images} photographs, batch ${batch}, median (least–most) of ${repetitions} turns, ` +
      `${machine.threads} threads, ${machine.processor}`,
    columns: [{ name: "measured" }, { name: "result" }],
    rows: [
      ...SPEEDS.map((name) => {
        const { median, min, max } = bench[name];
        return [TITLES[name], `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)}) images/s`];
      }),
      ["time that compute waited for images", `${percents[0]} (${percents[1]}–${percents[2]}) %`],
    ],
  };
}

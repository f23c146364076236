/** `deno task allocate`: splits a sparsity over the layers. */
import { allocatorNamed, ALLOCATORS } from "../lib/baselines.ts";
import { allocationFile, allocationProblem } from "../lib/pipeline.ts";
import { readCurves, writeAllocation } from "../lib/rd_files.ts";
import { loadNetwork } from "../lib/checkpoint.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { Command, finiteNumber, Option, percent, run } from "./command_line.ts";
import { denseWeightsPath, makeFolderOf } from "../lib/project.ts";

interface Options {
  curves: string;
  sparsity: number;
  method: string;
  weights?: string;
  out: string;
  json?: boolean;
}

const command = new Command("allocate")
  .description(
    "Chooses how many weights to prune in each layer so that the whole network reaches a sparsity. Our method reads " +
      "the curves alone and returns their proven optimum; the rivals rank the weights themselves.",
  )
  .requiredOption("--curves <file>", 'what "deno task curves" wrote')
  .requiredOption("--sparsity <share>", "share of the prunable weights to prune, in [0, 1)", finiteNumber)
  .addOption(new Option("--method <name>", "allocator").choices(Object.keys(ALLOCATORS)).default("ours"))
  .option("--weights <file>", "rivals only: safetensors (default: data/checkpoints/MODEL.safetensors)")
  .requiredOption("--out <file>", "where the allocation goes (JSON)")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExample:\n  deno task allocate --curves curves.json --sparsity 0.8 --out allocation.json\n",
  )
  .action(allocateCommand);

function allocateCommand(options: Options): void {
  makeFolderOf(options.out);
  const curves = readCurves(options.curves);
  const weightsPath = options.method === "ours"
    ? undefined
    : options.weights ?? denseWeightsPath(curves.model);
  const network = weightsPath === undefined ? undefined : loadNetwork(weightsPath, curves.model);
  const problem = allocationProblem(curves, options.sparsity, network);
  const began = performance.now();
  const allocation = allocatorNamed(options.method)(problem);
  const seconds = Number(((performance.now() - began) / 1000).toFixed(4));
  const origin = provenance({
    engine: null,
    seed: null,
    protocol: `${options.method} at sparsity ${options.sparsity} on ${curves.statistic} curves`,
    samples: curves.samples,
    curvesSha256: sha256(options.curves),
    weightsSha256: weightsPath === undefined ? null : sha256(weightsPath),
    seconds,
  });
  writeAllocation(options.out, allocationFile(allocation, origin));
  const { method, sparsity, distortion, proved, gap } = allocation;
  const certificate = proved
    ? "proved optimal"
    : gap === null
    ? "no certificate"
    : `within ${percent(gap)} of optimal`;
  console.log(
    options.json
      ? JSON.stringify({ method, sparsity, distortion, proved, gap, seconds, out: options.out })
      : `${options.out}: ${method} prunes ${percent(sparsity)}, predicted distortion ${
        distortion.toPrecision(5)
      }, ` +
        `${certificate}, ${seconds} s`,
  );
}

await run(command);

/** `deno task allocate`: splits a sparsity over the layers. */
import { algorithm1, type GridOptions, ternarySearch, withoutOutliers } from "../lib/algorithm1.ts";
import type { Allocation, AllocationProblem } from "../lib/allocation.ts";
import { allocatorNamed, ALLOCATORS, READS_WEIGHTS, surp } from "../lib/baselines.ts";
import { allocationFile, allocationProblem } from "../lib/pipeline.ts";
import { createPrng } from "../lib/prng.ts";
import { type CurvesFile, readCurves, writeAllocation, writeFront } from "../lib/rd_files.ts";
import { loadNetwork } from "../lib/checkpoint.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { frontFile } from "./allocate/front.ts";
import {
  addRuleOptions,
  constraintsOf,
  COST_NAMES,
  type CostName,
  costTable,
  mostOf,
  type RuleFlags,
} from "./allocate/rules.ts";
import { Command, finiteNumber, Option, percent, run, UsageError, wholeNumber } from "./command_line.ts";
import { denseWeightsPath, makeFolderOf } from "../lib/project.ts";

interface Options extends RuleFlags {
  curves: string;
  sparsity?: number;
  method: keyof typeof ALLOCATORS;
  weights?: string;
  front?: CostName;
  unit?: number;
  filterOutliers?: boolean;
  seed: number;
  out: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  deno task allocate --curves curves.json --sparsity 0.8 --out allocation.json
at most a fifth of the weights and 35 % of the multiply–accumulates:
  deno task allocate --curves curves.json --limit weights=20% --limit macs=35% --out allocation.json
the next round of a chain: nothing grows back, the first layer stays, no layer loses more than 98 %:
  deno task allocate --curves round2.json --sparsity 0.36 --state round1_allocation.json --freeze conv1 \\
    --ceiling '*=0.98' --out round2_allocation.json
a limit of 2.5 ms on times measured for each layer:
  deno task allocate --curves curves.json --limit ms=2.5 --times times.json --out allocation.json
  where times.json is {"format":"rd-times/1","levels":[0,0.5,1],"layers":[{"name":"conv1","milliseconds":[2,1.6,0.9]}, …]}
every budget at once, with the price of a weight at each:
  deno task allocate --curves curves.json --front --out front.json
the paper's ternary search on a grid of 50 weights, outliers filtered:
  deno task allocate --curves curves.json --sparsity 0.8 --method ternary --unit 50 --filter-outliers --out t.json
`;

const command = addRuleOptions(
  new Command("allocate")
    .description(
      "Chooses how many weights to prune in each layer so that the whole network reaches a sparsity. Our method reads " +
        "the curves alone and returns their proven optimum, under limits on other costs and constraints if asked; " +
        "algorithm1 and ternary are the paper's own ways on a grid; the rivals rank the weights themselves.",
    )
    .requiredOption("--curves <file>", 'what "deno task curves" wrote')
    .option("--sparsity <share>", "share of the prunable weights to prune, in [0, 1)", finiteNumber)
    .addOption(new Option("--method <name>", "allocator").choices(Object.keys(ALLOCATORS)).default("ours"))
    .option(
      "--weights <file>",
      "rivals only: safetensors (default: MODEL.safetensors in data/checkpoints, else in data/cache/checkpoints)",
    )
    .addOption(
      new Option("--front [cost]", "the optimum at every budget of a cost, in place of one sparsity")
        .choices([...COST_NAMES]).preset("weights"),
    ),
)
  .option(
    "--unit <n>",
    "algorithm1, ternary: weights in a unit of the grid (default: budget / 10,000)",
    wholeNumber(1),
  )
  .option("--filter-outliers", "drop the levels that break a curve's monotonicity first (the paper's OF)")
  .option("--seed <n>", "surp: seed of its random picks", wholeNumber(0), 0)
  .requiredOption("--out <file>", "where the allocation, or the front, goes (JSON)")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText("after", EXAMPLES)
  .action(allocateCommand);

function allocateCommand(options: Options): void {
  if (options.sparsity === undefined && options.limit === undefined && options.front === undefined) {
    throw new UsageError("Cannot allocate: --sparsity, --limit or --front must be given");
  }
  if (options.unit !== undefined && !["algorithm1", "ternary"].includes(options.method)) {
    throw new UsageError(`Cannot use --unit: only algorithm1 and ternary have a grid, not ${options.method}`);
  }
  makeFolderOf(options.out);
  const raw = readCurves(options.curves);
  if (options.front !== undefined) writeFrontOf(options, raw, options.front);
  else writeAllocationOf(options, raw);
}

function writeAllocationOf(options: Options, curves: CurvesFile): void {
  const weightsPath = READS_WEIGHTS.includes(options.method)
    ? options.weights ?? denseWeightsPath(curves.model)
    : undefined;
  const network = weightsPath === undefined ? undefined : loadNetwork(weightsPath, curves.model);
  const problem = limitedProblem(options, curves, allocationProblem(curves, options.sparsity ?? 0, network));
  const began = performance.now();
  const allocation = allocateBy(options, problem);
  const seconds = secondsSince(began);
  const origin = provenance({
    engine: null,
    seed: options.method === "surp" ? options.seed : null,
    protocol: protocolOf(options, curves),
    samples: curves.samples,
    curvesSha256: sha256(options.curves),
    weightsSha256: weightsPath === undefined ? null : sha256(weightsPath),
    ...ruleFacts(options, curves),
    seconds,
  });
  writeAllocation(options.out, allocationFile(allocation, origin));
  const { method, sparsity, distortion, proved, gap, costs } = allocation;
  console.log(
    options.json
      ? JSON.stringify({ method, sparsity, distortion, proved, gap, costs, seconds, out: options.out })
      : describe(allocation, options.out, seconds),
  );
}

/** Adds limits and constraints; a limit on the weights is a budget. */
function limitedProblem(
  options: Options,
  curves: CurvesFile,
  { layers, budget }: AllocationProblem,
): AllocationProblem {
  const limits = (options.limit ?? []).map((limit) => {
    const table = costTable(curves, limit.cost, options.times);
    return { ...table, most: mostOf(limit, table) };
  });
  const total = layers.reduce((sum, { weightCount }) => sum + weightCount, 0);
  const budgets = limits.filter(({ name }) => name === "weights").map(({ most }) =>
    Math.max(0, total - most)
  );
  const others = limits.filter(({ name }) => name !== "weights");
  return {
    layers: options.filterOutliers ? layers.map(withoutOutliers) : layers,
    budget: Math.max(budget, ...budgets),
    limits: others.length === 0 ? undefined : others,
    constraints: constraintsOf(options, curves),
  };
}

function allocateBy({ method, unit, seed }: Options, problem: AllocationProblem): Allocation {
  const grid: GridOptions = { unit };
  if (method === "algorithm1") return algorithm1(problem, grid);
  if (method === "ternary") return ternarySearch(problem, grid);
  if (method === "surp") return surp(problem, { prng: createPrng(seed, "surp") });
  return allocatorNamed(method)(problem);
}

function protocolOf(
  { method, sparsity, limit = [], unit, filterOutliers }: Options,
  curves: CurvesFile,
): string {
  const limits = limit.map(({ cost, amount, isShare }) =>
    `, ${cost} at most ${isShare ? percent(amount) : amount}`
  );
  const at = sparsity === undefined ? "" : ` at sparsity ${sparsity}`;
  const grid = unit === undefined ? "" : `, unit ${unit}`;
  return `${method}${at}${limits.join("")}${grid} on ${curvesText(curves)}${
    filterOutliers ? ", outliers filtered" : ""
  }`;
}

function curvesText({ objective, statistic }: CurvesFile): string {
  return `${typeof objective === "string" ? `${objective} ` : ""}${statistic} curves`;
}

function describe(
  { method, sparsity, distortion, proved, gap, costs = [] }: Allocation,
  out: string,
  seconds: number,
): string {
  const certificate = proved
    ? "proved optimal for these curves"
    : gap === null
    ? "no certificate"
    : `within ${percent(gap)} of optimal for these curves`;
  const left = costs.map(({ name, cost, dense }) => `, keeps ${percent(cost / dense)} of the ${name}`);
  return `${out}: ${method} prunes ${percent(sparsity)}${left.join("")}, predicted distortion ${
    distortion.toPrecision(5)
  }, ${certificate}, ${seconds} s`;
}

function writeFrontOf(options: Options, curves: CurvesFile, cost: CostName): void {
  const { method, sparsity, limit, filterOutliers, out } = options;
  if (method !== "ours" || sparsity !== undefined || limit !== undefined || filterOutliers) {
    throw new UsageError(
      "Cannot make a front: --front goes with our method, without --sparsity, --limit and --filter-outliers",
    );
  }
  const began = performance.now();
  const front = frontFile(curves, {
    cost: costTable(curves, cost, options.times),
    constraints: constraintsOf(options, curves),
  });
  const seconds = secondsSince(began);
  const origin = provenance({
    engine: null,
    seed: null,
    protocol: `front over ${front.cost} on ${curvesText(curves)}`,
    samples: curves.samples,
    curvesSha256: sha256(options.curves),
    ...ruleFacts(options, curves),
    seconds,
  });
  writeFront(out, { ...front, provenance: { ...origin } });
  const crossed = front.rounds.filter(({ crossing }) => crossing.length > 0).length;
  const proved = front.rounds.filter((round) => round.proved).length;
  const summary = {
    cost: front.cost,
    points: front.points.length,
    rounds: front.rounds.length,
    proved,
    crossed,
  };
  console.log(
    options.json
      ? JSON.stringify({ ...summary, seconds, out })
      : `${out}: optima at ${summary.points} budgets of ${front.cost}, nested; of ${summary.rounds} rounds of 20 % ` +
        `each ${proved} proved optimal for these curves, ${crossed} give some layer weights back, ${seconds} s`,
  );
}

/** What an answer rests on beside curves and limits, for its provenance. */
function ruleFacts(options: Options, curves: CurvesFile) {
  return {
    constraints: constraintsOf(options, curves) ?? null,
    timesSha256: options.times === undefined ? null : sha256(options.times),
  };
}

function secondsSince(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(4));
}

await run(command);

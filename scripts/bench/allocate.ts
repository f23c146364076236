/** `deno task bench allocate`: time and gap of our optimum, and the paper's ways beside it on the same curves. */
import { cpus } from "node:os";
import { makeFolderOf } from "../../lib/project.ts";
import { projectPath } from "../../lib/root.ts";
import { provenance, writeFileWhole } from "../../lib/store.ts";
import { tableMarkdown } from "../../lib/tables.ts";
import { Command, finiteNumber, progressBar, UsageError, wholeNumber } from "../command_line.ts";
import {
  type Agreement,
  type AllocateBench,
  readAllocateBench,
  writeAllocateBench,
} from "../../lib/results/allocate_bench.ts";
import { benchInstances } from "./allocate_instances.ts";
import { measureAllocation } from "./allocate_measure.ts";
import { allocateTable, describeResult } from "./allocate_tables.ts";
import { verifyAllocate } from "./verify_allocate.ts";

interface Options {
  only?: string;
  budgets: number;
  peerBudgets: number;
  seed: number;
  verify?: boolean;
  share: number;
  out?: string;
  markdown?: boolean;
  json?: boolean;
}

const DEFAULT_OUT = "data/results/bench_allocate.json";
const DEFAULT_VERIFY_OUT = "data/results/verify_allocate.json";
const NAMES = [...benchInstances(1).keys()];

/** The subject `allocate` of `deno task bench`. */
export const allocateCommand = new Command("allocate")
  .description(
    "Times the optimum at random budgets, the slider's call and the whole front, on measured curves where data/curves " +
      "has them and on made-up ones of the same layer sizes; beside them Algorithm 1 and ternary search on a grid of " +
      "10,000 units, alternately at the same budgets.",
  )
  .option("--only <names>", `instances, of ${NAMES.join(", ")}`)
  .option("--budgets <n>", "random budgets from 10 % to 95 % of what the levels reach", wholeNumber(1), 100)
  .option("--peer-budgets <n>", "of these, budgets at which the paper's ways run too", wholeNumber(0), 10)
  .option("--seed <n>", "seed of budgets and made-up curves", wholeNumber(0), 1)
  .option("--verify", "compare with brute force, a dense programme and HiGHS instead")
  .option("--share <s>", "share of the 10,000 + 1,000 + 200 problems of --verify", finiteNumber, 1)
  .option(
    "--out <file>",
    `where the results go (JSON; default: ${DEFAULT_OUT}, with --verify ${DEFAULT_VERIFY_OUT})`,
  )
  .option("--markdown", "measure nothing: print the table of OUT for the README")
  .option("--json", "print the results as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task bench allocate                                             everything: some minutes, most of them at 10,000 layers\n" +
      "  deno task bench allocate --only resnet32,1000 --budgets 20 --out trial.json\n" +
      "  deno task bench allocate --markdown\n" +
      "  deno task bench allocate --verify\n",
  )
  .action((options: Options) => {
    if (options.markdown) return printMarkdown(options);
    return options.verify ? printAgreement(options) : printResults(options);
  });

function printMarkdown({ verify, out = projectPath(DEFAULT_OUT) }: Options): void {
  if (verify) throw new UsageError("Cannot print a table: --markdown goes without --verify");
  console.log(tableMarkdown(allocateTable(readAllocateBench(out))));
}

function printResults(
  { only, budgets, peerBudgets, seed, out = projectPath(DEFAULT_OUT), json }: Options,
): void {
  const instances = benchInstances(seed);
  const names = only?.split(",") ?? [...instances.keys()];
  for (const name of names) {
    if (instances.has(name)) continue;
    throw new UsageError(
      `Cannot run ${name}: an instance must be one of ${[...instances.keys()].join(", ")}`,
    );
  }
  makeFolderOf(out);
  const results = names.flatMap((name) =>
    instances.get(name)!().map((instance) => {
      const result = measureAllocation(instance, { budgets, peerBudgets, seed });
      if (!json) console.log(describeResult(result));
      return result;
    })
  );
  const protocol = `${budgets} random budgets, the paper's ways in turns at ${peerBudgets} of them`;
  const bench: AllocateBench = {
    format: "rd-bench-allocate/1",
    results,
    provenance: originOf(seed, protocol),
  };
  writeAllocateBench(out, bench);
  console.log(json ? JSON.stringify(bench) : out);
}

function originOf(seed: number, protocol: string) {
  const processor = cpus()[0]?.model ?? "unknown";
  return { ...provenance({ engine: null, seed, protocol, samples: null, processor }) };
}

async function printAgreement(
  { seed, share, out = projectPath(DEFAULT_VERIFY_OUT), json }: Options,
): Promise<void> {
  makeFolderOf(out);
  const bar = progressBar("verify", Math.round(11_200 * share));
  const agreements = await verifyAllocate({ seed, share, onProgress: (done) => bar.update(done) });
  bar.stop();
  const provenance = originOf(seed, `random problems, ${share} of the full counts`);
  const verified = { format: "rd-verify-allocate/1", agreements, provenance };
  writeFileWhole(out, `${JSON.stringify(verified, null, 2)}\n`);
  console.log(json ? JSON.stringify(verified) : [...agreements.map(describeAgreement), out].join("\n"));
  const missed = agreements.reduce((sum, { problems, agreed }) => sum + problems - agreed, 0);
  if (missed > 0) throw new RangeError(`Cannot confirm the optimum: ${missed} problems disagree`);
}

function describeAgreement({ oracle, problems, agreed, infeasible, worst }: Agreement): string {
  return `${oracle}: ${agreed} of ${problems} problems agree (${infeasible} infeasible), largest relative difference ${
    worst.toExponential(1)
  }`;
}

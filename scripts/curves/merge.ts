/** `deno task curves --merge`: joins the shards of one run into a curves file. */
import { curvesFile, type Refinement } from "../../lib/pipeline.ts";
import { makeFolderOf } from "../../lib/project.ts";
import type { Objective } from "../../lib/rd_curve/measurement.ts";
import type { Recovery } from "../../lib/rd_curve/recovery.ts";
import { curvesBy, departures } from "../../lib/rd_curve.ts";
import { writeCurves } from "../../lib/rd_files.ts";
import { provenance, type ProvenanceFacts } from "../../lib/store.ts";
import { Command, Option } from "../command_line.ts";
import { addStatisticOptions, bandsOf, type StatisticFlags } from "./statistic_options.ts";
import { joinShards, readShard } from "./shard_file.ts";

interface Options extends StatisticFlags {
  merge: string[];
  out: string;
  json?: boolean;
}

export const mergeCommand = addStatisticOptions(new Command("curves"))
  .description(
    "Joins the shards that curves --shard I/N made, on one machine or several, into one curves file.",
  )
  .addOption(new Option("--merge <files...>", "every shard of the run, in any order").makeOptionMandatory())
  .requiredOption("--out <file>", "where the curves go (JSON)")
  .option("--json", "print a summary as one line of JSON")
  .action(merge);

async function merge(options: Options): Promise<void> {
  makeFolderOf(options.out);
  const { meter, facts } = joinShards(options.merge.map(readShard));
  const { statistic, quantile } = options;
  const curves = await curvesBy(meter, {
    levels: facts.levels,
    statistic,
    quantile,
    bands: bandsOf(options),
  });
  const how = departures({ objective: facts.objective as Objective, recovery: facts.recovery as Recovery });
  const origin = provenance({ ...facts.origin as unknown as ProvenanceFacts, shards: facts.shards });
  const file = curvesFile({ model: facts.model, ...curves, ...how }, statistic, origin, {
    refinement: options.refine as Refinement,
  });
  writeCurves(options.out, file);
  const { processor } = facts.origin;
  const kinds = Array.isArray(processor) ? new Set(processor).size : 1;
  const summary = { model: facts.model, layers: curves.layers.length, levels: curves.levels.length };
  console.log(
    options.json
      ? JSON.stringify({ ...summary, samples: curves.samples, shards: facts.shards, out: options.out })
      : `${options.out}: ${summary.layers} layers × ${summary.levels} levels, ${curves.samples} inputs, ` +
        `${facts.shards} shards` +
        (kinds > 1 ? ` from ${kinds} kinds of processor, whose last bits may differ` : ""),
  );
}

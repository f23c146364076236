/** The workflow's last rule: the tables of all chains, as Markdown. */
import { basename, dirname } from "node:path";
import { chainResults } from "../../lib/results/chain_results.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { tableMarkdown } from "../../lib/tables.ts";
import { type LabelledRound, sweepTables } from "../../lib/tables/sweep.ts";
import { Command, run } from "../command_line.ts";

const command = new Command("write_table")
  .description(
    "Writes the tables of chains: mean and deviation over seeds; ours beside each rival on the same images.",
  )
  .argument("<files...>", "results of chains (JSONL); label=file where the sweep labels the chain")
  .requiredOption("--out <file>", "where the tables go (Markdown)")
  .action(async (files: string[], { out }: { out: string }) => {
    const tables = await sweepTables(files.flatMap(readLabelled));
    writeFileWhole(out, `${tables.map(tableMarkdown).join("\n\n")}\n`);
  });

function readLabelled(argument: string): LabelledRound[] {
  const [, label = null, path] = /^(?:([a-z0-9-]+)=)?(.*)$/.exec(argument)!;
  const rounds = chainResults({ folder: dirname(path), names: [basename(path, ".jsonl")] });
  return rounds.map((round) => ({ ...round, label }));
}

await run(command);

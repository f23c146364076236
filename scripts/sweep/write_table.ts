/** The workflow's last rule: the tables of all chains, as Markdown. */
import { writeFileWhole } from "../../lib/store.ts";
import { tableMarkdown } from "../../lib/tables.ts";
import { chainsTable } from "../../lib/tables/chains.ts";
import { comparisonTable } from "../../lib/tables/comparisons.ts";
import { Command, run } from "../command_line.ts";
import { readRounds } from "./results.ts";

const command = new Command("write_table")
  .description(
    "Writes the tables of chains: mean and deviation over seeds; ours beside each rival on the same images.",
  )
  .argument("<files...>", "results of chains (JSONL)")
  .requiredOption("--out <file>", "where the tables go (Markdown)")
  .action((files: string[], { out }: { out: string }) => {
    const rounds = files.flatMap(readRounds);
    const tables = [chainsTable(rounds), comparisonTable(rounds)];
    writeFileWhole(out, `${tables.map(tableMarkdown).join("\n\n")}\n`);
  });

await run(command);

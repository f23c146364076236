/** The workflow's last rule: the table of all chains, as Markdown. */
import { writeFileWhole } from "../../lib/store.ts";
import { tableMarkdown } from "../../lib/tables.ts";
import { chainsTable } from "../../lib/tables/chains.ts";
import { Command, run } from "../command_line.ts";
import { readRounds } from "./results.ts";

const command = new Command("write_table")
  .description(
    "Writes the table of chains: mean and deviation over seeds, drops from each chain's dense network.",
  )
  .argument("<files...>", "results of chains (JSONL)")
  .requiredOption("--out <file>", "where the table goes (Markdown)")
  .action((files: string[], { out }: { out: string }) =>
    writeFileWhole(out, `${tableMarkdown(chainsTable(files.flatMap(readRounds)))}\n`)
  );

await run(command);

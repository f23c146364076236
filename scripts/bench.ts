/** `deno task bench`: measures speed, always beside a peer in the same run. */
import { allocateCommand } from "./bench/allocate.ts";
import { chainBenchCommand } from "./bench/chain.ts";
import { curvesBenchCommand } from "./bench/curves.ts";
import { engineCommand } from "./bench/engine.ts";
import { Command, run } from "./command_line.ts";
import { photographsCommand } from "./bench/photographs.ts";

const command = new Command("bench")
  .description(
    "Measures the speed of one part beside a peer, both in turns on this machine in the same run, and reports the " +
      "least, median and largest ratio. Nothing else should run meanwhile.",
  )
  .addCommand(engineCommand)
  .addCommand(curvesBenchCommand)
  .addCommand(allocateCommand)
  .addCommand(chainBenchCommand)
  .addCommand(photographsCommand)
  .addHelpText(
    "after",
    "\nEach subject teaches its options:\n  deno task bench engine --help\n  deno task bench curves --help\n  deno task bench allocate --help\n  deno task bench photographs --help\n",
  );

await run(command);

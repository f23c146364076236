/** `deno task prune`: sets the weights that an allocation prunes to zero. */
import { saveNetwork } from "../lib/checkpoint.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "../lib/prune.ts";
import { readAllocation } from "../lib/rd_files.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { Command, percent, run } from "./command_line.ts";
import { makeFolderOf } from "../lib/project.ts";
import { addNetworkOptions, type NetworkFlags, openNetwork } from "./options.ts";

interface Options extends NetworkFlags {
  allocation: string;
  out: string;
  json?: boolean;
}

const command = addNetworkOptions(new Command("prune"))
  .description(
    "Prunes a network by magnitude as an allocation says and saves it as safetensors with zeros, which PyTorch loads " +
      "as it is.",
  )
  .requiredOption("--allocation <file>", 'what "deno task allocate" wrote')
  .requiredOption("--out <file>", "where the pruned network goes (safetensors)")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExample:\n  deno task prune --model resnet32 --allocation allocation.json --out pruned.safetensors\n",
  )
  .action(pruneCommand);

function pruneCommand(options: Options): void {
  makeFolderOf(options.out);
  const { network, path } = openNetwork(options);
  const allocation = readAllocation(options.allocation);
  const pruned = pruneNetwork(network, masksFor(network, allocation));
  const { weights, zeros, sparsity, remainingMacs } = summariseSparsity(pruned);
  const origin = provenance({
    engine: null,
    seed: null,
    protocol: `one-shot magnitude pruning by ${allocation.method}, no recovery`,
    samples: null,
    weightsSha256: sha256(path),
    allocationSha256: sha256(options.allocation),
  });
  saveNetwork(options.out, pruned, { sparsity: String(sparsity), provenance: JSON.stringify(origin) });
  console.log(
    options.json
      ? JSON.stringify({ model: network.model, sparsity, zeros, weights, remainingMacs, out: options.out })
      : `${options.out}: ${zeros} of ${weights} weights are zero (${percent(sparsity)}), ` +
        `${percent(remainingMacs)} of the multiply–accumulates remain`,
  );
}

await run(command);

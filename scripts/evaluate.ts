/** `deno task evaluate`: top-1 accuracy on the test images. */
import { sliceImages } from "../lib/cifar10.ts";
import { loadEngine } from "../lib/engine.ts";
import { evaluate } from "../lib/evaluate.ts";
import { summariseSparsity } from "../lib/prune.ts";
import { Command, Option, percent, progressBar, run, wholeNumber } from "./command_line.ts";
import { loadCifar10 } from "../lib/project.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  type EngineFlags,
  type NetworkFlags,
  openNetwork,
} from "./options.ts";

interface Options extends NetworkFlags, EngineFlags {
  data: "cifar10";
  samples?: number;
  json?: boolean;
}

const command = addEngineOptions(addNetworkOptions(new Command("evaluate")))
  .description(
    "Classifies test images and reports top-1 accuracy. Batch normalisation uses its running statistics.",
  )
  .addOption(new Option("--data <set>", "test images").choices(["cifar10"]).default("cifar10"))
  .option("--samples <n>", "use the first N test images (default: all)", wholeNumber(1))
  .option("--json", "print the result as one line of JSON")
  .addHelpText("after", "\nExample:\n  deno task evaluate --model resnet32 --weights pruned.safetensors\n")
  .action(evaluateCommand);

async function evaluateCommand(options: Options): Promise<void> {
  const { network } = openNetwork(options);
  const all = loadCifar10("test");
  const set = sliceImages(all, 0, options.samples ?? all.count);
  const engine = await loadEngine(options);
  const began = performance.now();
  const bar = progressBar(`evaluate ${network.model}`, set.count);
  const { top1, samples } = await evaluate(engine, network, set, { onProgress: (done) => bar.update(done) });
  bar.stop();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
  const { sparsity } = summariseSparsity(network);
  console.log(
    options.json
      ? JSON.stringify({ model: network.model, top1, samples, engine: engine.name, seconds, sparsity })
      : `${network.model}: ${percent(top1)} top-1 on ${samples} test images at ${
        percent(sparsity)
      } sparsity, ` +
        `${seconds} s on ${engine.description}`,
  );
}

await run(command);

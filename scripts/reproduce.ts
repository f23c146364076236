/** `deno task reproduce`: the main job from end to end – curves, allocation, pruning, evaluation, report. */
import { join, relative } from "node:path";
import { outputPath } from "../lib/project.ts";
import { Command, percent, run } from "./command_line.ts";
import { PROJECT_FOLDER, REPORT_FOLDER } from "./folders.ts";

interface Options {
  json?: boolean;
}

const NOTEBOOK = "00_quickstart";

const command = new Command("reproduce")
  .description(
    "Prunes a ResNet-32 on CIFAR-10 live: runs the quickstart notebook, which measures the curves, proves the " +
      "allocation and prunes, then classifies all 10,000 test images with the dense and the pruned network. Ends with " +
      "the path of a report that opens offline.",
  )
  .option("--json", "print the result as one line of JSON")
  .action(reproduce);

async function reproduce({ json }: Options): Promise<void> {
  const began = performance.now();
  console.error(`reproduce: runs notebooks/${NOTEBOOK}.ipynb, about three minutes on two cores`);
  await runScript("report", join(PROJECT_FOLDER, "notebooks", `${NOTEBOOK}.ipynb`));
  const dense = await topOne();
  const weights = outputPath("resnet32_pruned_70.safetensors"); // the notebook's last cell wrote it
  const pruned = await topOne("--weights", weights);
  const report = join(REPORT_FOLDER, `${NOTEBOOK}.html`);
  const seconds = Math.round((performance.now() - began) / 1000);
  if (json) return console.log(JSON.stringify({ dense, pruned, weights, report, seconds }));
  console.log(`ResNet-32, dense: ${percent(dense)} top-1 on 10,000 test images`);
  console.log(
    `pruned by 70 %, before fine-tuning: ${percent(pruned)} (${relative(PROJECT_FOLDER, weights)})`,
  );
  console.log(`${seconds} s; the report:\n${report}`);
}

async function topOne(...more: string[]): Promise<number> {
  const line = await runScript("evaluate", "--model", "resnet32", "--json", ...more);
  return (JSON.parse(line) as { top1: number }).top1;
}

/** Runs another command, its progress shown, and returns its standard output. */
async function runScript(name: string, ...args: string[]): Promise<string> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT_FOLDER, "scripts", `${name}.ts`), ...args],
    cwd: PROJECT_FOLDER,
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new RangeError(`Cannot reproduce: "deno task ${name}" ended with code ${code}`);
  return new TextDecoder().decode(stdout).trim();
}

await run(command);

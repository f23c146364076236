/** `deno task picture`: the README's pictures, from the committed curves and chains. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tradeoffChart } from "../lib/charts.ts";
import { explorer } from "../lib/explorer/prepare.ts";
import { loadDenseNetwork } from "../lib/project.ts";
import { readCurves } from "../lib/rd_files.ts";
import { summariseChains } from "../lib/results/chain_summaries.ts";
import { sweepResults } from "../lib/results/sweep_results.ts";
import { bundleOf } from "../lib/show.ts";
import { staticSvg } from "../lib/static_svg.ts";
import { writeFileWhole } from "../lib/store.ts";
import { Command, run } from "./command_line.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { CHROMIUM, withBrowser } from "./report/browser.ts";
import { joined } from "./report/notebook.ts";
import { composePage } from "./report/page.ts";
import { explorerScript } from "../lib/explorer/page_script.ts";
import { prepare } from "./report/prepare.ts";
import { pageStyle, templateText } from "./report/template.ts";

const PICTURE = join(PROJECT_FOLDER, "data", "figures", "explorer.png");
const CHAINS_PICTURE = join(PROJECT_FOLDER, "data", "figures", "chains_accuracy.svg");

const command = new Command("picture")
  .description(
    "Draws the accuracy of the committed chains, and the allocation explorer on ResNet-32's committed curves, and saves " +
      "both as pictures. The explorer needs Chromium, which RD_CHROMIUM may name.",
  )
  .option("--out <file>", "where the explorer's picture goes", PICTURE)
  .option("--chains <file>", "where the chains' picture goes", CHAINS_PICTURE)
  .action(picture);

async function picture({ out, chains }: { out: string; chains: string }): Promise<void> {
  writeFileWhole(chains, await chainsPicture());
  console.log(chains);
  if (CHROMIUM === undefined) {
    throw new RangeError("Cannot draw the picture: Chromium must be installed, or RD_CHROMIUM name one");
  }
  const folder = mkdtempSync(join(tmpdir(), "rd-picture-"));
  try {
    const path = join(folder, "explorer.html");
    writeFileWhole(path, explorerPage());
    writeFileWhole(out, await screenshot(path));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(out);
}

/** Accuracy by sparsity, as notebook 04 draws it. */
async function chainsPicture(): Promise<string> {
  const { rounds } = sweepResults("cifar10", {
    where: ({ label, model }) => label === undefined && model === "resnet32",
  });
  const summaries = await summariseChains(rounds);
  const subtitle = `Protocol ${
    summaries[0].protocol
  }: 50 steps of fine-tuning a round; all 10,000 test images`;
  return staticSvg(tradeoffChart(summaries, { subtitle })) + "\n";
}

/** A page with the explorer alone. */
function explorerPage(): string {
  const curves = readCurves(join(PROJECT_FOLDER, "data", "curves", "resnet32.json"));
  const data = { ...bundleOf(explorer(curves, { network: loadDenseNetwork("resnet32") })) };
  const cell = {
    cell_type: "code",
    source: "",
    metadata: {},
    outputs: [{ output_type: "display_data", data }],
  };
  const { notebook, explorers } = prepare({ cells: [cell], metadata: {} }, (text) => text);
  return composePage({
    title: "Explorer",
    article: joined(notebook.cells[0].outputs![0].data!["text/html"]),
    footer: "",
    figures: [],
    explorers,
    style: pageStyle(),
    scripts: [templateText("page.js"), explorerScript()],
  });
}

async function screenshot(path: string): Promise<Uint8Array> {
  let taken = new Uint8Array();
  await withBrowser(async (browser) => {
    const context = await browser.newContext({
      viewport: { width: 820, height: 1200 },
      deviceScaleFactor: 1.1,
    });
    const page = await context.newPage();
    await page.goto(pathToFileURL(path).href);
    // the time of one machine has no place in a picture
    await page.addStyleTag({ content: ".rd-explorer-time { display: none }" });
    taken = new Uint8Array(await page.locator(".rd-explorer-live").screenshot());
  });
  return taken;
}

await run(command);

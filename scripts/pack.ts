/** `deno task pack`: the library as a package for npm. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeFileWhole } from "../lib/store.ts";
import { Command, run } from "./command_line.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { stagePackage } from "./pack/stage.ts";
import { findNpm, npmEnvironment } from "./setup/npm_packages.ts";
import { stampFolder } from "./setup/project.ts";
import { runChild } from "./setup/run_child.ts";
import { currentProject } from "./setup/steps.ts";

interface Options {
  out: string;
  json?: boolean;
}

const command = new Command("pack")
  .description(
    "Writes the library as a package for npm, rd-pruning-VERSION.tgz: JavaScript modules, declarations, the paper's " +
      "tables, measured curves and a dense ResNet-32. It is the build that tslab's notebooks read. Nothing is published.",
  )
  .option("--out <folder>", "where the package goes", ".")
  .option("--json", "print path and bytes as one line of JSON")
  .addHelpText(
    "after",
    "\nExample, into an empty project:\n" +
      "  deno task pack --out /tmp\n" +
      "  mkdir try && cd try && npm init -y && npm install /tmp/rd-pruning-0.1.0.tgz\n" +
      "  node --input-type=module -e 'import * as rd from \"rd-pruning\"; console.log(rd.MODEL_NAMES)'\n",
  )
  .action(pack);

async function pack({ out, json }: Options): Promise<void> {
  const path = await packLibrary(resolve(out));
  const bytes = statSync(path).size;
  console.log(json ? JSON.stringify({ path, bytes }) : `${path} (${(bytes / 1e6).toFixed(2)} MB)`);
}

/** Builds and packs in a folder of its own, so that a package of that name is whole or not there. */
async function packLibrary(out: string): Promise<string> {
  const project = currentProject();
  const npm = findNpm(project);
  const work = mkdtempSync(join(tmpdir(), "rd-pack-"));
  try {
    const stage = join(work, "package");
    stagePackage(PROJECT_FOLDER, stage);
    await runChild(npm, ["pack", "--ignore-scripts", "--offline", "--pack-destination", work], {
      cwd: stage,
      env: npmEnvironment(project.env),
      log: join(stampFolder(project), "pack.log"),
      action: "pack the library",
      mend: "try again: deno task pack",
    });
    const name = readdirSync(work).find((file) => file.endsWith(".tgz"))!;
    mkdirSync(out, { recursive: true });
    writeFileWhole(join(out, name), readFileSync(join(work, name)));
    return join(out, name);
  } finally {
    rmSync(work, { recursive: true });
  }
}

await run(command);

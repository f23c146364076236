/** The folder that `npm pack` packs. */
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { readJson, writeFileWhole } from "../../lib/store.ts";
import { emitPackage } from "../tslab/emit.ts";
import { type ProjectManifest, publishedManifest } from "./manifest.ts";

/**
 * What the library reads by name and an empty project lacks: the paper's tables, measured curves, results of long runs, and
 * the dense ResNet-32. DenseNet-121 would double the package; images and ResNet-50 stay where they are fetched from.
 */
const DATA = [
  "data/paper",
  "data/allocations",
  "data/curves",
  "data/results",
  "data/sweeps",
  "data/checkpoints/README.md",
  "data/checkpoints/resnet32.safetensors",
];

/**
 * Writes the library's modules and declarations, its data, its readme and its package.json.
 *
 * @param project The clone's folder.
 * @param out A new folder.
 */
export function stagePackage(project: string, out: string): void {
  emitPackage(join(project, "lib"), out, { forCells: false });
  for (const path of DATA) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    cpSync(join(project, path), join(out, path), { recursive: true });
  }
  copyFileSync(join(project, "LICENSE"), join(out, "LICENSE"));
  copyFileSync(join(project, "scripts", "pack", "README.md"), join(out, "README.md"));
  const manifest = publishedManifest(
    readJson(join(project, "package.json")) as ProjectManifest,
    join(out, "lib"),
  );
  writeFileWhole(join(out, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
}

/** The package `rd-pruning` in node_modules, under which tslab's cells find the library. */
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { FINGERPRINTS_FILE } from "../../lib/built.ts";
import { libraryVersion } from "../../lib/notebook/library_version.ts";
import { codeVersion } from "../../lib/rd_curve/code_version.ts";
import { sha256 } from "../../lib/store.ts";
import type { Project } from "../setup/project.ts";
import type { Step } from "../setup/step.ts";
import { emitPackage } from "./emit.ts";

/** Builds that are kept, 4 MB each. */
const KEPT = 5;

/** Built when a tslab kernel starts and the library has changed since: see kernel.cjs. */
export const tslabPackage: Step = {
  id: "tslab_package",
  title: "the library for tslab",
  bytes: () => 20e6,
  inputs: ({ folder }) => ({
    library: libraryVersion(),
    curves: codeVersion(),
    typescript: sha256(join(folder, "node_modules", "@tslab", "typescript-for-tslab", "package.json")),
    emitter: sha256(join(folder, "scripts", "tslab", "emit.ts")),
    language: sha256(join(folder, "scripts", "tslab", "language.d.ts")),
  }),
  outputs(project) {
    try {
      const folder = realpathSync(linkPath(project));
      return { name: basename(folder), fingerprints: sha256(join(folder, FINGERPRINTS_FILE)) };
    } catch {
      return null;
    }
  },
  run(project) {
    const folder = join(buildsFolder(project), `${libraryVersion().slice(0, 16)}.${process.pid}`);
    rmSync(folder, { recursive: true, force: true });
    emitPackage(join(project.folder, "lib"), folder);
    pointLink(linkPath(project), folder);
    removeOld(dirname(folder));
    return Promise.resolve();
  },
};

function linkPath({ folder }: Project): string {
  return join(folder, "node_modules", "rd-pruning");
}

/** Hidden, so that it is no package itself. */
function buildsFolder({ folder }: Project): string {
  return join(folder, "node_modules", ".rd-pruning");
}

/** From one moment to the next: a kernel that starts meanwhile finds the old package or the new. */
function pointLink(link: string, folder: string): void {
  const next = `${folder}.link`;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), folder), next);
  renameSync(next, link);
}

/** A kernel that runs may still read modules of an older build: the newest few stay. */
function removeOld(builds: string): void {
  const newestFirst = readdirSync(builds).map((name) => join(builds, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of newestFirst.slice(KEPT)) rmSync(folder, { recursive: true });
}

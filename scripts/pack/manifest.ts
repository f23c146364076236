/** The package.json of the published package. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { FINGERPRINTS_FILE } from "../../lib/built.ts";
import { readText } from "../../lib/store.ts";
import { ENTRY_POINTS } from "../tslab/emit.ts";

/** What is read of the project's own package.json. */
export interface ProjectManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * Loaded only by those who call for them: the first fetches libtensorflow from outside npm when its scripts run, the second
 * brings a copy of TensorFlow.js' native addon, the third needs a GPU.
 */
const OPTIONAL = ["@tensorflow/tfjs-node-gpu", "danfojs-node", "@tensorflow/tfjs-backend-webgpu"];

/** The kernel's own: found where tslab runs, and asked of it. */
const AMBIENT = ["tslab"];

/**
 * The manifest for a built library: the project's name and version, its pinned versions of what the code imports.
 *
 * @param lib The folder of built modules.
 * @throws {TypeError} If the code imports a package whose version the project does not pin.
 */
export function publishedManifest(project: ProjectManifest, lib: string): Record<string, unknown> {
  const { name, version, description, license, engines } = project;
  const pinned = (names: readonly string[]) =>
    Object.fromEntries(names.map((found) => {
      const wanted = project.dependencies[found];
      if (/^\d+\.\d+\.\d+$/.test(wanted ?? "")) return [found, wanted];
      throw new TypeError(
        `Cannot pack the library: it imports ${found}, whose version package.json must pin, got ${wanted}`,
      );
    }));
  const imported = importedPackages(lib).filter((found) => !AMBIENT.includes(found));
  const optional = imported.filter((found) => OPTIONAL.includes(found));
  return {
    ...{ name, version, description, license, engines },
    ...ENTRY_POINTS,
    exports: { ...ENTRY_POINTS.exports, "./package.json": "./package.json" },
    files: ["lib", "data", FINGERPRINTS_FILE],
    dependencies: pinned(imported.filter((found) => !OPTIONAL.includes(found))),
    peerDependencies: pinned(optional),
    peerDependenciesMeta: Object.fromEntries(optional.map((found) => [found, { optional: true }])),
  };
}

/** The packages of npm that modules import, at their head or when they run, in alphabetical order. */
export function importedPackages(lib: string): string[] {
  const names = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".js")
  );
  const found = names.flatMap((name) =>
    [...readText(join(lib, name)).matchAll(IMPORT)].map(([, specifier]) => packageOf(specifier))
  );
  return [...new Set(found)].filter((name) => !name.startsWith("node:")).sort();
}

/** `import … from "x"` and `export … from "x"` that begin a line, `import("x")` anywhere; relative ones left out. */
const IMPORT = /(?:^(?:import|export)\b[^"\n]*\bfrom |^import |\bimport\()"([^".\n][^"\n]*)"/gm;

/** `@scope/name/path` is a file of `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

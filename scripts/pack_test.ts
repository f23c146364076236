import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runScript } from "./_run_script.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { importedPackages, publishedManifest } from "./pack/manifest.ts";
import { findProgram } from "./setup/project.ts";
import { currentProject } from "./setup/steps.ts";

const npm = findProgram(currentProject(), ["npm"]);
if (npm === null) console.warn("pack: not tested, npm is not on PATH");

/** What a stranger does first: allocate, read a table, load a network, compute, and ask for what is not there. */
const PROGRAM = `
import * as rd from "rd-pruning";
const curves = rd.committedCurves("resnet32");
const allocation = rd.allocate(rd.allocationProblem(curves, 0.8));
const pruned = rd.pruneNetwork(rd.loadDenseNetwork("resnet32"), rd.masksFor(rd.loadDenseNetwork("resnet32"), allocation));
const engine = await rd.loadEngine({ engine: process.argv[2] });
const noise = rd.calibrationNoise(pruned, { samples: 1, seed: 1 });
const measured = await rd.measureCurves(engine, pruned, noise, { levels: [0, 0.5] });
let missing = "";
try { rd.loadCifar10("test"); } catch (error) { missing = error.message; }
console.log(JSON.stringify({
  sparsity: rd.summariseSparsity(pruned).sparsity,
  proved: allocation.proved,
  paper: rd.paperTable("tab1").records.length,
  engine: engine.name,
  costs: rd.costChart([{ what: "a", source: "b", method: "ours", seconds: 1 }]).data.length,
  curves: measured.layers.length,
  version: rd.provenance({ engine: null, seed: null, protocol: "test", samples: null }).version,
  out: rd.outputPath("pruned.safetensors"),
  missing,
}));
process.exit(0);
`;

const CONSUMER = `
import { allocate, allocationProblem, committedCurves, type Allocation, type Network } from "rd-pruning";
const allocation: Allocation = allocate(allocationProblem(committedCurves("resnet32"), 0.8));
export const counts: readonly number[] = allocation.layers.map(({ pruned }) => pruned);
export function layersOf(network: Network): number { return network.nodes.length; }
// @ts-expect-error a sparsity is a number
allocationProblem(committedCurves("resnet32"), "0.8");
`;

/** An empty project with the package in it, and with those packages alone that it declares, linked from here. */
async function install(folder: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runScript("pack", "--out", folder, "--json");
  assert.equal(code, 0, stderr);
  const { path, bytes } = JSON.parse(stdout) as { path: string; bytes: number };
  assert.equal(statSync(path).size, bytes);
  assert.ok(bytes < 5e6, `${bytes} bytes`);
  const home = join(folder, "node_modules", "rd-pruning");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", path, "-C", home, "--strip-components=1"]);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PROJECT_FOLDER, "node_modules", name), link);
  }
  return manifest;
}

Deno.test({
  name: "deno task pack: the package works in an empty project, under Node and Deno, with its types",
  ignore: npm === null,
  fn: async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "rd-pack-test-"));
    const execute = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: folder, encoding: "utf8" });
    try {
      const manifest = await install(folder);
      await t.step("it carries no source", () => {
        assert.equal(existsSync(join(folder, "node_modules", "rd-pruning", "lib", "mod.ts")), false);
        assert.deepEqual([manifest.name, manifest.private], ["rd-pruning", undefined]);
      });
      writeFileSync(join(folder, "program.mjs"), PROGRAM);
      for (const [runtime, ...args] of [["node"], [Deno.execPath(), "run", "-A", "--quiet"]]) {
        await t.step(`${args.length === 0 ? "Node" : "Deno"} runs it`, () => {
          const found = JSON.parse(execute(runtime, ...args, "program.mjs", "wasm"));
          assert.ok(found.sparsity >= 0.8 && found.sparsity < 0.801, found.sparsity);
          assert.match(found.missing, /data\/cache\/cifar10.*"deno task setup" in a clone of rd-pruning/);
          assert.deepEqual(
            [found.proved, found.engine, found.curves, found.version, found.paper > 0, found.costs > 0],
            [true, "wasm", 34, manifest.version, true, true],
          );
          assert.equal(found.out, join(folder, "reports", "pruned.safetensors"));
        });
      }
      writeFileSync(join(folder, "consumer.ts"), CONSUMER);
      await t.step("TypeScript knows its types", () => {
        const tsc = join(PROJECT_FOLDER, "node_modules", ".bin", "tsc");
        execute(
          "node",
          ...[tsc, "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"],
          "consumer.ts",
        );
      });
      await t.step(
        "Deno knows its types",
        () => void execute(Deno.execPath(), "check", "--quiet", "consumer.ts"),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

function withModules(modules: Readonly<Record<string, string>>, test: (lib: string) => void): void {
  const lib = mkdtempSync(join(tmpdir(), "rd-manifest-"));
  try {
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(lib, name), text);
    test(lib);
  } finally {
    rmSync(lib, { recursive: true });
  }
}

Deno.test("importedPackages() finds imports of every form and nothing else", () => {
  const text = 'import { z } from "zod";\nexport * from "@scope/one/deep.js";\nimport "bare";\n' +
    'import "./own.js";\nimport fs from "node:fs";\nconst sharp = await import("sharp");\n' +
    'export const INK = "#1F2933";\n// from "nowhere"\n';
  withModules({ "a.js": text, "b.d.ts": 'import "types-only";' }, (lib) => {
    assert.deepEqual(importedPackages(lib), ["@scope/one", "bare", "sharp", "zod"]);
  });
});

const PROJECT = { name: "n", version: "1.2.3", description: "d", license: "MIT", engines: { node: ">=20" } };

Deno.test("publishedManifest() pins what the code imports, and leaves the rest out", () => {
  const text = 'import { z } from "zod";\nawait import("danfojs-node");\nawait import("tslab");';
  const dependencies = { zod: "4.6.7", "danfojs-node": "1.2.0", commander: "14.0.3" };
  withModules({ "a.js": text }, (lib) => {
    const manifest = publishedManifest({ ...PROJECT, dependencies }, lib);
    assert.deepEqual(manifest.dependencies, { zod: "4.6.7" });
    assert.deepEqual(manifest.peerDependencies, { "danfojs-node": "1.2.0" });
    assert.deepEqual(manifest.peerDependenciesMeta, { "danfojs-node": { optional: true } });
  });
});

Deno.test("publishedManifest() refuses an import that is not pinned", () => {
  withModules({ "a.js": 'import "zod";' }, (lib) => {
    for (const dependencies of [{}, { zod: "^4.0.0" }] as Record<string, string>[]) {
      assert.throws(() => publishedManifest({ ...PROJECT, dependencies }, lib), {
        name: "TypeError",
        message:
          `Cannot pack the library: it imports zod, whose version package.json must pin, got ${dependencies.zod}`,
      });
    }
  });
});

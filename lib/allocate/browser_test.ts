import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import * as direct from "../allocate.ts";
import type { AllocationProblem } from "../allocation.ts";
import { createPrng } from "../prng.ts";
import { syntheticLayers } from "../synthetic_curves.ts";
import { randomProblem } from "./_oracles.ts";

/**
 * The solver as one script for a page, CommonJS so that its exports can be picked up without a module loader.
 *
 * Null where the bundler is not there: the runtime fetches it once, and tests work without a network.
 */
async function bundle(): Promise<string | null> {
  const entry = fileURLToPath(new URL("../allocate.ts", import.meta.url));
  const args = ["bundle", "--quiet", "--platform", "browser", "--format", "cjs", entry];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [script, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0 && /@esbuild\//.test(complaint)) return null;
  assert.equal(code, 0, complaint);
  return script;
}

/** Runs the script where there is the language and nothing else. */
function inBareContext(script: string): typeof direct {
  const context = createContext({ module: { exports: {} } });
  const names = ["Deno", "process", "require", "Buffer", "fetch", "performance", "setTimeout"];
  const found = runInContext(`${JSON.stringify(names)}.filter((name) => name in globalThis)`, context);
  assert.equal(found.length, 0, `the context has ${found.join(", ")}`);
  return runInContext(`${script}\nmodule.exports`, context);
}

/** Sees past the prototypes of another realm; JSON writes a float64 in full. */
function assertSame(actual: unknown, expected: unknown): void {
  assert.equal(JSON.stringify(actual), JSON.stringify(expected));
}

/** Two limits and constraints over the sizes of a network. */
function limitedProblem(): AllocationProblem {
  const layers = syntheticLayers(Array.from({ length: 34 }, (_, i) => 432 + 1024 * i), { seed: 5 });
  const cost = layers.map(({ weightCount, levels }, i) =>
    levels.map((level) => Math.ceil((34 - i) * weightCount * (1 - level)))
  );
  const most = Math.ceil(0.4 * cost.reduce((sum, [dense]) => sum + dense, 0));
  const limits = [{ name: "macs", cost, most }];
  return { layers, budget: 400_000, limits, constraints: { keepAlive: 1, frozen: ["layer0"] } };
}

const script = await bundle();
if (script === null) console.warn("browser_test: left out, deno bundle has to fetch its bundler first");

Deno.test({
  name: "the solver, bundled for a page and run in a bare context, returns the same bits",
  ignore: script === null,
  fn() {
    const page = inBareContext(script!);
    const prng = createPrng(31).next;
    for (let trial = 0; trial < 30; trial++) {
      const problem = randomProblem(prng, { layerCount: 6, levelCount: 10, largest: 500 });
      assertSame(page.allocate(problem), direct.allocate(problem));
    }
    const problem = limitedProblem();
    const { layers, limits } = problem;
    assertSame(page.allocate(problem), direct.allocate(problem));
    assertSame(page.allocationSlider({ layers })(300_000), direct.allocationSlider({ layers })(300_000));
    assertSame(page.hullFront({ layers, cost: limits![0] }), direct.hullFront({ layers, cost: limits![0] }));
    assert.throws(() => page.allocate({ layers, budget: 1e9 }), {
      name: "RangeError",
      message: /the reachable interval is/,
    });
  },
});

Deno.test("the solver's files import each other alone, and name no runtime", () => {
  const parts = readdirSync(new URL("./", import.meta.url)).filter((name) => !/^_|_test/.test(name));
  const files = ["../allocate.ts", "../allocation.ts", ...parts.map((name) => `./${name}`)];
  const own = new Set(files.map((file) => new URL(file, import.meta.url).href));
  for (const file of files) {
    const url = new URL(file, import.meta.url);
    const code = readFileSync(url, "utf8").replace(/^ \*.*$/gm, "");
    for (const [, from] of code.matchAll(/ from "([^"]+)"/g)) {
      assert.ok(own.has(new URL(from, url).href), `${file} imports ${from}`);
    }
    assert.doesNotMatch(code, /\bDeno\b|\bprocess\b|node:/, file);
  }
});

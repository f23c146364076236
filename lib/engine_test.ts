import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertAllclose, noiseInputs, testEngine, tinyNetwork } from "./_test_helpers.ts";
import { ENGINES, loadEngine } from "./engine.ts";
import { measureCurves, type RdCurve } from "./rd_curve.ts";

interface Probe {
  readonly name: string;
  readonly canTrain: boolean;
  readonly description: string;
  readonly check: { readonly count: number };
  readonly layers: readonly RdCurve[];
  readonly tensors: number;
}

/** Runs _engine_probe.ts in a process of its own. */
async function probe(args: readonly string[], env: Record<string, string> = {}): Promise<Probe> {
  const script = fileURLToPath(new URL("./_engine_probe.ts", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["run", "-A", script, ...args], {
    env: { ...process.env, ...env },
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

Deno.test("loadEngine() loads libtensorflow, says so, and has checked it", async () => {
  const engine = await loadEngine({ engine: "tensorflow", threads: 1 });
  assert.equal(engine.name, "tensorflow");
  assert.match(engine.description, /^libtensorflow \d+\.\d+\.\d+ \((GPU|CPU, 1 threads)\)$/);
  assert.equal(engine.canTrain, true);
  assert.ok(engine.check!.count > 40 && engine.check!.worstError < 1e-4);
});

Deno.test("loadEngine() hands out one engine per process and refuses a second one", async () => {
  const engine = await testEngine();
  assert.equal(await loadEngine(), engine);
  assert.equal(await loadEngine({ engine: engine.name }), engine);
  await assert.rejects(loadEngine({ engine: "cpu" }), {
    name: "RangeError",
    message: `Cannot load the engine "cpu": this process already runs "${engine.name}"`,
  });
  assert.equal(await loadEngine(), engine);
});

Deno.test("loadEngine() refuses an unknown name", async () => {
  assert.deepEqual(ENGINES, ["tensorflow", "webgpu", "wasm", "cpu"]);
  await assert.rejects(loadEngine({ engine: "abacus" }), {
    name: "RangeError",
    message: 'Cannot load the engine: the name must be one of tensorflow, webgpu, wasm, cpu, got "abacus"',
  });
});

Deno.test("loadEngine() runs wasm and cpu too: checked, named, with the same curves to a thousandth", async () => {
  const network = tinyNetwork();
  const levels = [0, 0.5, 0.9];
  const { layers } = await measureCurves(await testEngine(), network, noiseInputs(network, 6), { levels });
  const wasm = await probe(["wasm"]);
  const cpu = await probe([], { RD_ENGINE: "cpu" }); // asked for by the environment
  assert.deepEqual([wasm.name, wasm.canTrain], ["wasm", false]);
  assert.deepEqual([cpu.name, cpu.canTrain], ["cpu", true]);
  assert.match(wasm.description, /^WebAssembly, TensorFlow\.js 4\.\d+\.\d+$/);
  assert.match(cpu.description, /^plain JavaScript, TensorFlow\.js 4\.\d+\.\d+$/);
  assert.ok(0 < wasm.check.count && wasm.check.count < cpu.check.count); // no gradients on wasm
  for (const other of [wasm, cpu]) {
    assert.equal(other.tensors, 0);
    for (const [i, { distortion }] of layers.entries()) {
      assertAllclose(other.layers[i].distortion.mean, distortion.mean, { rtol: 1e-3 });
      assertAllclose(other.layers[i].distortion.worst, distortion.worst, { rtol: 1e-3 });
    }
  }
});

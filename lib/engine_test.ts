import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertAllclose, noiseInputs, testEngine, tinyLosses, tinyNetwork } from "./_test_helpers.ts";
import { ENGINES, loadEngine } from "./engine.ts";
import type { OptimizerName } from "./optimizer.ts";
import { measureCurves, type RdCurve } from "./rd_curve.ts";

interface Probe {
  readonly name: string;
  readonly canTrain: boolean;
  readonly description: string;
  readonly check: { readonly count: number };
  readonly layers: readonly RdCurve[];
  /** Or the error's name and message. */
  readonly training: Training | string;
  readonly tensors: number;
  /** NVIDIA_TF32_OVERRIDE once the engine is loaded. */
  readonly tf32?: string;
}

type Training = Readonly<Record<OptimizerName, readonly number[]>>;

/** Runs _engine_probe.ts in a process of its own. */
async function probe(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Probe> {
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
  assert.match(engine.description, /^libtensorflow \d+\.\d+\.\d+ \((GPU|CPU, 1 threads)(, fused)?\)$/);
  assert.equal(engine.canTrain, true);
  assert.ok(engine.check!.count > 80 && engine.check!.worstError < 1e-4);
});

Deno.test("loadEngine() keeps float32 on NVIDIA's cards, where the user does not say otherwise", async () => {
  for (const own of [undefined, "1"]) {
    const { name, tf32 } = await probe(["tensorflow"], { NVIDIA_TF32_OVERRIDE: own });
    assert.deepEqual([name, tf32], ["tensorflow", own ?? "0"]);
  }
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

/** What a probe measured agrees with this process's engine to a thousandth, and left nothing behind. */
async function assertSameCurves({ layers, tensors }: Probe): Promise<void> {
  const network = tinyNetwork();
  const own = await measureCurves(await testEngine(), network, noiseInputs(network, 6), {
    levels: [0, 0.5, 0.9],
  });
  for (const [i, { distortion }] of own.layers.entries()) {
    assertAllclose(layers[i].distortion.mean, distortion.mean, { rtol: 1e-3 });
    assertAllclose(layers[i].distortion.worst, distortion.worst, { rtol: 1e-3 });
  }
  assert.equal(tensors, 0);
}

/** Every step's loss agrees to a thousandth; by the last the weights have moved eight times. */
async function assertSameTraining({ training }: Probe): Promise<void> {
  for (const [optimizer, losses] of Object.entries(await tinyLosses(await testEngine()))) {
    assert.equal(losses.length, 8);
    assertAllclose((training as Training)[optimizer as OptimizerName], losses, { rtol: 1e-3 });
  }
}

Deno.test("loadEngine() runs cpu too: checked, named, with the same curves and the same training", async () => {
  const cpu = await probe([], { RD_ENGINE: "cpu" }); // asked for by the environment
  assert.deepEqual([cpu.name, cpu.canTrain], ["cpu", true]);
  assert.match(cpu.description, /^plain JavaScript, TensorFlow\.js 4\.\d+\.\d+$/);
  await assertSameCurves(cpu);
  await assertSameTraining(cpu);
});

Deno.test("loadEngine() runs wasm too: the same curves, and who asks it to train is told who can", async () => {
  const wasm = await probe(["wasm"]);
  assert.deepEqual([wasm.name, wasm.canTrain], ["wasm", false]);
  assert.match(wasm.description, /^WebAssembly, TensorFlow\.js 4\.\d+\.\d+$/);
  assert.ok(0 < wasm.check.count && wasm.check.count < (await testEngine()).check!.count); // no gradients
  await assertSameCurves(wasm);
  assert.equal(
    wasm.training,
    "TypeError: Cannot train on the engine wasm: it has no gradients, use tensorflow, webgpu or cpu",
  );
});

Deno.test("loadEngine() runs WebGPU too, on Vulkan in software where there is no GPU", async (t) => {
  const webgpu = await webgpuProbe();
  await t.step({
    name: webgpu === null
      ? "left out: this machine shows no adapter (Debian: mesa-vulkan-drivers, libvulkan1)"
      : `the same curves and the same training: ${webgpu.description}`,
    ignore: webgpu === null,
    async fn() {
      assert.deepEqual([webgpu!.name, webgpu!.canTrain], ["webgpu", true]);
      assert.match(webgpu!.description, /^WebGPU, TensorFlow\.js 4\.\d+\.\d+ on ./);
      assert.equal(webgpu!.check.count, (await testEngine()).check!.count);
      await assertSameCurves(webgpu!);
      await assertSameTraining(webgpu!);
    },
  });
});

/** Null where there is no adapter; any other failure is one. */
async function webgpuProbe(): Promise<Probe | null> {
  try {
    return await probe(["webgpu"], {
      XDG_RUNTIME_DIR: tmpdir(), // without it Mesa complains on standard error
      ...(process.platform === "linux" ? { DENO_WEBGPU_BACKEND: "vulkan" } : {}), // OpenGL in software takes a minute
    });
  } catch (error) {
    if (String((error as { stderr?: string }).stderr).includes("this machine shows no adapter")) return null;
    throw error;
  }
}

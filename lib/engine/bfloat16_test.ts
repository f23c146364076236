import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { bfloat16Engine, normals, testEngine, tinyArchitecture, tinyImages } from "../_test_helpers.ts";
import { atPrecision, type Engine } from "../engine.ts";
import { sizeOf } from "../network.ts";
import { take } from "../read_tensor.ts";
import { type EpochReport, train } from "../train.ts";
import { DEFAULT_RECIPE, type Recipe, startTraining } from "../training_state.ts";
import { createBfloat16Execute } from "./bfloat16.ts";
import type { NativeBackend } from "./native_backend.ts";
import type { Ops, Window } from "./ops.ts";

/** Hands over an engine that multiplies in bfloat16, where there is one. */
function withBfloat16(run: (engine: Engine, float32: Engine) => Promise<void>): () => Promise<void> {
  return async () => {
    const float32 = await testEngine();
    const engine = await bfloat16Engine(float32);
    if (engine !== null) await run(engine, float32);
  };
}

/** To the nearest of 8 significant bits, ties to even: the upper half of float32's bits. */
function rounded(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] + 0x7fff + (bits[0] >>> 16 & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0];
}

function roundedTensor(shape: number[], seed: number): tf.Tensor {
  return tf.tensor(normals(sizeOf(shape), seed).map(rounded), shape);
}

Deno.test(
  "a convolution in bfloat16 rounds its factors to the nearest, ties to even",
  withBfloat16(async ({ ops }) => {
    const one = { stride: 1, padding: 0 };
    const product = async (x: number, filter: number) => {
      const [images, filters] = [tf.tensor4d([x], [1, 1, 1, 1]), tf.tensor4d([filter], [1, 1, 1, 1])];
      const [value] = await take(ops.conv2d(images, filters, one));
      tf.dispose([images, filters]);
      return value;
    };
    const step = 2 ** -7; // from 1 to the next
    assert.equal(await product(1 + 0.49 * step, 1), 1);
    assert.equal(await product(1 + 0.51 * step, 1), 1 + step);
    assert.equal(await product(1 + 0.5 * step, 1), 1);
    assert.equal(await product(1 + 1.5 * step, 1), 1 + 2 * step);
    assert.equal(await product(3, 1 + 0.49 * step), 3);
    assert.equal(await product(2 ** 100, 2 ** -100), 1); // the exponent of float32
    assert.ok(Number.isNaN(await product(NaN, 1)));
  }),
);

// Filter side, channels in and out, window: those of the networks, wide ones on small maps among them.
const CASES: [number, number, number, number, Window][] = [
  [8, 3, 16, 3, { stride: 1, padding: 1 }],
  [8, 16, 32, 3, { stride: 2, padding: 1 }],
  [8, 16, 32, 1, { stride: 2, padding: 0 }],
  [8, 24, 12, 1, { stride: 1, padding: 0 }],
  [4, 256, 256, 3, { stride: 1, padding: 1 }],
  [2, 256, 256, 3, { stride: 1, padding: 1 }],
];

for (const [side, cin, cout, size, window] of CASES) {
  Deno.test(
    `conv ${size}x${size} ${cin}->${cout} stride ${window.stride} in bfloat16 sums exact products in float32`,
    withBfloat16(async (bfloat16, float32) => {
      const x = roundedTensor([2, side, side, cin], 1);
      const w = roundedTensor([size, size, cin, cout], 2);
      const like = float32.ops.conv2d(x, w, window);
      const dy = roundedTensor(like.shape, 3);
      like.dispose();
      const before = tf.memory().numTensors;
      // Factors that are bfloat16 already: float32 gives their sums but for its own rounding, a thousandth of what is allowed.
      const all = ({ ops }: { ops: Ops }) => [
        ops.conv2d(x, w, window),
        ops.conv2dInputGrad(dy, w, x.shape, window),
        ops.conv2dFilterGrad(x, dy, w.shape, window),
      ];
      const [found, expected] = [all(bfloat16), all(float32)];
      assert.equal(tf.memory().numTensors, before + 6);
      for (const [k, tensor] of found.entries()) {
        const [values, reference] = [await take(tensor), await take(expected[k])];
        const largest = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        values.forEach((value, i) => {
          const allowed = 2 ** -8 * Math.abs(reference[i]) + 1e-5 * largest; // the result's own rounding
          assert.ok(Math.abs(value - reference[i]) <= allowed, `${k}, ${i}: ${value} for ${reference[i]}`);
        });
      }
      tf.dispose([x, w, dy]);
    }),
  );
}

Deno.test("a bfloat16 operation deletes what it made when it fails half-way", () => {
  const alive = new Set<number>([1, 2]);
  let next = 10;
  const native = {
    binding: {
      executeOp(op: string) {
        if (op === "Conv2D") throw new Error("out of memory");
        alive.add(next);
        return [{ id: next++, shape: [], dtype: 14 }];
      },
      deleteTensor: (id: number) => alive.delete(id),
    },
    getInputTensorIds: () => [1, 2],
  };
  const execute = createBfloat16Execute(native as unknown as NativeBackend);
  const inputs = [{ dtype: "float32" }, { dtype: "float32" }] as tf.Tensor[];
  assert.throws(() => execute("Conv2D", [], inputs), { message: "out of memory" });
  assert.deepEqual([...alive], [1, 2]);
  assert.equal(next, 12, "both factors were rounded before it failed");
});

const TINY = tinyArchitecture();
const IMAGES = tinyImages(70, TINY);
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 6, batch: 16, peak: 0.05 };

Deno.test(
  "train() in bfloat16 learns, gives the same bits twice and others than in float32",
  withBfloat16(async (_, engine) => {
    const epochs: EpochReport[] = [];
    const trained = (precision?: "bfloat16", onEpoch?: (report: EpochReport) => void) =>
      train(engine, TINY, IMAGES, startTraining(TINY, { ...RECIPE, precision }), { onEpoch });
    const network = await trained("bfloat16", (report) => epochs.push(report));
    assert.ok(epochs.at(-1)!.loss < epochs[0].loss / 1.5);
    assert.deepEqual((await trained("bfloat16")).weights, network.weights);
    assert.notDeepEqual((await trained()).weights, network.weights);
  }),
);

Deno.test(
  "train() in bfloat16 shares a batch between processes",
  withBfloat16(async (_, engine) => {
    const recipe: Recipe = { ...RECIPE, epochs: 1, workers: 2, precision: "bfloat16" };
    const [once, again] = [
      await train(engine, TINY, IMAGES, startTraining(TINY, recipe)),
      await train(engine, TINY, IMAGES, startTraining(TINY, recipe)),
    ];
    assert.deepEqual(once.weights, again.weights);
  }),
);

Deno.test("atPrecision() says why an engine does not multiply in bfloat16", async () => {
  const engine = await testEngine();
  assert.equal(await atPrecision(engine), engine);
  assert.equal(await atPrecision(engine, "float32"), engine);
  await assert.rejects(atPrecision({ ...engine, name: "webgpu" }, "bfloat16"), {
    name: "TypeError",
    message: "Cannot compute in bfloat16: the engine webgpu has no such numbers, use float32",
  });
  await assert.rejects(atPrecision(engine, "float16" as "float32"), {
    name: "RangeError",
    message: 'Cannot compute in "float16": the precision must be one of float32, bfloat16',
  });
  assert.throws(() => startTraining(TINY, { ...RECIPE, precision: "float32" as "bfloat16" }), {
    name: "RangeError",
    message: 'Cannot train: the precision must be bfloat16 or not be named, got "float32"',
  });
});

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  assertAllclose,
  inTemporaryFolder,
  shakenNetwork,
  tinyArchitecture,
  tinyImages,
} from "./_test_helpers.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import {
  calibrationImages,
  calibrationMatchedNoise,
  calibrationNoise,
  calibrationTensors,
} from "./calibration_set.ts";
import type { NetworkNode } from "./network.ts";
import { resnet32 } from "./resnet32.ts";
import { serializeSafetensors, type StoredTensor } from "./safetensors.ts";

Deno.test("calibrationImages() takes images in file order, normalised as the network expects", () => {
  const architecture = tinyArchitecture();
  const set = tinyImages(10, architecture);
  const calibration = calibrationImages(architecture, set, { samples: 3, offset: 4 });
  assert.deepEqual([calibration.name, calibration.count], ["tiny images 4…6", 3]);
  assert.deepEqual(
    calibration.inputs,
    normaliseImages(set, 4, 3, createPixelTable(architecture.preprocessing)),
  );
  // (byte / 255 − 0.5) / 0.2 for the first channel
  assert.equal(calibration.inputs[0], Math.fround((set.pixels[4 * 128] / 255 - 0.5) / 0.2));
});

Deno.test("calibrationImages() refuses what the set does not hold", () => {
  const architecture = tinyArchitecture();
  const set = tinyImages(10, architecture);
  for (const [samples, offset] of [[11, 0], [1, 10], [2, 9]]) {
    assert.throws(() => calibrationImages(architecture, set, { samples, offset }), {
      name: "RangeError",
      message: `Cannot take images ${offset} … ${offset + samples - 1} of tiny: it holds 10, numbered from 0`,
    });
  }
  assert.throws(() => calibrationImages(architecture, set, { samples: 0 }), RangeError);
  assert.throws(() => calibrationImages(architecture, set, { samples: 1, offset: -1 }), RangeError);
});

Deno.test("calibrationNoise() is standard normal and follows from its seed", () => {
  const architecture = tinyArchitecture();
  const noise = calibrationNoise(architecture, { samples: 50, seed: 1 });
  assert.deepEqual([noise.name, noise.count, noise.shape], ["white noise, seed 1", 50, [8, 8, 2]]);
  assert.equal(noise.inputs.length, 50 * 128);
  const mean = noise.inputs.reduce((sum, value) => sum + value, 0) / 6400;
  const variance = noise.inputs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6400;
  assert.ok(Math.abs(mean) < 0.05 && Math.abs(variance - 1) < 0.07); // 4 standard errors
  assert.deepEqual(calibrationNoise(architecture, { samples: 50, seed: 1 }), noise);
  assert.notDeepEqual(calibrationNoise(architecture, { samples: 50, seed: 2 }).inputs, noise.inputs);
  const fewer = calibrationNoise(architecture, { samples: 2, seed: 1 });
  assert.deepEqual(fewer.inputs, noise.inputs.slice(0, 256)); // more samples keep the first ones
});

Deno.test("calibrationNoise() refuses an empty set", () => {
  for (const samples of [0, -1, 1.5, NaN]) {
    assert.throws(() => calibrationNoise(tinyArchitecture(), { samples, seed: 1 }), {
      name: "RangeError",
      message: `Cannot make a calibration set: samples must be a whole number from 1, got ${samples}`,
    });
  }
});

Deno.test("calibrationMatchedNoise() finds the channels whose statistics the stem's batch normalisation holds", () => {
  const network = shakenNetwork(resnet32());
  const [means, deviations] = [[0.3, -0.2, 0.1], [1.5, 0.4, 0.8]];
  const { data } = network.weights.get("conv1.weight")!;
  const over = (o: number, f: (w: number, c: number) => number) => {
    let sum = 0;
    for (let c = 0; c < 3; c++) for (let k = 0; k < 9; k++) sum += f(data[(o * 3 + c) * 9 + k], c);
    return sum;
  };
  const statistic = (f: (w: number, c: number) => number) => (
    { shape: [16], data: Float32Array.from({ length: 16 }, (_, o) => over(o, f)) }
  );
  const weights = new Map([
    ...network.weights,
    ["bn1.running_mean", statistic((w, c) => w * means[c])],
    ["bn1.running_var", statistic((w, c) => w * w * deviations[c] ** 2)],
  ]);
  const noise = calibrationMatchedNoise({ ...network, weights }, { samples: 8, seed: 1 });
  assert.deepEqual([noise.name, noise.count], ["noise matched to the stem, seed 1", 8]);
  const channel = (c: number) => noise.inputs.filter((_, i) => i % 3 === c);
  const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  for (let c = 0; c < 3; c++) {
    const values = channel(c); // 8,192 draws: five standard errors
    assert.ok(Math.abs(mean(values) - means[c]) < 0.055 * deviations[c]);
    const deviation = Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));
    assertAllclose([deviation], [deviations[c]], { rtol: 0.04 });
  }
  const apart = network.nodes.flatMap((node): NetworkNode[] =>
    node.op === "conv" && node.name === "conv1"
      ? [
        { op: "pad", name: "conv1_pad", inputs: ["input"], margins: [1, 1, 1, 1] },
        { ...node, inputs: ["conv1_pad"], padding: 0 },
      ]
      : [node]
  );
  const padded = { ...network, nodes: apart, weights };
  assert.deepEqual(calibrationMatchedNoise(padded, { samples: 8, seed: 1 }), noise); // the same function in two nodes
  const flat = new Map([...weights, ["bn1.running_var", { shape: [16], data: new Float32Array(16) }]]);
  assert.throws(() => calibrationMatchedNoise({ ...network, weights: flat }, { samples: 1, seed: 1 }), {
    name: "RangeError",
    message: "Cannot match noise to resnet32: its stem's statistics must need some variance, they need none",
  });
  assert.throws(() => calibrationMatchedNoise(shakenNetwork(tinyArchitecture()), { samples: 1, seed: 1 }), {
    name: "TypeError",
    message: "Cannot match noise to tiny: batch normalisation must follow its first convolution, none does",
  });
});

Deno.test(
  "calibrationTensors() takes fixed inputs from a file, and transposes nothing",
  inTemporaryFolder((folder) => {
    const architecture = tinyArchitecture();
    const path = join(folder, "fixed.safetensors");
    const data = Float32Array.from({ length: 3 * 128 }, (_, i) => i);
    const write = (tensor: StoredTensor, name = "inputs") =>
      writeFileSync(path, serializeSafetensors(new Map([[name, tensor]])));
    write({ dtype: "F32", shape: [3, 8, 8, 2], data });
    const all = calibrationTensors(architecture, path);
    assert.deepEqual(all, { name: "fixed.safetensors inputs 0…2", count: 3, shape: [8, 8, 2], inputs: data });
    const last = calibrationTensors(architecture, path, { samples: 1, offset: 2 });
    assert.deepEqual([last.count, last.inputs[0]], [1, 256]);
    assert.throws(() => calibrationTensors(architecture, path, { samples: 3, offset: 1 }), {
      name: "RangeError",
      message: /: inputs 1 … 3 must be there, it holds 3$/,
    });
    for (const wrong of [{ samples: NaN }, { samples: 1.5 }, { samples: 2, offset: -1 }, { samples: 0 }]) {
      assert.throws(() => calibrationTensors(architecture, path, wrong), { name: "RangeError" });
    }
    write({ dtype: "F32", shape: [3, 2, 8, 8], data });
    assert.throws(() => calibrationTensors(architecture, path), {
      name: "TypeError",
      message: /: inputs must have shape \[N,8,8,2\], got \[3,2,8,8\]$/,
    });
    write({ dtype: "F32", shape: [3, 8, 8, 2], data }, "images");
    assert.throws(() => calibrationTensors(architecture, path), {
      name: "TypeError",
      message: /: it must hold a tensor "inputs" of F32, got none$/,
    });
    const broken = data.slice();
    broken[200] = NaN;
    write({ dtype: "F32", shape: [3, 8, 8, 2], data: broken });
    assert.throws(() => calibrationTensors(architecture, path), {
      name: "RangeError",
      message: /: every value must be finite, got NaN in input 1$/,
    });
    assert.throws(() => calibrationTensors(architecture, join(folder, "none")), { name: "FileError" });
  }),
);

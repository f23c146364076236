import assert from "node:assert/strict";
import { tinyArchitecture, tinyImages } from "./_test_helpers.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import { calibrationImages, calibrationNoise } from "./calibration_set.ts";

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

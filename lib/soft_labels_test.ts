import assert from "node:assert/strict";
import { tinyArchitecture, tinyImages, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { evaluate } from "./evaluate.ts";
import { softLabels } from "./soft_labels.ts";

const TEACHER = tinyNetwork();
const SET = tinyImages(20, tinyArchitecture());

/** The same images, each row of pixels read backwards. */
function mirrored(): typeof SET {
  const [height, width, channels] = SET.shape;
  const pixels = SET.pixels.map((_, i) => {
    const [c, x, row] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / (width * channels))];
    assert.ok(row < SET.count * height);
    return SET.pixels[(row * width + width - 1 - x) * channels + c];
  });
  return { ...SET, pixels };
}

Deno.test(
  "softLabels() mixes labels and the mean of the softened answers to each image and its mirror image",
  withEngine(async (engine) => {
    const views: number[][] = [];
    for (const set of [SET, mirrored()]) {
      const all: number[] = [];
      await evaluate(engine, TEACHER, set, { onLogits: (logits) => void all.push(...logits) });
      views.push(all);
    }
    const [share, temperature] = [0.75, 2];
    const given = await softLabels(engine, TEACHER, SET, { share, temperature, batch: 7 });
    for (let image = 0; image < SET.count; image++) {
      const rows = views.map((logits) => {
        const powers = [0, 1, 2].map((k) => Math.exp(logits[3 * image + k] / temperature));
        return powers.map((power) => power / (powers[0] + powers[1] + powers[2]));
      });
      for (let k = 0; k < 3; k++) {
        const label = k === SET.labels[image] ? 1 - share : 0;
        const expected = label + share * (rows[0][k] + rows[1][k]) / 2;
        assert.ok(Math.abs(given[3 * image + k] - expected) < 1e-6);
      }
    }
    assert.notDeepEqual(views[0], views[1]);
  }),
);

Deno.test(
  "softLabels() gives labels alone at share 0, and even targets at a boundless temperature",
  withEngine(async (engine) => {
    const labels = await softLabels(engine, TEACHER, SET, { share: 0 });
    assert.deepEqual(
      [...labels],
      [...SET.labels].flatMap((label) => [0, 1, 2].map((k) => k === label ? 1 : 0)),
    );
    const even = await softLabels(engine, TEACHER, SET, { share: 1, temperature: 1e9 });
    for (const value of even) assert.ok(Math.abs(value - 1 / 3) < 1e-6);
    const progress: number[][] = [];
    await softLabels(engine, TEACHER, SET, {
      batch: 16,
      onProgress: (...given) => void progress.push(given),
    });
    assert.deepEqual(progress, [[16, 40], [20, 40], [36, 40], [40, 40]]);
  }),
);

Deno.test(
  "softLabels() refuses a share, a temperature or classes that make no sense",
  withEngine(async (engine) => {
    const fewer = { ...SET, classes: ["a", "b"] };
    const cases = [
      [
        SET,
        { share: 1.5 },
        "RangeError",
        "Cannot soften labels: the teacher's share must lie in [0, 1], got 1.5",
      ],
      [SET, { temperature: 0 }, "RangeError", "Cannot soften labels: the temperature must be above 0, got 0"],
      [fewer, {}, "TypeError", "Cannot soften labels of tiny: tiny must know its 2 classes, knows 3"],
    ] as const;
    for (const [set, options, name, message] of cases) {
      await assert.rejects(softLabels(engine, TEACHER, set, options), { name, message });
    }
  }),
);

import assert from "node:assert/strict";
import { float64Forward } from "./_float64_network.ts";
import { float64Weights, tinyImages, tinyNetwork, withEngine, withValues } from "./_test_helpers.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import { evaluate } from "./evaluate.ts";

Deno.test(
  "evaluate() predicts what float64 loops predict, whatever the batch",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = tinyImages(11, network);
    const inputs = normaliseImages(set, 0, 11, createPixelTable(network.preprocessing));
    const logits = float64Forward(network, float64Weights(network), inputs).get("linear")!;
    const expected = Array.from(set.labels, (_, i) => {
      const row = [...logits.slice(3 * i, 3 * i + 3)];
      return row.indexOf(Math.max(...row));
    });
    const correct = expected.filter((label, i) => label === set.labels[i]).length;
    for (const batch of [1, 4, 11, 250]) {
      const result = await evaluate(engine, network, set, { batch });
      assert.deepEqual([...result.predictions], expected);
      assert.deepEqual([result.top1, result.samples], [correct / 11, 11]);
    }
  }),
);

Deno.test(
  "evaluate() uses the network's own preprocessing and reports its progress",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = tinyImages(30, network);
    const progress: [number, number][] = [];
    const { predictions } = await evaluate(engine, network, set, {
      batch: 20,
      onProgress: (done, total) => void progress.push([done, total]),
    });
    assert.deepEqual(progress, [[20, 30], [30, 30]]);
    const shifted = { ...network, preprocessing: { mean: [5, -5], std: [0.1, 0.1] } };
    assert.notDeepEqual((await evaluate(engine, shifted, set)).predictions, predictions);
  }),
);

Deno.test(
  "evaluate() refuses images of another shape, and an empty set",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = tinyImages(3, network);
    await assert.rejects(evaluate(engine, network, { ...set, shape: [16, 16, 2] }), {
      name: "TypeError",
      message: "Cannot run tiny on tiny: images must have shape [8,8,2], got [16,16,2]",
    });
    await assert.rejects(evaluate(engine, network, { ...set, count: 0 }), {
      name: "RangeError",
      message: "Cannot run tiny on tiny: it must hold at least one image, got 0",
    });
  }),
);

Deno.test(
  "evaluate() names the image whose logits are not finite, and leaves no tensor",
  withEngine(async (engine) => {
    const network = withValues(tinyNetwork(), "linear.bias", { 1: Infinity });
    await assert.rejects(evaluate(engine, network, tinyImages(3, network)), {
      name: "RangeError",
      message: "Cannot classify image 0: its logits must be finite, got Infinity for class 1",
    });
  }),
);

import assert from "node:assert/strict";
import { bfloat16Engine, withEngine } from "../../lib/_test_helpers.ts";
import { benchCase, createWorkload, KINDS, relativeDifference } from "./engine_cases.ts";

Deno.test("benchCase() reads a kind and a batch", () => {
  assert.deepEqual(benchCase("train-128"), { name: "train-128", kind: "train", batch: 128 });
  assert.equal(KINDS[benchCase("train-bfloat16-128").kind].precision, "bfloat16");
  const { kind, batch } = benchCase("inference-workers-512");
  assert.deepEqual([kind, batch], ["inference-workers", 512]);
});

for (const name of ["train", "train-1", "learn-128", "train-0128x", "constructor-8", "-8", ""]) {
  Deno.test(`benchCase() refuses "${name}"`, () => {
    assert.throws(() => benchCase(name), {
      name: "RangeError",
      message:
        `Cannot measure the case "${name}": it must be one of inference, train, train-bfloat16, inference-workers, workers with a batch from 2, such as train-128`,
    });
  });
}

Deno.test("relativeDifference() is the largest one, as a share of the peer's largest", () => {
  assert.equal(relativeDifference([1, -3.5, 4], [1, -3, 4]), 0.125); // 0.5 of 4
  assert.equal(relativeDifference([2], [2]), 0);
});

Deno.test("relativeDifference() never hides a NaN or a missing value", () => {
  assert.equal(relativeDifference([NaN, 1], [1, 1]), NaN);
  assert.throws(() => relativeDifference([1], [1, 2]), {
    name: "TypeError",
    message: /as many values, got 1 and 2/,
  });
});

const BATCH = 4; // two images a worker

for (const [name, kind] of Object.entries(KINDS)) {
  Deno.test(
    `the case ${name} counts whole batches, repeats its values bit by bit and leaves no tensor`,
    withEngine(async (engine) => {
      if (kind.precision === "bfloat16" && await bfloat16Engine(engine) === null) return;
      const values: number[][] = [];
      for (let k = 0; k < 2; k++) {
        const runner = await kind.open(engine, await createWorkload(engine, "resnet32", BATCH), 2);
        values.push(Array.from(runner.values));
        const { images, seconds } = await runner.run(1e-9);
        assert.equal(images, name === "inference-workers" ? 2 * BATCH : BATCH); // one batch is the least, or one each
        assert.ok(seconds > 0);
        runner.close();
      }
      assert.ok(values[0].length > 1 && values[0].every(Number.isFinite));
      assert.deepEqual(values[0], values[1]);
    }),
  );
}

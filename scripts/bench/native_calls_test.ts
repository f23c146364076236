import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { withEngine } from "../../lib/_test_helpers.ts";
import { timeNativeCalls } from "./native_calls.ts";

Deno.test(
  "timeNativeCalls() counts each operation, and takes its clocks away again",
  withEngine(async ({ name }) => {
    if (name !== "tensorflow") {
      return console.warn("native_calls_test: skipped, the engine tensorflow is not there");
    }
    const x = tf.tensor1d([1, 2, 3]);
    const work = async () => {
      for (let k = 0; k < 3; k++) {
        const y = tf.tidy(() => tf.square(tf.square(x)));
        await y.data();
        y.dispose();
      }
    };
    const { seconds, nativeSeconds, operations } = await timeNativeCalls(work);
    assert.equal(operations.find((operation) => operation.name === "Square")?.calls, 6);
    assert.equal(operations.find((operation) => operation.name === "tensorDataSync")?.calls, 3);
    assert.ok(nativeSeconds > 0 && nativeSeconds <= seconds);
    await work();
    assert.equal(operations.find((operation) => operation.name === "Square")?.calls, 6);
    await assert.rejects(timeNativeCalls(async () => {}), { name: "TypeError", message: /saw none/ });
    x.dispose();
  }),
);

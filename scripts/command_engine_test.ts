import assert from "node:assert/strict";
import { passedOverText } from "./command_engine.ts";

Deno.test("passedOverText() says which faster engines did not load and why, and nothing of the best", () => {
  assert.equal(
    passedOverText({ description: "libtensorflow 2.18.0 (CPU, 2 threads)", passedOver: [] }),
    null,
  );
  assert.equal(
    passedOverText({
      description: "WebAssembly, TensorFlow.js 4.22.0",
      passedOver: ["tensorflow: no such file", "webgpu: no adapter"],
    }),
    "computes on WebAssembly, TensorFlow.js 4.22.0, since faster ones did not load: tensorflow: no such file; " +
      'webgpu: no adapter (see "deno task doctor")',
  );
});

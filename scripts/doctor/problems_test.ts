import assert from "node:assert/strict";
import { type Facts, problems } from "./problems.ts";

const WELL: Facts = {
  versions: { node: "20.20.2", compiler: "c++ 12.2.0" },
  setup: { "npm packages": true, "TensorFlow addon": true },
  engines: [{ name: "tensorflow", loads: true }, { name: "cpu", loads: true }],
  engine: "tensorflow",
  checkpoints: ["resnet32.safetensors"],
  freeBytes: 5e9,
};

Deno.test("problems() finds none where all is well", () => {
  assert.deepEqual(problems(WELL), []);
});

Deno.test("problems() sends what is not set up to setup", () => {
  const [problem, ...others] = problems({
    ...WELL,
    setup: { "npm packages": false, "TensorFlow addon": true },
  });
  assert.deepEqual(problem, { what: "not set up: npm packages", mend: "deno task setup", isFatal: true });
  assert.deepEqual(others, []);
});

Deno.test("problems() is fatal without an engine, not without the fastest", () => {
  const none = problems({ ...WELL, engines: [], engine: null });
  assert.deepEqual(none.map(({ what, isFatal }) => [what, isFatal]), [["no engine loads", true]]);
  const engines = [{ name: "tensorflow", loads: false, reason: "no library" }, { name: "cpu", loads: true }];
  const [slow] = problems({ ...WELL, engines, engine: "cpu" });
  assert.equal(slow.what, "the fastest engine does not load: no library");
  assert.equal(slow.isFatal, false);
});

Deno.test("problems() names an old Node.js, no compiler, no checkpoint, a full disk", () => {
  const versions = { node: "18.19.1", compiler: null };
  const found = problems({ ...WELL, versions, checkpoints: [], freeBytes: 1.5e9 });
  assert.deepEqual(found.map(({ what, isFatal }) => [what, isFatal]), [
    ["Node.js 20 or newer is needed, found 18.19.1", true],
    ["no C++ compiler: the addon cannot be built again", false],
    ["no trained network in data/checkpoints", false],
    ["only 1.5 GB are free on the disk", false],
  ]);
});

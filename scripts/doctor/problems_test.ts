import assert from "node:assert/strict";
import { type Facts, problems } from "./problems.ts";

const WELL: Facts = {
  versions: { node: "20.20.2", compiler: "c++ 12.2.0" },
  setup: { "npm packages": true, "TensorFlow addon": true },
  faults: [],
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

Deno.test("problems() passes on why a step cannot be told", () => {
  const [problem] = problems({ ...WELL, faults: ["Cannot read package-lock.json: it must be JSON"] });
  assert.deepEqual([problem.what, problem.isFatal], ["Cannot read package-lock.json: it must be JSON", true]);
});

Deno.test("problems() is fatal without an engine, not without the fastest", () => {
  const none = problems({ ...WELL, engines: [], engine: null });
  assert.deepEqual(none.map(({ what, isFatal }) => [what, isFatal]), [["no engine loads", true]]);
  const engines = [{ name: "tensorflow", loads: false, reason: "no library" }, { name: "cpu", loads: true }];
  const [slow] = problems({ ...WELL, engines, engine: "cpu" });
  assert.equal(slow.what, "the fastest engine does not load: no library");
  assert.equal(slow.isFatal, false);
  assert.match(slow.mend, /^rm( data\/cache\/setup\/\w+\.json)+ && deno task setup$/); // the mark of --gpu stays
});

Deno.test("problems() notes a Node.js on which tslab does not start", () => {
  for (
    const [node, count] of [["20.18.3", 1], ["20.19.0", 0], ["21.7.0", 1], ["22.11.0", 1], ["24.0.0", 0]]
  ) {
    const found = problems({ ...WELL, versions: { ...WELL.versions, node: String(node) } });
    assert.equal(found.length, count, String(node));
  }
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

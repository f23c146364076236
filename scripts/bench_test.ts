import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, runScript } from "./_run_script.ts";
import { readEngineBench } from "./bench/engine_file.ts";
import { installedTorch } from "./bench/torch_environment.ts";

function bench(...args: string[]): Promise<Outcome> {
  return runScript("bench", ...args);
}

Deno.test("bench teaches with --help, and so does each subject", async () => {
  const { code, stdout } = await bench("--help");
  assert.equal(code, 0);
  assert.match(stdout, /engine \[options\]/);
  const engine = await bench("engine", "--help");
  assert.equal(engine.code, 0);
  assert.match(engine.stdout, /--repetitions <n>[\s\S]*Examples:/);
});

Deno.test("bench refuses wrong use in one line with exit code 2", async () => {
  const wrong = [
    [["engine", "--cases", "train"], /Cannot measure the case "train"/],
    [["engine", "--models", "resnet99"], /Cannot build the model "resnet99"/],
    [["engine", "--seconds", "0"], /must be above 0/],
    [["engine", "--leak-steps", "3"], /0 or at least 20/],
    [["engine", "--peer-settings", "jit"], /one of them beside jit/],
    [["engine", "--colour"], /--colour/],
  ] as const;
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await bench(...args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^bench: [^\n]+\n$/);
    assert.match(stderr, message);
  }
});

const hasTorch = installedTorch() !== null;
if (!hasTorch) {
  console.warn("bench_test: a run was skipped, PyTorch is not installed; run: deno task bench engine");
}

Deno.test({
  name: "bench engine measures both sides, agreed on the numbers, and stores them with their provenance",
  ignore: !hasTorch,
  fn: async () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-bench-test-"));
    const out = join(folder, "made", "bench.json"); // a folder that is not there yet
    const small = [
      "--models",
      "resnet32",
      "--cases",
      "inference-4,train-8",
      "--repetitions",
      "1",
      "--threads",
      "1",
    ];
    const quick = ["--seconds", "0.01", "--starts", "0", "--leak-steps", "20", "--peer-settings", "eager"];
    const { code, stdout, stderr } = await bench("engine", ...small, ...quick, "--out", out);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /resnet32 +train-8/);
    const { cases, steps, start, memory, provenance } = readEngineBench(out);
    assert.deepEqual(cases.map(({ name }) => name), ["inference-4", "train-8"]);
    for (const { macs } of cases) assert.equal(macs, 69_124_736);
    assert.ok(cases[0].difference < 1e-5); // losses after steps may part more: ReLU's corners turn with rounding
    assert.ok(steps[0].operations.some(({ name }) => name === "Conv2DBackpropFilter"));
    assert.equal(start, null);
    assert.equal(memory!.tensorsAfter, memory!.tensorsBefore);
    assert.match(String(provenance.engine), /libtensorflow/);
    const readme = await bench("engine", "--markdown", "--out", out);
    assert.match(readme.stdout, /\| resnet32 \| inference-4 \|/);
    assert.ok(existsSync(out));
    rmSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "bench curves measures both sides, agreed on the numbers, and says what it extrapolates from",
  ignore: !hasTorch,
  fn: async () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-bench-test-"));
    const out = join(folder, "made", "curves.json");
    const small = ["--samples", "4", "--layers", "2", "--levels", "2", "--turns", "1", "--workers", "1"];
    const { code, stdout, stderr } = await bench("curves", ...small, "--out", out, "--json");
    try {
      assert.equal(code, 0, stderr);
      const result = JSON.parse(readFileSync(out, "utf8"));
      assert.deepEqual(JSON.parse(stdout), result);
      assert.deepEqual(result.part, { layers: ["conv1", "linear"], levels: 2, grid: 3400 });
      assert.ok(result.difference < 1e-2 && result.ratio.median > 0 && result.adaptive === null);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

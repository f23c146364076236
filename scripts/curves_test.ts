import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shakenNetwork, withValues } from "../lib/_test_helpers.ts";
import { saveNetwork } from "../lib/checkpoint.ts";
import { type CurvesFile, readCurves } from "../lib/rd_files.ts";
import { resnet32 } from "../lib/resnet32.ts";
import { readShard, writeShard } from "./curves/shard_file.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const FOLDER = mkdtempSync(join(tmpdir(), "rd-curves-test-"));
const at = (name: string) => join(FOLDER, name);
const NOISE = ["--data", "noise", "--samples", "4", "--micro-batch", "2"];

let weights: string | undefined;

async function curves(...args: string[]): Promise<Outcome> {
  if (weights === undefined) saveNetwork(weights = at("weights.safetensors"), shakenNetwork(resnet32()));
  const network = args.includes("--merge") ? [] : ["--model", "resnet32", "--weights", weights];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      fileURLToPath(new URL("./curves.ts", import.meta.url)),
      ...network,
      ...args,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function measured(name: string, ...args: string[]): Promise<CurvesFile> {
  const { code, stderr } = await curves(...args, "--out", at(name));
  assert.equal(code, 0, stderr);
  return readCurves(at(name));
}

/** Everything but where and when. */
function numbers({ provenance: _, ...file }: CurvesFile): Omit<CurvesFile, "provenance"> {
  return file;
}

Deno.test.afterAll(() => rmSync(FOLDER, { recursive: true }));

Deno.test("curves gives the same bits from one process, two workers, shards, and a cache with a hole", async () => {
  const LEVELS = ["--levels", "0,0.4,0.9"];
  const cache = at("cache");
  const one = await measured("one.json", ...NOISE, ...LEVELS, "--workers", "1", "--cache", cache);
  const two = await measured("two.json", ...NOISE, ...LEVELS, "--workers", "2", "--no-cache");
  assert.deepEqual(numbers(two), numbers(one));
  assert.deepEqual([one.provenance.workers, two.provenance.workers, two.provenance.microBatch], [1, 2, 2]);

  const { budget, peak } = one.provenance.memoryMiB as { budget: number; peak: number | null };
  assert.equal(budget, 4096);
  if (peak !== null) assert.ok(peak > 50 && peak < 1.2 * budget, `${peak}`); // the engine alone takes 50

  for (const shard of [1, 2]) {
    const out = ["--out", at(`${shard}.safetensors`)];
    const { code, stderr } = await curves(...NOISE, ...LEVELS, "--shard", `${shard}/2`, "--no-cache", ...out);
    assert.equal(code, 0, stderr);
  }
  const joined = await measured("joined.json", "--merge", at("2.safetensors"), at("1.safetensors"));
  assert.deepEqual(numbers(joined), numbers(one));
  assert.deepEqual([joined.provenance.shards, joined.provenance.workers], [2, [1, 1]]);
  const seconds = [1, 2].map((shard) => Number(readShard(at(`${shard}.safetensors`)).origin.seconds));
  assert.equal(joined.provenance.seconds, Number((seconds[0] + seconds[1]).toFixed(1)));
  assert.equal(joined.provenance.processor, one.provenance.processor);
  const other = readShard(at("1.safetensors"));
  writeShard(at("other.safetensors"), { ...other, origin: { ...other.origin, processor: "another" } });
  const mixed = await curves(
    "--merge",
    at("other.safetensors"),
    at("2.safetensors"),
    "--out",
    at("mixed.json"),
  );
  assert.match(mixed.stdout, /2 shards from 2 kinds of processor, whose last bits may differ\n$/);
  assert.deepEqual(readCurves(at("mixed.json")).provenance.processor, ["another", one.provenance.processor]);
  const lonely = await curves("--merge", at("1.safetensors"), "--out", at("never.json"));
  assert.deepEqual([lonely.code, lonely.stderr], [
    1,
    "curves: Cannot join shards: each of 1 … 2 must be there once, got 1\n",
  ]);

  const [key] = readdirSync(cache);
  const parts = readdirSync(join(cache, key)).filter((name) => name.endsWith(".safetensors"));
  assert.equal(parts.length, 2 * 34);
  rmSync(join(cache, key, parts[0]));
  const altered = readFileSync(join(cache, key, parts[1]));
  altered[altered.length - 1] ^= 1;
  writeFileSync(join(cache, key, parts[1]), altered);
  const again = await curves(
    ...NOISE,
    ...LEVELS,
    "--workers",
    "1",
    "--cache",
    cache,
    "--out",
    at("again.json"),
  );
  assert.equal(again.code, 0, again.stderr);
  assert.match(
    again.stderr,
    /the cache entry .* is measured anew: its SHA-256 must be the one it names, it is not/,
  );
  assert.deepEqual(numbers(readCurves(at("again.json"))), numbers(one));
});

Deno.test("curves under least squares gives the same bits from one process and from two workers", async () => {
  const args = [...NOISE, "--levels", "0,0.97", "--recovery", "lsq"];
  const one = await measured("lsq1.json", ...args, "--workers", "1", "--no-cache");
  assert.equal((one as Record<string, unknown>).recovery, "lsq");
  assert.match(String(one.provenance.protocol), /surviving weights solved anew by least squares/);
  const two = await measured("lsq2.json", ...args, "--workers", "2", "--no-cache");
  assert.deepEqual(numbers(two), numbers(one));
});

Deno.test("curves predicts by gradients, certifies, and says so in its file", async () => {
  const few = ["--data", "noise", "--samples", "1", "--workers", "1", "--cache", at("few")];
  const predict = [...few, "--levels", "0,0.5", "--first-order"];
  const first = await measured("first.json", ...predict);
  assert.equal((first as Record<string, unknown>).method, "first-order");
  const [key] = readdirSync(at("few"));
  assert.equal(readdirSync(join(at("few"), key)).filter((name) => name.endsWith(".safetensors")).length, 34);
  assert.deepEqual(numbers(await measured("first2.json", ...predict)), numbers(first));
  const certified = await measured(
    "certified.json",
    ...few,
    "--levels",
    "6",
    "--certify",
    "0.5",
    "--gap",
    "0.2",
  );
  const { certificates, measured: levels, grid } = certified.certified as {
    certificates: { sparsity: number; gap: number }[];
    measured: number;
    grid: number;
  };
  assert.ok(certificates[0].gap <= 0.2 && levels <= grid && grid === 34 * 5);
});

Deno.test("curves tells what a worker could not measure as it tells its own errors", async () => {
  const loud = withValues(shakenNetwork(resnet32()), "layer1.0.conv1.weight", { 0: 3e38, 1: 3e38 });
  saveNetwork(at("loud.safetensors"), loud);
  const args = [...NOISE, "--levels", "0,0.4", "--workers", "2", "--no-cache", "--out", at("never.json")];
  const { code, stdout, stderr } = await curves(...args, "--weights", at("loud.safetensors"));
  assert.deepEqual([code, stdout], [1, ""], stderr);
  assert.match(
    stderr,
    /\ncurves: Cannot measure curves of resnet32: on image \d the dense network's output must be finite, [^\n]+\n$/,
  );
});

Deno.test("curves refuses what it cannot measure in one line, and writes nothing", async () => {
  const refusals = [
    [
      2,
      ["--shard", "1/2"],
      /^curves: Cannot measure a shard of adaptive or certified curves: name the levels/,
    ],
    [2, ["--shard", "3/2", "--levels", "5"], /a shard must be I\/N with 1 ≤ I ≤ N/],
    [2, ["--first-order", "--certify", "0.5"], /^curves: Cannot combine --first-order with --certify/],
    [2, ["--certify", "1"], /a sparsity must lie in \(0, 1\), got 1/],
    [2, ["--quantile", "1"], /the quantile must lie in \(0, 1\), got 1/],
    [
      1,
      ["--memory", "10", "--levels", "3"],
      /^curves: Cannot measure curves of resnet32 in 10 MiB: it takes at least/,
    ],
    [1, ["--data", at("none.safetensors")], /^curves: Cannot take calibration inputs from .*none/],
  ] as const;
  for (const [code, args, message] of refusals) {
    const run = await curves(
      "--data",
      "noise",
      "--samples",
      "2",
      "--no-cache",
      ...args,
      "--out",
      at("never.json"),
    );
    assert.deepEqual([run.code, run.stdout], [code, ""], run.stderr);
    assert.match(run.stderr, /^[^\n]+\n$/);
    assert.match(run.stderr, message);
  }
  assert.ok(!existsSync(at("never.json")));
});

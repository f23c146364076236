import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopComputations } from "../breathe.ts";
import { cached, type CacheOptions } from "./cached.ts";

async function inFolder(
  work: (options: CacheOptions & { folder: string }, notes: string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rd-cached-"));
  const notes: string[] = [];
  const display = () => ({
    update() {},
    finish: (note = "") => (notes.push(note || "computed"), Promise.resolve()),
  });
  try {
    await work({ folder, display, now: () => 0 }, notes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("cached() computes once and says when a result is kept", async () => {
  await inFolder(async (options, notes) => {
    let runs = 0;
    const compute = () => ({ value: 0.1 + 0.2, runs: ++runs });
    const first = await cached("a sum", { n: 2, data: new Float32Array([1, 2]) }, compute, options);
    const second = await cached("a sum", { data: new Float32Array([1, 2]), n: 2 }, compute, options);
    assert.deepEqual(first, { value: 0.30000000000000004, runs: 1 });
    assert.deepEqual(second, first);
    assert.equal(notes[0], "computed");
    assert.match(notes[1], /^from the cache: run \S+, which took \d+\.\d s$/);
  });
});

Deno.test("cached() tells inputs apart by content, also of typed arrays, maps and engines", async () => {
  await inFolder(async (options) => {
    const inputs = [
      1,
      new Float32Array([1, 2]),
      new Float32Array([1, 3]),
      new Uint8Array([1, 2]),
      new Map([["a", new Float32Array([1])]]),
      new Map([["a", new Float32Array([2])]]),
      new Set(["a"]),
      new Set(["b"]),
      new Date(0),
      new Date(1),
      { name: "cpu", description: "one", ops: { f() {} } },
      { name: "cpu", description: "two", ops: { f() {} } },
    ];
    for (const [i, input] of inputs.entries()) {
      assert.equal(await cached("which", input, () => i, options), i);
    }
    assert.equal(readdirSync(options.folder).length, inputs.length);
  });
});

Deno.test("cached() computes anew where the file is cut or altered", async () => {
  await inFolder(async (options, notes) => {
    let runs = 0;
    const again = () => cached("x", 1, () => [++runs], options);
    await again();
    const path = join(options.folder, readdirSync(options.folder)[0]);
    writeFileSync(path, readFileSync(path, "utf8").slice(0, -9));
    assert.deepEqual(await again(), [2]);
    writeFileSync(path, readFileSync(path, "utf8").replace('"result":[2]', '"result":[3]'));
    assert.deepEqual(await again(), [3]);
    assert.deepEqual(notes, ["computed", ...Array(2).fill("the cache's file could not be used")]);
  });
});

Deno.test("cached() returns a result that cannot be kept, and says what prevented it", async () => {
  await inFolder(async (options, notes) => {
    const compute = () => [1];
    writeFileSync(join(options.folder, "file"), "");
    const within = join(options.folder, "file", "cache");
    assert.deepEqual(await cached("x", 1, compute, { ...options, folder: within }), [1]);
    assert.match(notes[0], /^not kept: Cannot make .*cache: it must be a folder, current answer ENOTDIR /);
    await cached("x", 1, compute, options);
    const path = join(options.folder, readdirSync(options.folder).find((name) => name.endsWith(".json"))!);
    rmSync(path);
    mkdirSync(path); // no file can take a folder's place
    assert.deepEqual(await cached("x", 1, compute, options), [1]);
    assert.match(
      notes[2],
      /^the cache's file could not be used; not kept: Cannot write .*: all \d+ bytes must/,
    );
  });
});

Deno.test("cached() keeps nothing of a computation that fails or whose result is no data", async () => {
  await inFolder(async (options) => {
    await assert.rejects(
      cached("x", 1, () => Promise.reject(new RangeError("Cannot do it: no")), options),
      { name: "RangeError", message: "Cannot do it: no" },
    );
    await assert.rejects(cached("x", 1, () => NaN, options), { name: "RangeError" });
    await assert.rejects(cached("x", 1, () => new Float32Array(2), options), { name: "TypeError" });
    assert.deepEqual(readdirSync(options.folder), []);
  });
});

Deno.test("cached() ends at its next report once its cell was stopped, and leaves nothing", async () => {
  await inFolder(async (options) => {
    let reports = 0;
    const computing = cached("x", 1, (onProgress) => {
      for (let done = 1; done <= 9; done++, reports++) {
        if (done === 3) stopComputations();
        onProgress(done, 9);
      }
    }, options);
    await assert.rejects(computing, { name: "AbortError", message: "Cannot go on: the cell was stopped" });
    assert.equal(reports, 2);
    assert.deepEqual(readdirSync(options.folder), []);
  });
});

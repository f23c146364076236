import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder, noiseInputs, tinyNetwork, withEngine, withValues } from "../_test_helpers.ts";
import { withLock } from "../folder_lock.ts";
import { curvesBy } from "../rd_curve.ts";
import { openMeasurement } from "./measurement.ts";
import { localMeter } from "./meter.ts";
import { contentKey, measurementKey, openPartStore, type PartStore, withLockWaiting } from "./part_store.ts";
import { processor } from "./processor.ts";

const ENGINE = { name: "cpu", description: "test" } as const;
const PART = { layer: "conv1", range: { first: 0, count: 2 }, batches: 3, counts: [3, 5] };
const MEASURED = { distances: Float32Array.of(1, 2, 3, 4), norms: Float32Array.of(5, 6) };

Deno.test(
  "openPartStore() gives back what was written, and null for anything else",
  inTemporaryFolder((folder) => {
    const store = openPartStore(folder, "key");
    assert.equal(store.read(PART), null);
    store.write(PART, MEASURED);
    assert.deepEqual(store.read(PART), MEASURED);
    assert.equal(store.read({ ...PART, counts: [3] }), null);
    assert.equal(store.read({ ...PART, range: { first: 2, count: 2 } }), null);
    assert.equal(openPartStore(folder, "other").read(PART), null);
  }),
);

Deno.test(
  "openPartStore() takes any altered, cut or foreign file for a miss, with a warning",
  inTemporaryFolder((folder) => {
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    const store = openPartStore(folder, "key", { onWarning });
    store.write(PART, MEASURED);
    const path = join(store.folder, readdirSync(store.folder)[0]);
    const bytes = Uint8Array.from(readFileSync(path));
    for (let at = 0; at < bytes.length; at += 5) {
      const altered = bytes.slice();
      altered[at] ^= 1;
      writeFileSync(path, altered);
      assert.equal(store.read(PART), null, `byte ${at}`);
    }
    for (const length of [0, 7, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      assert.equal(store.read(PART), null);
    }
    assert.equal(warnings.length, Math.ceil(bytes.length / 5) + 3);
    const other = openPartStore(folder, "other", { onWarning });
    writeFileSync(join(other.folder, path.split("/").at(-1)!), bytes);
    assert.equal(other.read(PART), null);
    assert.match(
      warnings.at(-1)!,
      /^the cache entry .* is measured anew: it must be of this measurement, it is of another$/,
    );
  }),
);

Deno.test("contentKey() changes with weights, masks, images, order, engine, objective, recovery and method", () => {
  const network = tinyNetwork();
  const set = noiseInputs(network, 2);
  const swapped = {
    ...set,
    inputs: Float32Array.from([...set.inputs.subarray(128), ...set.inputs.subarray(0, 128)]),
  };
  const keys = [
    contentKey(ENGINE, network, set),
    contentKey(ENGINE, withValues(network, "conv2.weight", { 9: 0 }), set),
    contentKey(ENGINE, withValues(network, "bn2.running_mean", { 0: 1 }), set),
    contentKey(ENGINE, network, noiseInputs(network, 3)),
    contentKey(ENGINE, network, swapped),
    contentKey({ ...ENGINE, description: "test, 2 threads" }, network, set),
    contentKey(ENGINE, network, set, { objective: "single-layer" }),
    contentKey(ENGINE, network, set, { recovery: "bn" }),
    contentKey(ENGINE, network, set, { recovery: "lsq" }),
    contentKey(ENGINE, network, set, { method: "first-order" }),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(contentKey(ENGINE, tinyNetwork(), { ...set, name: "renamed" }), keys[0]);
  assert.match(keys[0], /^[0-9a-f]{64}$/);
});

Deno.test("measurementKey() changes with content, processor, its extensions and settings", () => {
  const machine = processor({ cpuInfo: "flags : avx2 fma", env: {} });
  const keys = [
    measurementKey("a", machine),
    measurementKey("b", machine),
    measurementKey("a", { ...machine, model: "other" }),
    measurementKey("a", processor({ cpuInfo: "flags : avx2 fma avx512f", env: {} })),
    measurementKey("a", processor({ cpuInfo: "flags : avx2 fma", env: { TF_ENABLE_ONEDNN_OPTS: "0" } })),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(measurementKey("a"), measurementKey("a", processor()));
  assert.match(keys[0], /^[0-9a-f]{64}$/);
});

Deno.test(
  "localMeter() killed after any part goes on to the same curves, and measures nothing twice",
  withEngine(async (engine) => {
    await inTemporaryFolder(async (folder) => {
      const network = tinyNetwork();
      const measurement = openMeasurement(engine, network, noiseInputs(network, 5));
      const options = { levels: [0, 0.3, 0.6, 0.9] };
      const whole = await curvesBy(localMeter(measurement, { microBatch: 2 }), options);
      const store = openPartStore(folder, "key");
      let written = 0;
      /** As if the process were killed in the place of its `last`-th write from now. */
      const killedAfter = (last: number): PartStore => ({
        read: store.read,
        write(key, part) {
          if (--last < 0) throw new RangeError("killed");
          written++;
          store.write(key, part);
        },
      });
      for (const last of [0, 1, 4, 7]) {
        const meter = localMeter(measurement, { microBatch: 2, store: killedAfter(last) });
        await assert.rejects(curvesBy(meter, options), /killed/);
      }
      const resumed = await curvesBy(
        localMeter(measurement, { microBatch: 2, store: killedAfter(99) }),
        options,
      );
      assert.deepEqual(resumed, whole);
      assert.equal(written, 3 * 6); // three micro-batches of six layers
      const again = await curvesBy(
        localMeter(measurement, { microBatch: 2, store: killedAfter(0) }),
        options,
      );
      assert.deepEqual(again, whole);
      measurement.dispose();
    })();
  }),
);

Deno.test(
  "withLockWaiting() waits for the folder's owner, says so once, and passes other errors on",
  inTemporaryFolder(async (folder) => {
    const events: string[] = [];
    let release = () => {};
    const held = withLock(folder, () => new Promise<void>((resolve) => release = resolve));
    while (!readdirSync(folder).includes(".lock")) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = withLockWaiting(folder, () => Promise.resolve(events.push("ran")), {
      everyMs: 5,
      onWait: (message) => {
        events.push("waits");
        assert.match(message, /no other process must hold it/);
        setTimeout(() => release(), 30);
      },
    });
    await Promise.all([held, second]);
    assert.deepEqual(events, ["waits", "ran"]);
    await assert.rejects(withLockWaiting(folder, () => Promise.reject(new RangeError("mine"))), /mine/);
    mkdirSync(join(folder, "sub"));
    await assert.rejects(withLockWaiting(join(folder, "none"), () => Promise.resolve()), {
      name: "FileError",
    });
  }),
);

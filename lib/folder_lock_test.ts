import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { withLock } from "./folder_lock.ts";

function inTemporaryFolder(fn: (folder: string, lock: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-"));
    try {
      await fn(folder, join(folder, ".lock"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

const NOON = new Date("2024-05-06T12:00:00Z");

function owner(fields: object = {}): string {
  return JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: null,
    since: NOON.toISOString(),
    token: "00",
    ...fields,
  });
}

Deno.test(
  "withLock() names its owner while it runs and removes the lock after",
  inTemporaryFolder(async (folder, lock) => {
    const result = await withLock(folder, () => {
      const { pid, host, since } = JSON.parse(readFileSync(lock, "utf8"));
      assert.deepEqual({ pid, host, since }, {
        pid: process.pid,
        host: hostname(),
        since: NOON.toISOString(),
      });
      return 5;
    }, { now: () => NOON });
    assert.equal(result, 5);
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "withLock() refuses a second owner in the same process, and lets it in afterwards",
  inTemporaryFolder(async (folder, lock) => {
    await withLock(folder, async () => {
      await assert.rejects(withLock(folder, () => assert.fail("must not run")), {
        name: "FileError",
        code: "ELOCKED",
        message: `Cannot lock ${folder}: no other process must hold it, current answer ELOCKED ` +
          `(held by process ${process.pid} on "${hostname()}" since "2024-05-06T12:00:00.000Z"; ` +
          `if it is gone, delete ${lock})`,
      });
    }, { now: () => NOON });
    await withLock(folder, () => {});
  }),
);

Deno.test(
  "withLock() releases the lock when the function throws",
  inTemporaryFolder(async (folder) => {
    for (
      const fail of [() => {
        throw new RangeError("x");
      }, () => Promise.reject(new RangeError("x"))]
    ) {
      await assert.rejects(withLock(folder, fail), { name: "RangeError", message: "x" });
      assert.deepEqual(readdirSync(folder), []);
    }
  }),
);

Deno.test(
  "withLock() refuses a folder that another process holds, and takes it over once that is killed",
  inTemporaryFolder(async (folder) => {
    const program = `
      import { withLock } from ${JSON.stringify(new URL("./folder_lock.ts", import.meta.url).href)};
      await withLock(${JSON.stringify(folder)}, async () => {
        console.log("held");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ["eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await assert.rejects(withLock(folder, () => {}), (error: Error) => {
      assert.ok(error.message.includes(`held by process ${child.pid} on `), error.message);
      return true;
    });
    child.kill("SIGKILL");
    await once(child, "close");
    assert.equal(await withLock(folder, () => "mine"), "mine");
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "withLock() takes over from a process that is gone and lets exactly one of many in",
  inTemporaryFolder(async (folder, lock) => {
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    writeFileSync(lock, owner({ pid: gone }));
    let running = 0;
    const runs = Array.from({ length: 5 }, () => withLock(folder, () => running++));
    const results = await Promise.allSettled(runs);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(running, 1);
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "withLock() takes over from a process whose number was given away again",
  inTemporaryFolder(async (folder, lock) => {
    writeFileSync(lock, owner({ started: "long ago" }));
    assert.equal(await withLock(folder, () => 1), 1);
  }),
);

Deno.test(
  "withLock() leaves a lock alone whose owner is on another machine or may be alive",
  inTemporaryFolder(async (folder, lock) => {
    for (const text of [owner({ host: "elsewhere", pid: 1 }), owner({ pid: 1 }), owner()]) {
      writeFileSync(lock, text);
      await assert.rejects(withLock(folder, () => {}), { code: "ELOCKED" });
      assert.equal(readFileSync(lock, "utf8"), text);
    }
  }),
);

Deno.test(
  "withLock() takes an unreadable lock for stale once it is older than any owner takes to write it",
  inTemporaryFolder(async (folder, lock) => {
    for (const text of ["", "{", "null", owner({ pid: -1 }), owner({ host: 5 })]) {
      writeFileSync(lock, text);
      await assert.rejects(withLock(folder, () => {}), /held by an unnamed process/);
      utimesSync(lock, NOON, NOON);
      assert.equal(await withLock(folder, () => 1), 1);
    }
  }),
);

Deno.test(
  "withLock() leaves a lock alone that somebody else put in place of its own",
  inTemporaryFolder(async (folder, lock) => {
    await withLock(folder, () => writeFileSync(lock, owner()));
    assert.equal(readFileSync(lock, "utf8"), owner());
  }),
);

Deno.test(
  "withLock() refuses a folder that is not there",
  inTemporaryFolder(async (folder) => {
    const missing = join(folder, "none");
    await assert.rejects(withLock(missing, () => {}), {
      name: "FileError",
      message:
        `Cannot lock ${missing}: the folder must be writable, current answer ENOENT (no such file or folder)`,
    });
  }),
);

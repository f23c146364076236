import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
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

/** Another process, in which `hold` prints a word and then lasts a minute. */
function holder(program: string): ChildProcess {
  const module = `
    import process from "node:process";
    import { withLock } from ${JSON.stringify(new URL("./folder_lock.ts", import.meta.url).href)};
    function hold() {
      console.log("held");
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await ${program};`;
  return spawn(process.execPath, ["eval", module], { stdio: ["ignore", "pipe", "inherit"] });
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
    const child = holder(`withLock(${JSON.stringify(folder)}, hold)`);
    await once(child.stdout!, "data");
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
  "withLock() leaves a lock alone whose owner may be alive, here or, if it wrote just now, elsewhere",
  inTemporaryFolder(async (folder, lock) => {
    for (const text of [owner({ host: "elsewhere", pid: 1 }), owner({ pid: 1 }), owner()]) {
      writeFileSync(lock, text);
      await assert.rejects(withLock(folder, () => {}), { code: "ELOCKED" });
      assert.equal(readFileSync(lock, "utf8"), text);
    }
    writeFileSync(lock, owner({ pid: 1 }));
    utimesSync(lock, NOON, NOON); // a process of this machine is seen, whatever the age of its lock
    await assert.rejects(withLock(folder, () => {}), { code: "ELOCKED" });
    assert.deepEqual(readdirSync(folder), [".lock"]);
  }),
);

Deno.test(
  "withLock() takes over from another machine once its owner was silent for five minutes",
  inTemporaryFolder(async (folder, lock) => {
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    writeFileSync(lock, owner({ host: "elsewhere", pid: 1 }));
    utimesSync(lock, minutesAgo(4), minutesAgo(4));
    await assert.rejects(withLock(folder, () => {}), {
      code: "ELOCKED",
      message: new RegExp(`on "elsewhere" since .*; if it is gone, wait 5 minutes or delete ${lock}\\)$`),
    });
    utimesSync(lock, minutesAgo(6), minutesAgo(6));
    const runs = Array.from({ length: 3 }, () => withLock(folder, () => {}));
    const results = await Promise.allSettled(runs);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "withLock() measures another machine's silence by the times of files, not by the clock of this one",
  inTemporaryFolder(async (folder, lock) => {
    writeFileSync(lock, owner({ host: "elsewhere", pid: 1 }));
    const clock = Date.now;
    Date.now = () => clock() + 60 * 60_000;
    try {
      await assert.rejects(withLock(folder, () => {}), { code: "ELOCKED" });
    } finally {
      Date.now = clock;
    }
  }),
);

Deno.test(
  "withLock() touches its lock while it runs, and no lock of somebody else",
  inTemporaryFolder(async (folder, lock) => {
    const age = () => statSync(lock).mtimeMs - NOON.getTime();
    await withLock(folder, async () => {
      const text = readFileSync(lock, "utf8");
      utimesSync(lock, NOON, NOON);
      for (let tries = 0; age() === 0 && tries < 500; tries++) await sleep(10);
      assert.ok(age() > 0);
      assert.equal(readFileSync(lock, "utf8"), text);
      writeFileSync(lock, owner());
      utimesSync(lock, NOON, NOON);
      await sleep(100);
      assert.equal(age(), 0);
    }, { touchEveryMs: 10 });
    assert.equal(readFileSync(lock, "utf8"), owner());
  }),
);

Deno.test(
  "withLock() releases on SIGTERM and SIGINT if asked to, and ends the process with their usual code",
  inTemporaryFolder(async (folder) => {
    const [outer, inner] = ["outer", "inner"].map((name) => join(folder, name));
    for (const path of [outer, inner]) mkdirSync(path);
    for (const [signal, expected] of [["SIGTERM", 128 + 15], ["SIGINT", 128 + 2]] as const) {
      const child = holder(
        `withLock(${JSON.stringify(outer)}, () =>
          withLock(${JSON.stringify(inner)}, hold, { endOnSignals: true }), { endOnSignals: true })`,
      );
      await once(child.stdout!, "data");
      assert.deepEqual([outer, inner].flatMap((path) => readdirSync(path)), [".lock", ".lock"]);
      process.kill(child.pid!, signal); // child.kill() would have Deno tell of no code
      const [code] = await once(child, "close");
      assert.equal(code, expected);
      assert.deepEqual([outer, inner].flatMap((path) => readdirSync(path)), []);
    }
  }),
);

Deno.test(
  "withLock() leaves signals to callers that handle them, and to itself only while it runs",
  inTemporaryFolder(async (folder) => {
    const path = JSON.stringify(folder);
    const child = holder(`(async () => {
      await withLock(${path}, () => {}, { endOnSignals: true });
      let heard = () => {};
      process.on("SIGTERM", () => heard());
      await withLock(${path}, () => new Promise((resolve) => {
        heard = resolve;
        hold();
      }));
      console.log("went on");
      process.exit(0);
    })()`);
    await once(child.stdout!, "data");
    process.kill(child.pid!, "SIGTERM");
    const [[text], [code]] = await Promise.all([once(child.stdout!, "data"), once(child, "close")]);
    assert.deepEqual([String(text), code], ["went on\n", 0]);
    assert.deepEqual(readdirSync(folder), []);
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

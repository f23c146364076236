import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { failingFiles } from "./_failing_files.ts";
import { createPrng } from "./prng.ts";
import { canonicalJson, FileError, readJson, readText, sha256, writeFileWhole } from "./store.ts";

function inTemporaryFolder(fn: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "store-"));
    try {
      await fn(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

Deno.test(
  "writeFileWhole() saves text and bytes, over an old file too",
  inTemporaryFolder((folder) => {
    const path = join(folder, "a.txt");
    writeFileWhole(path, "é\n");
    assert.deepEqual([...readFileSync(path)], [0xc3, 0xa9, 0x0a]);
    writeFileWhole(path, Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
    assert.deepEqual([...readFileSync(path)], [2, 3]);
    writeFileWhole(path, "");
    assert.equal(statSync(path).size, 0);
    assert.deepEqual(readdirSync(folder), ["a.txt"]);
  }),
);

Deno.test(
  "writeFileWhole() leaves the old file or the new one, whichever call fails",
  inTemporaryFolder((folder) => {
    const path = join(folder, "weights.bin");
    let steps = 0;
    for (let isSaved = false; !isSaved; steps++) {
      writeFileSync(path, "old content");
      try {
        writeFileWhole(path, "new content", { files: failingFiles(steps, { bytesPerWrite: 4 }) });
        isSaved = true;
      } catch (error) {
        assert.ok(error instanceof FileError);
        assert.equal(error.code, "EIO");
        assert.equal(
          error.message,
          `Cannot write ${path}: all 11 bytes must reach the disk, current answer EIO (the device failed)`,
        );
      }
      const content = readFileSync(path, "utf8");
      if (isSaved) assert.equal(content, "new content");
      else assert.ok(content === "old content" || content === "new content", content);
      assert.deepEqual(readdirSync(folder), ["weights.bin"]);
      assert.ok(steps < 20);
    }
    // open, three writes, fsync, close, rename, open the folder, fsync it: nine ways to fail, then success
    assert.equal(steps, 10);
  }),
);

Deno.test(
  "writeFileWhole() makes no file where there was none, whichever call before the rename fails",
  inTemporaryFolder((folder) => {
    for (let steps = 0; steps < 5; steps++) {
      assert.throws(
        () => writeFileWhole(join(folder, "a"), "new", { files: failingFiles(steps) }),
        FileError,
      );
      assert.deepEqual(readdirSync(folder), []);
    }
  }),
);

Deno.test(
  "writeFileWhole() leaves the old file or the new one, wherever the process ends",
  inTemporaryFolder((folder) => {
    const path = join(folder, "weights.bin");
    for (let steps = 0; steps < 9; steps++) {
      writeFileSync(path, "old content");
      const files = failingFiles(steps, { bytesPerWrite: 4, isKilled: true });
      assert.throws(() => writeFileWhole(path, "new content", { files }), FileError);
      assert.equal(readFileSync(path, "utf8"), steps < 7 ? "old content" : "new content");
    }
  }),
);

Deno.test(
  "writeFileWhole() names path and bytes when the disk is full",
  inTemporaryFolder((folder) => {
    const path = join(folder, "state.bin");
    const files = failingFiles(2, { code: "ENOSPC", bytesPerWrite: 1000 });
    assert.throws(() => writeFileWhole(path, new Uint8Array(5000), { files }), {
      name: "FileError",
      code: "ENOSPC",
      path,
      message:
        `Cannot write ${path}: all 5000 bytes must reach the disk, current answer ENOSPC (the disk is full)`,
    });
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "writeFileWhole() names the system's answer for a path that cannot be",
  inTemporaryFolder((folder) => {
    const missing = join(folder, "none", "a");
    assert.throws(() => writeFileWhole(missing, ""), {
      name: "FileError",
      message:
        `Cannot write ${missing}: all 0 bytes must reach the disk, current answer ENOENT (no such file or folder)`,
    });
    assert.throws(() => writeFileWhole(folder, "x"), { name: "FileError", path: folder });
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "writeFileWhole() replaces a symbolic link and leaves its target alone",
  inTemporaryFolder((folder) => {
    writeFileSync(join(folder, "target"), "target");
    symlinkSync("target", join(folder, "link"));
    writeFileWhole(join(folder, "link"), "new");
    assert.equal(readFileSync(join(folder, "target"), "utf8"), "target");
    assert.equal(readFileSync(join(folder, "link"), "utf8"), "new");
  }),
);

Deno.test(
  "writeFileWhole() leaves a whole file when the process is killed at random moments",
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "weights.bin");
    const program = `
      import { writeFileWhole } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
      const path = ${JSON.stringify(path)};
      for (let i = 0; ; i++) {
        writeFileWhole(path, new Uint8Array(300_000).fill(i));
        if (i === 0) console.log("writing");
      }`;
    const prng = createPrng(1, "kill");
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, ["eval", program], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      await sleep(20 + prng.int(60));
      child.kill("SIGKILL");
      await once(child, "close");
      const bytes = readFileSync(path);
      assert.equal(bytes.length, 300_000);
      assert.ok(bytes.every((byte) => byte === bytes[0]));
    }
  }),
);

Deno.test(
  "sha256() gives the digests of the standard for bytes and files",
  inTemporaryFolder((folder) => {
    // FIPS 180-4 examples: "abc" and a million times "a"
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    assert.equal(sha256(new TextEncoder().encode("abc")), abc);
    const path = join(folder, "a");
    writeFileSync(path, "a".repeat(1_000_000));
    assert.equal(sha256(path), million);
    const large = new Uint8Array(2 ** 21 + 5).map((_, i) => i); // more than two chunks
    writeFileSync(path, large);
    assert.equal(sha256(path), sha256(large));
    large[2 ** 20] ^= 1;
    assert.notEqual(sha256(path), sha256(large));
  }),
);

Deno.test(
  "sha256() refuses a file that is not there",
  inTemporaryFolder((folder) => {
    const path = join(folder, "none");
    assert.throws(() => sha256(path), {
      name: "FileError",
      code: "ENOENT",
      message:
        `Cannot hash ${path}: the file must be readable, current answer ENOENT (no such file or folder)`,
    });
    assert.throws(() => sha256(folder), FileError);
  }),
);

Deno.test(
  "readJson() reads JSON and names the file where it cannot",
  inTemporaryFolder((folder) => {
    const path = join(folder, "a.json");
    writeFileSync(path, '{"a":[1,2]}\n');
    assert.deepEqual(readJson(path), { a: [1, 2] });
    writeFileSync(path, '{"a":1,"a":2}');
    assert.throws(() => readJson(path), {
      name: "SyntaxError",
      message: `Cannot read ${path}: a key must not appear twice, current key "a"`,
    });
    writeFileSync(path, '{"a":1');
    assert.throws(() => readJson(path), SyntaxError);
    writeFileSync(path, Uint8Array.of(0x22, 0xff, 0x22));
    assert.throws(() => readText(path), {
      name: "SyntaxError",
      message: `Cannot read ${path}: the file must be UTF-8 text, current bytes are not`,
    });
    assert.throws(() => readJson(join(folder, "none")), { name: "FileError", code: "ENOENT" });
  }),
);

Deno.test("canonicalJson() gives equal text for equal values", () => {
  assert.equal(canonicalJson({ b: 1, a: [{ d: 2, c: null }] }), '{"a":[{"c":null,"d":2}],"b":1}');
  assert.equal(canonicalJson({ a: 1, b: undefined }), canonicalJson({ a: 1 }));
  assert.equal(canonicalJson({ x: -0, y: 1e2 }), canonicalJson({ y: 100, x: 0 }));
  assert.throws(() => canonicalJson({ levels: [NaN] }), RangeError);
  assert.throws(() => canonicalJson({ weights: Float32Array.of(1) }), TypeError);
});

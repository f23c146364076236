import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../../lib/_test_helpers.ts";
import { readShard, type Shard, writeShard } from "./shard_file.ts";

const SHARD: Shard = {
  ...{ key: "k", model: "tiny", samples: 2, microBatch: 2, levels: [0, 0.5, 0.8], shards: 1, shard: 1 },
  layers: [{ name: "conv", weights: 10, macs: 100, shape: [10, 1, 1, 1], zeros: 0 }],
  ...{ origin: { seconds: 1 }, objective: "logits", recovery: "none" },
  parts: new Map([["conv", { distances: Float32Array.of(1, 2, 3, 4), norms: Float32Array.of(5, 6) }]]),
};

Deno.test(
  "readShard() gives back what writeShard() wrote, and refuses numbers and facts that were altered",
  inTemporaryFolder((folder) => {
    const path = join(folder, "shard.safetensors");
    writeShard(path, SHARD);
    assert.deepEqual(readShard(path), SHARD);
    const bytes = readFileSync(path);
    const text = bytes.toString("latin1");
    const lastByte = Buffer.from(bytes);
    lastByte[bytes.length - 1] ^= 1;
    const otherLevel = Buffer.from(bytes);
    otherLevel[text.indexOf("0.8") + 2] = "6".charCodeAt(0); // the distances would stand at another level
    for (const altered of [lastByte, otherLevel]) {
      writeFileSync(path, altered);
      assert.throws(() => readShard(path), {
        name: "TypeError",
        message: /its SHA-256 must be the one it names/,
      });
    }
  }),
);

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../../lib/_test_helpers.ts";
import { openEpochLog } from "./epoch_log.ts";

Deno.test(
  "openEpochLog() keeps an older run's log until a fresh run has a line of its own",
  inTemporaryFolder((folder) => {
    const path = join(folder, "a.jsonl");
    writeFileSync(path, '{"epoch":1,"loss":2}\n');
    const log = openEpochLog(path, { done: 0 });
    assert.equal(log.lastEpoch(), 0);
    assert.equal(readFileSync(path, "utf8"), '{"epoch":1,"loss":2}\n');
    log.add({ epoch: 1, loss: 1 });
    assert.equal(readFileSync(path, "utf8"), '{"epoch":1,"loss":1}\n');
  }),
);

Deno.test(
  "openEpochLog() goes on behind the state's last epoch, whatever was written after it",
  inTemporaryFolder((folder) => {
    const path = join(folder, "a.jsonl");
    assert.equal(openEpochLog(path, { done: 2 }).lastEpoch(), 0); // removed in between
    assert.ok(!existsSync(path));
    writeFileSync(path, '{"epoch":1}\n{"epoch":2,"loss":0.00003}\n{"epoch":3}\n');
    const log = openEpochLog(path, { done: 2 });
    assert.equal(log.lastEpoch(), 2);
    log.add({ epoch: 3, loss: 1 });
    assert.equal(log.lastEpoch(), 3);
    assert.equal(
      readFileSync(path, "utf8"),
      '{"epoch":1}\n{"epoch":2,"loss":0.00003}\n{"epoch":3,"loss":1}\n',
    );
    writeFileSync(path, '{"epoch":1}\n{"epo');
    assert.throws(() => openEpochLog(path, { done: 1 }), {
      name: "SyntaxError",
      message: /line 2 of .*a\.jsonl/,
    });
  }),
);

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { tinyArchitecture, tinyImages, tinyNetwork, withEngine } from "../_test_helpers.ts";
import { evaluate } from "../evaluate.ts";
import { eachLogitBatch, type InputSource } from "../logits.ts";
import { openLogitCrew } from "./logit_crew.ts";

const NETWORK = tinyNetwork();
const SIZE = 8 * 8 * 2;

/** Eleven inputs, and which of them were asked for. */
function source(): InputSource & { readonly asked: number[][] } {
  const inputs = Float32Array.from({ length: 11 * SIZE }, (_, i) => Math.sin(i));
  const asked: number[][] = [];
  const read = (first: number, count: number) => {
    asked.push([first, count]);
    return inputs.slice(first * SIZE, (first + count) * SIZE);
  };
  return { count: 11, shape: [8, 8, 2], read, asked };
}

Deno.test(
  "eachLogitBatch() with two workers reads and visits as with one, to the same bits",
  withEngine(async (engine) => {
    const runs = [];
    for (const workers of [1, 2]) {
      const inputs = source();
      const visits: [number, number[]][] = [];
      await eachLogitBatch(engine, NETWORK, inputs, 3, (logits, first) => {
        visits.push([first, [...logits]]);
      }, { workers });
      runs.push({ asked: inputs.asked, visits });
    }
    assert.deepEqual(runs[1], runs[0]);
    assert.deepEqual(runs[1].asked, [[0, 3], [3, 3], [6, 3], [9, 2]]);
    assert.deepEqual(runs[1].visits.map(([first, logits]) => [first, logits.length]), [
      [0, 9],
      [3, 9],
      [6, 9],
      [9, 6],
    ]);
  }),
);

Deno.test(
  "eachLogitBatch() ends its processes where a visit throws, and refuses half a worker",
  withEngine(async (engine) => {
    const visit = () => {
      throw new RangeError("no more");
    };
    await assert.rejects(eachLogitBatch(engine, NETWORK, source(), 3, visit, { workers: 2 }), /no more/);
    const left = spawnSync("pgrep", ["-P", String(process.pid), "-f", "crew/worker.ts"], {
      encoding: "utf8",
    });
    const running = left.stdout.split("\n").filter((pid) =>
      pid !== "" && !spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).stdout.startsWith("Z")
    );
    assert.deepEqual(running, []);
    for (const workers of [0, 1.5]) {
      await assert.rejects(eachLogitBatch(engine, NETWORK, source(), 3, visit, { workers }), {
        name: "RangeError",
        message: `Cannot share batches: workers must be a whole number from 1, got ${workers}`,
      });
    }
  }),
);

Deno.test(
  "evaluate() with three workers gives what one gives",
  withEngine(async (engine) => {
    const set = tinyImages(40, tinyArchitecture(), 3);
    const alone = await evaluate(engine, NETWORK, set, { batch: 7 });
    assert.deepEqual(await evaluate(engine, NETWORK, set, { batch: 7, workers: 3 }), alone);
  }),
);

Deno.test(
  "a crew stands apart from the group of processes that Ctrl-C and Stop are sent to",
  withEngine(async (engine) => {
    const crew = await openLogitCrew(engine, NETWORK, { size: 2 });
    const batch = { images: new Float32Array(2 * SIZE), count: 2 };
    await crew.run([batch, batch]); // it has started
    const groups = (...which: string[]) =>
      spawnSync("ps", ["-o", "pgid=,args=", ...which], { encoding: "utf8" }).stdout.trim().split("\n");
    const groupOf = (line: string) => line.trim().split(/\s+/)[0];
    const workers = groups("--ppid", String(process.pid)).filter((line) => line.includes("crew/worker.ts"));
    crew.dispose();
    assert.equal(workers.length, 1);
    assert.notEqual(groupOf(workers[0]), groupOf(groups("-p", String(process.pid))[0]));
  }),
);

Deno.test(
  "a crew of classifiers that lost a process says so, and keeps no tensor",
  withEngine(async (engine) => {
    const crew = await openLogitCrew(engine, NETWORK, { size: 2 });
    const batch = { images: new Float32Array(2 * SIZE), count: 2 };
    assert.equal((await crew.run([batch, batch])).length, 2);
    const { status } = spawnSync("pkill", ["-KILL", "-P", String(process.pid), "-f", "crew/worker.ts"]);
    assert.equal(status, 0);
    await assert.rejects(crew.run([batch, batch]), {
      name: "TypeError",
      message: /^Cannot go on classifying: worker 2 of 2 has ended/,
    });
    crew.dispose();
  }),
);

import assert from "node:assert/strict";
import { join } from "node:path";
import { inTemporaryFolder, shakenNetwork, testEngine } from "../../lib/_test_helpers.ts";
import { writePhotographs } from "../../lib/batches/_photographs.ts";
import { listImageFolder } from "../../lib/image_folder.ts";
import { resnet32 } from "../../lib/resnet32.ts";
import { readPhotographsBench, writePhotographsBench } from "./photographs_file.ts";
import { measurePhotographs } from "./photographs_measure.ts";

Deno.test(
  "measurePhotographs() times decoding, computing and both, and what it stores is read again",
  inTemporaryFolder(async (folder) => {
    await writePhotographs(join(folder, "images"), { classes: 2, perClass: 3 });
    const images = listImageFolder(join(folder, "images"), 2);
    const plan = { repetitions: 2, batch: 4, threads: 1 }; // the last batch is short
    const bench = await measurePhotographs(await testEngine(), shakenNetwork(resnet32()), images, plan);
    assert.deepEqual([bench.images, bench.batch, bench.repetitions], [6, 4, 2]);
    for (const speed of [bench.decoding, bench.computing, bench.together]) {
      assert.ok(speed.min > 0 && speed.min <= speed.median && speed.median <= speed.max);
    }
    assert.ok(bench.waiting.min >= 0 && bench.waiting.max <= 1);
    const path = join(folder, "bench.json");
    writePhotographsBench(path, bench);
    assert.deepEqual(readPhotographsBench(path), bench);
    const wrong = { ...bench, waiting: { ...bench.waiting, max: 1.5 } };
    assert.throws(() => writePhotographsBench(path, wrong), {
      name: "TypeError",
      message: /waiting\.max must be in \[0, 1\], current value 1\.5/,
    });
  }),
);

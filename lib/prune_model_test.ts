import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { inTemporaryFolder, normals, shakenNetwork, testEngine } from "./_test_helpers.ts";
import { listImageFolder } from "./image_folder.ts";
import type { Network } from "./network.ts";
import { NodeList } from "./node_list.ts";
import { prunedModelTable, pruneModel, type PruneModelOptions } from "./prune_model.ts";

/** Of 8×8 photographs, in two classes. */
function smallNetwork(): Network {
  const list = new NodeList();
  const means = list.globalAvgPool("mean", list.conv("conv", "input", { outChannels: 4, kernel: 3 }));
  list.linear("linear", means, 2);
  return shakenNetwork({
    ...{ model: "small", inputShape: [8, 8, 3], classCount: 2, nodes: list.nodes },
    preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] },
  });
}

/** A folder `photos` of unlabelled images. */
async function writePhotographs(parent: string, count: number): Promise<string> {
  const folder = join(parent, "photos");
  mkdirSync(folder);
  for (let k = 0; k < count; k++) {
    const pixels = Uint8Array.from(normals(8 * 8 * 3, k), (value) => 128 + 40 * value);
    await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } }).png().toFile(join(folder, `${k}.png`));
  }
  return folder;
}

Deno.test(
  "pruneModel() takes curves of before, names their run, and refuses those of other weights or of its test",
  inTemporaryFolder(async (folder) => {
    const [engine, network] = [await testEngine(), smallNetwork()];
    const images = listImageFolder(await writePhotographs(folder, 12), 2);
    const plan: PruneModelOptions = {
      ...{ sparsity: 0.4, samples: 4, recovery: [], weightsSha256: "aa" },
      measuring: { levels: [0, 0.5, 1] },
    };
    const own = await pruneModel(engine, network, images, plan);
    assert.match(
      prunedModelTable(own).caption!,
      /^small on 8 images that neither curves nor recovery saw$/,
    );
    const { runId } = own.curves.provenance;
    const again = await pruneModel(engine, network, images, { ...plan, curves: own.curves });
    assert.deepEqual(again.allocation, own.allocation);
    assert.ok(again.origin.protocol!.endsWith(`; curves of run ${runId}`));
    assert.equal(
      prunedModelTable(again).caption,
      `small on 8 images that recovery did not see, by curves of run ${runId}`,
    );

    const refused = (more: Partial<PruneModelOptions>, name: string, message: string) =>
      assert.rejects(pruneModel(engine, network, images, { ...plan, curves: own.curves, ...more }), {
        name,
        message,
      });
    await refused(
      { weightsSha256: "bb" },
      "TypeError",
      "Cannot use the given curves: the weights must be of SHA-256 bb, got aa",
    );
    await refused(
      { curves: { ...own.curves, model: "large" } },
      "TypeError",
      "Cannot use the given curves: the network must be small, got large",
    );
    const overlap = "got photos, 12 shuffled with seed 1, images 0…3";
    await refused(
      { samples: 3 },
      "RangeError",
      `Cannot test on photos: its curves must be of images 0 … 2 of 12 in the order of seed 1, ${overlap}`,
    );
    await refused(
      { seed: 2 },
      "RangeError",
      `Cannot test on photos: its curves must be of images 0 … 3 of 12 in the order of seed 2, ${overlap}`,
    );
  }),
);

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withProject } from "./_test_helpers.ts";
import { imagenetSamples, imagenetSamplesFolder, labelsOf } from "./imagenet_samples.ts";
import { checkHash } from "./npm_tarball.ts";
import { resnet50Folder, resnet50Model } from "./resnet50_model.ts";

Deno.test(
  "resnet50Model is incomplete while a file is missing, and takes none of another content",
  withProject((project) => {
    const names = Object.keys(resnet50Model.inputs(project)).filter((name) => name !== "tarball");
    assert.equal(names.length, 26); // model.json and 25 shards
    for (const name of names.slice(1)) project.write(name.replace("ResNet50", "data/cache/resnet50"));
    assert.equal(resnet50Model.outputs(project), null);
    project.write("data/cache/resnet50/model.json");
    assert.notEqual(resnet50Model.outputs(project), null);
    assert.equal(resnet50Model.isComplete!(project), false);
    const shard = join(resnet50Folder(project), "group1-shard1of25.bin");
    assert.throws(() => checkHash(shard, "0".repeat(64), "try again"), {
      name: "TypeError",
      message: /^Cannot use group1-shard1of25.bin: its SHA-256 must be 0{64}, got .* \(removed; try again\)$/,
    });
    assert.equal(existsSync(shard), false);
  }),
);

Deno.test(
  "imagenetSamples is incomplete without a thousand photographs and their table",
  withProject((project) => {
    assert.equal(imagenetSamples.outputs(project), null);
    project.write("data/cache/imagenet_samples/labels.csv");
    assert.equal(imagenetSamples.outputs(project), null);
    for (let k = 0; k < 1000; k++) {
      project.write(`data/cache/imagenet_samples/n${String(k).padStart(8, "0")}_thing.JPEG`);
    }
    assert.notEqual(imagenetSamples.outputs(project), null);
    assert.match(imagenetSamplesFolder(project), /imagenet_samples$/);
  }),
);

Deno.test("labelsOf() numbers the classes by their WordNet ids, whatever the order of the files", () => {
  const names = Array.from({ length: 1000 }, (_, k) => `n${String(999 - k).padStart(8, "0")}_name_${k}.JPEG`);
  const lines = labelsOf([...names, "README.md"]).split("\n");
  assert.equal(lines[0], "file,wnid,class");
  assert.equal(lines[1], "n00000000_name_999.JPEG,n00000000,0");
  assert.equal(lines[1000], "n00000999_name_0.JPEG,n00000999,999");
  assert.throws(() => labelsOf(names.slice(1)), {
    name: "TypeError",
    message:
      "Cannot use ImageNet samples: there must be one photograph of each of 1000 classes, got 999 of 999",
  });
});

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { imagenetAtHand } from "./imagenet_at_hand.ts";

Deno.test(
  "imagenetAtHand() is null, and names what is missing and the command that gets it",
  inTemporaryFolder(async (folder) => {
    const [model, root] = [join(folder, "model.json"), join(folder, "images")];
    const neither = await imagenetAtHand({ model, root });
    assert.equal(neither.found, null);
    assert.match(
      neither.note,
      /^> \*\*Not here: ResNet-50's weights and images\.\*\* `deno task evaluate --model resnet50/,
    );
    mkdirSync(root);
    assert.match((await imagenetAtHand({ model, root })).note, /Not here: ResNet-50's weights\./);
    writeFileSync(model, "");
    assert.match((await imagenetAtHand({ model, root: join(folder, "none") })).note, /Not here: images\./);
  }),
);

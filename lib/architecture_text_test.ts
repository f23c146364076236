import assert from "node:assert/strict";
import { join } from "node:path";
import { mobileModel, saveModel } from "./_layers_models.ts";
import { inTemporaryFolder, tinyArchitecture } from "./_test_helpers.ts";
import { architectureText, parseArchitectureText } from "./architecture_text.ts";
import { loadNetwork, saveNetwork, saveSparseNetwork } from "./checkpoint.ts";
import { importLayersModel } from "./import_layers_model.ts";
import { architectureNamed, MODEL_NAMES } from "./models.ts";

Deno.test("architectureText() is null for a model of this project, and text for any other", () => {
  for (const name of MODEL_NAMES) assert.equal(architectureText(architectureNamed(name)), null);
  const { model: _, preprocessing: __, ...rest } = tinyArchitecture();
  const text = architectureText(tinyArchitecture())!;
  assert.deepEqual(JSON.parse(text), rest);
  assert.deepEqual(parseArchitectureText(text, "tiny", "x"), rest);
  const [first, ...others] = architectureNamed("resnet32").nodes;
  const changed = {
    ...architectureNamed("resnet32"),
    nodes: [{ ...first, bias: true } as typeof first, ...others],
  };
  assert.equal(typeof architectureText(changed), "string");
});

Deno.test(
  "saveNetwork() and loadNetwork() keep a network that no builder makes, preprocessing and all",
  inTemporaryFolder(async (folder) => {
    const preprocessing = { mean: [0.4, 0.5, 0.6], std: [1, 2, 3], order: "bgr" } as const;
    const options = { model: "mine", preprocessing };
    const { network } = await importLayersModel(await saveModel(mobileModel(), folder), options);
    const path = join(folder, "mine.safetensors");
    saveNetwork(path, network);
    assert.deepEqual(loadNetwork(path), network);
    assert.deepEqual(loadNetwork(path, "mine"), network);
    saveSparseNetwork(path, network);
    assert.deepEqual(loadNetwork(path), network);
  }),
);

Deno.test("parseArchitectureText() refuses nodes that are wrong, or do not fit", () => {
  const { model: _, preprocessing: __, ...good } = tinyArchitecture();
  const refused = (change: object, expected: RegExp) =>
    assert.throws(
      () => parseArchitectureText(JSON.stringify({ ...good, ...change }), "tiny", "w"),
      (error: Error) => (assert.match(`${error.name}: ${error.message}`, expected), true),
    );
  refused({ classCount: 4 }, /^TypeError: Cannot load w: its architecture must end in 4 logits, got \[3\]$/);
  refused(
    { nodes: [] },
    /^TypeError: Cannot load w: in its architecture, .*nodes.* is wrong: a list of nodes$/,
  );
  refused(
    { nodes: [{ op: "conv", name: "a", inputs: ["input"] }] },
    /^TypeError: .*nodes.*outChannels.* is wrong/,
  );
  refused({ nodes: [{ op: "eval", name: "a", inputs: ["input"] }] }, /^TypeError: .*nodes.*op.* is wrong/);
  refused(
    { nodes: [{ op: "relu", name: "a", inputs: ["b"] }] },
    /^RangeError: Cannot build tiny: node a reads b/,
  );
  assert.throws(() => parseArchitectureText("{", "tiny", "w"), { name: "SyntaxError" });
});

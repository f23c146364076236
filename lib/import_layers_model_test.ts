import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { branchedModel, loadModel, mobileModel, saveModel } from "./_layers_models.ts";
import { assertAllclose, inTemporaryFolder, normals, testEngine, withValues } from "./_test_helpers.ts";
import type { Engine } from "./engine.ts";
import { exportLayersModel } from "./export_layers_model.ts";
import { importLayersModel } from "./import_layers_model.ts";
import { eachLogitBatch } from "./logits.ts";
import { type Network, prunableLayers, sizeOf } from "./network.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { evenLevels, measureCurves } from "./rd_curve.ts";

/** Softmax of our logits on seeded inputs, as TensorFlow.js's own model gives its probabilities. */
async function probabilities(engine: Engine, network: Network, inputs: Float32Array): Promise<Float32Array> {
  const size = sizeOf(network.inputShape);
  const source = {
    count: inputs.length / size,
    shape: network.inputShape,
    read: (first: number, count: number) => inputs.subarray(first * size, (first + count) * size),
  };
  let all!: Float32Array;
  await eachLogitBatch(engine, network, source, source.count, (logits) => {
    all = tf.tidy(() =>
      tf.softmax(tf.tensor2d(logits, [source.count, network.classCount])).dataSync()
    ) as Float32Array;
  });
  return all;
}

async function predicted(model: tf.LayersModel, inputs: Float32Array): Promise<Float32Array> {
  const shape = model.inputs[0].shape.slice(1) as number[];
  const x = tf.tensor(inputs, [inputs.length / sizeOf(shape), ...shape]);
  const y = model.predict(x) as tf.Tensor;
  const values = await y.data() as Float32Array;
  tf.dispose([x, y]);
  return values;
}

const MODELS = { mobile: mobileModel, branched: branchedModel };

for (const [name, build] of Object.entries(MODELS)) {
  Deno.test(
    `importLayersModel() gives the outputs of TensorFlow.js's own ${name} model`,
    inTemporaryFolder(async (folder) => {
      const engine = await testEngine();
      const model = build();
      const { network, endsWithSoftmax } = await importLayersModel(await saveModel(model, folder));
      const inputs = normals(5 * sizeOf(network.inputShape), 3);
      const ours = await probabilities(engine, network, inputs);
      assertAllclose(ours, await predicted(model, inputs), { atol: 2e-6 });
      assert.ok(
        Math.max(...ours) - Math.min(...ours) > 0.05,
        "all probabilities are alike: nothing was compared",
      );
      assert.equal(endsWithSoftmax, true);
      assert.equal(network.model, name);
      model.dispose();
    }),
  );

  Deno.test(
    `exportLayersModel() writes a pruned ${name} model that TensorFlow.js runs with the same outputs`,
    inTemporaryFolder(async (folder) => {
      const engine = await testEngine();
      const imported = await importLayersModel(await saveModel(build(), folder));
      const layers = prunableLayers(imported.network).map((layer) => ({
        ...layer,
        pruned: Math.floor(layer.weights / 2),
      }));
      const pruned = pruneNetwork(imported.network, masksFor(imported.network, { layers }));
      const out = join(folder, "out");
      const bytes = exportLayersModel(out, pruned, imported);
      const reloaded = await loadModel(out);
      const inputs = normals(4 * sizeOf(pruned.inputShape), 4);
      assertAllclose(await predicted(reloaded, inputs), await probabilities(engine, pruned, inputs), {
        atol: 2e-6,
      });
      assert.equal(
        bytes,
        4 * [...imported.file.tensors.values()].reduce((sum, { data }) => sum + data.length, 0),
      );
      const zeros = reloaded.getWeights().reduce(
        (sum, weight) =>
          sum + (weight.rank > 1 ? weight.dataSync().filter((value) => value === 0).length : 0),
        0,
      );
      assert.equal(zeros, layers.reduce((sum, layer) => sum + layer.pruned, 0));
      reloaded.dispose();
    }),
  );
}

Deno.test(
  "importLayersModel() names layers as the model does, and counts depthwise weights",
  inTemporaryFolder(async (folder) => {
    const { network } = await importLayersModel(await saveModel(mobileModel(), folder));
    assert.deepEqual(
      prunableLayers(network).map(({ name, weights, macs }) => [name, weights, macs]),
      [
        ["stem", 3 * 8 * 9, 3 * 8 * 9 * 81],
        ["deep", 16 * 9, 16 * 9 * 81],
        ["thin", 16 * 8, 16 * 8 * 81],
        ["apart.depthwise", 8 * 9, 8 * 9 * 16],
        ["apart.pointwise", 8 * 12, 8 * 12 * 16],
        ["scores", 36, 36],
      ],
    );
    const engine = await testEngine();
    const inputs = normals(2 * 17 * 17 * 3, 5);
    const calibration = { name: "noise", count: 2, shape: network.inputShape, inputs };
    const curves = await measureCurves(engine, network, calibration, { levels: evenLevels(3) });
    assert.ok(curves.layers.every(({ distortion: { mean } }) => mean[0] === 0 && mean[2] > 0));
  }),
);

Deno.test(
  "importLayersModel() reads over HTTP, and names a shard that the server lacks",
  inTemporaryFolder(async (folder) => {
    await saveModel(branchedModel(), folder);
    const server = createServer((request, response) => {
      try {
        response.setHeader("connection", "close"); // else close() may wait minutes for a connection kept for more
        response.end(readFileSync(join(folder, request.url!)));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/model.json`;
      assert.equal(prunableLayers((await importLayersModel(url)).network).length, 4);
      unlinkSync(join(folder, "shard1.bin"));
      await assert.rejects(importLayersModel(url), {
        name: "TypeError",
        message:
          `Cannot import ${url}: weight shard "shard1.bin" must be there: Cannot fetch http://127.0.0.1:${port}/shard1.bin: ` +
          "the server must answer 200, got 404",
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }),
);

/** Saves a model, spoils its JSON, and expects an error. */
function refuses(title: string, spoil: (json: SpoiltModel, folder: string) => void, expected: RegExp): void {
  Deno.test(
    `importLayersModel() refuses ${title}`,
    inTemporaryFolder(async (folder) => {
      const model = branchedModel();
      const path = await saveModel(model, folder);
      model.dispose();
      const json = JSON.parse(readFileSync(path, "utf8"));
      spoil(json, folder);
      writeFileSync(path, JSON.stringify(json));
      await assert.rejects(importLayersModel(path), (error: Error) => {
        assert.match(`${error.name}: ${error.message}`, expected);
        return true;
      });
    }),
  );
}

interface SpoiltLayer {
  class_name: string;
  name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}
interface SpoiltModel {
  format: string;
  modelTopology: { class_name: string; config: { layers: SpoiltLayer[] } };
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[];
}

const layerOf = ({ modelTopology }: SpoiltModel, name: string) =>
  modelTopology.config.layers.find((layer) => layer.name === name)!;

refuses("a layer that it does not know, by name", (json) => {
  layerOf(json, "leaky").class_name = "LSTM";
}, /^TypeError: Cannot import layer "leaky" \(LSTM\): its kind must be one of Conv2D, /);
refuses(
  "dilation, by layer",
  (json) => {
    layerOf(json, "stem").config.dilation_rate = [2, 2];
  },
  /^TypeError: Cannot import layer "stem" \(Conv2D\): dilation_rate must be 1 or \[1\] or \[1,1\], got \[2,2\]$/,
);
refuses(
  "an activation that it does not know",
  (json) => {
    layerOf(json, "stem").config.activation = "mish";
  },
  /^TypeError: Cannot import layer "stem" \(Conv2D\): activation must be one of linear, relu, .* got "mish"$/,
);
refuses("a layer used twice", (json) => {
  const layer = layerOf(json, "hidden");
  layer.inbound_nodes.push(layer.inbound_nodes[0]);
}, /^TypeError: Cannot import layer "hidden" \(Dense\): it must be used once, got 2 uses$/);
refuses("layers in a circle", (json) => {
  layerOf(json, "stem").inbound_nodes = layerOf(json, "level").inbound_nodes;
}, /^TypeError: Cannot import layer ".*" \(.*\): it must not depend on itself, it reads ".*"$/);
refuses("a missing shard", (_, folder) => {
  unlinkSync(join(folder, "shard1.bin"));
}, /^TypeError: Cannot import .*model.json: weight shard "shard1.bin" must be there: Cannot read .*ENOENT/);
refuses("a cut shard", (_, folder) => {
  truncateSync(join(folder, "shard1.bin"), 100);
}, /^TypeError: Cannot import .*: its weight shards must hold \d+ bytes, as its tensors say, got \d+$/);
refuses("a shard outside of its folder", (json) => {
  json.weightsManifest[0].paths[0] = "../../etc/passwd";
}, /^TypeError: Cannot import .*: a weight shard must lie beside it, got "..\/..\/etc\/passwd"$/);
refuses(
  "a tensor of another size",
  (json) => {
    const kernel = json.weightsManifest[0].weights.find(({ name }) => name === "scores/kernel")!;
    kernel.shape = [3, 10];
  },
  /^TypeError: Cannot import layer "scores" \(Dense\): tensor scores\/kernel must have shape \[10,3\], got \[3,10\]$/,
);
refuses(
  "a tensor that is not there",
  (json) => {
    json.weightsManifest[0].weights.find(({ name }) => name === "norm/gamma")!.name = "norm/delta";
  },
  /^TypeError: Cannot import layer "norm" \(BatchNormalization\): the weights must hold its tensor norm\/gamma, got 0 of that name$/,
);
refuses(
  "images of any size",
  (json) => {
    layerOf(json, "images").config.batch_input_shape = [null, null, null, 3];
  },
  /^TypeError: Cannot import .*: layer "images" \(InputLayer\) must take images of a fixed size, got \[null,null,null,3\]$/,
);
refuses("another format", (json) => {
  json.format = "graph-model";
}, /^TypeError: Cannot import .*: its format must be layers-model, got "graph-model"$/);
refuses("weights that are no numbers", (json, folder) => {
  const bytes = Buffer.concat([
    readFileSync(join(folder, "shard0.bin")),
    readFileSync(join(folder, "shard1.bin")),
  ]);
  bytes.writeFloatLE(NaN, 0);
  writeFileSync(join(folder, "shard0.bin"), bytes);
  json.weightsManifest[0].paths = ["shard0.bin"];
}, /^RangeError: Cannot load .*: tensor stem.weight must be finite, got NaN at index 0$/);

Deno.test(
  "importLayersModel() reads quantised weights to within half a step",
  inTemporaryFolder(async (folder) => {
    const path = await saveModel(mobileModel(), folder, 1);
    const plain = (await importLayersModel(path)).network.weights.get("scores.weight")!.data;
    const json = JSON.parse(readFileSync(path, "utf8"));
    const bytes = readFileSync(join(folder, "shard0.bin"));
    let at = 0;
    const parts: Buffer[] = [];
    for (const spec of json.weightsManifest[0].weights) {
      const length = 4 * sizeOf(spec.shape);
      const values = new Float32Array(new Uint8Array(bytes.subarray(at, at += length)).buffer);
      if (spec.name === "scores/kernel") {
        const min = Math.min(...values);
        const scale = (Math.max(...values) - min) / 255;
        spec.quantization = { dtype: "uint8", scale, min };
        parts.push(Buffer.from(Uint8Array.from(values, (value) => Math.round((value - min) / scale))));
        spec.scale = scale;
      } else parts.push(Buffer.from(values.buffer));
    }
    writeFileSync(join(folder, "shard0.bin"), Buffer.concat(parts));
    writeFileSync(path, JSON.stringify(json));
    const { network } = await importLayersModel(path);
    const step = json.weightsManifest[0].weights.find(({ name }: { name: string }) =>
      name === "scores/kernel"
    ).scale;
    assertAllclose(network.weights.get("scores.weight")!.data, plain, { atol: step / 2 + 1e-6 });
    assert.notDeepEqual(network.weights.get("scores.weight")!.data, plain);
  }),
);

Deno.test(
  "exportLayersModel() refuses a network of another architecture",
  inTemporaryFolder(async (folder) => {
    const mobile = await importLayersModel(await saveModel(mobileModel(), folder));
    const branched = await importLayersModel(await saveModel(branchedModel(), folder));
    assert.throws(() => exportLayersModel(join(folder, "out"), branched.network, mobile), {
      name: "TypeError",
      message: /^Cannot export branched into .*: its nodes must be those of .*model.json, they differ$/,
    });
  }),
);

Deno.test(
  "exportLayersModel() refuses a trained scale that the model has no tensor for, where it would be lost",
  inTemporaryFolder(async (folder) => {
    const imported = await importLayersModel(await saveModel(mobileModel(), folder)); // batch norms without scale
    const trained = withValues(imported.network, "relu1_bn.weight", { 2: 1.5 });
    const out = join(folder, "out");
    assert.throws(() => exportLayersModel(out, trained, imported), {
      name: "TypeError",
      message:
        /^Cannot export mobile into .*: relu1_bn.weight must stay as it was imported, .* has no tensor for it$/,
    });
    assert.equal(existsSync(out), false);
  }),
);

Deno.test(
  "exportLayersModel() into a folder that it cannot finish leaves no model of old and new shards",
  inTemporaryFolder(async (folder) => {
    const imported = await importLayersModel(await saveModel(mobileModel(), folder));
    const out = join(folder, "out");
    exportLayersModel(out, imported.network, imported);
    const [shard] = readdirSync(out).filter((name) => name.endsWith(".bin"));
    rmSync(join(out, shard));
    mkdirSync(join(out, shard)); // cannot be written over
    assert.throws(() => exportLayersModel(out, imported.network, imported), { name: "FileError" });
    assert.equal(existsSync(join(out, "model.json")), false);
  }),
);

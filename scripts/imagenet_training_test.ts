/** `train` and `iterate` with `--data imagenet`: a small tf.layers network on a small folder, from pruning to evaluation. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mobileModel, saveModel } from "../lib/_layers_models.ts";
import { inTemporaryFolder, testEngine } from "../lib/_test_helpers.ts";
import { writePhotographs } from "../lib/batches/_photographs.ts";
import { loadNetwork, saveNetwork, saveTrainingState } from "../lib/checkpoint.ts";
import { type ChainState, iterate } from "../lib/iterate.ts";
import { listImageFolder } from "../lib/image_folder.ts";
import type { RoundLine } from "../lib/iterate/round_line.ts";
import { magnitudeMask } from "../lib/mask.ts";
import { type Network, prunableLayers } from "../lib/network.ts";
import { protocolNamed } from "../lib/protocols.ts";
import { pruneNetwork, summariseSparsity } from "../lib/prune.ts";
import { readText, sha256 } from "../lib/store.ts";
import { finetune } from "../lib/finetune.ts";
import type { TrainingState } from "../lib/training_state.ts";
import { runScript } from "./_run_script.ts";
import { openTrainingFolders } from "./image_data.ts";
import { openNetwork } from "./options.ts";

/** `train` with three classes of 11, `val` with as many of 4; and an untrained model of 17×17 pixels. */
async function prepare(folder: string): Promise<{ root: string; model: string }> {
  await testEngine();
  const [root, home] = [join(folder, "photographs"), join(folder, "model")];
  await writePhotographs(join(root, "train"), { classes: 3, perClass: 11 });
  await writePhotographs(join(root, "val"), { classes: 3, perClass: 4, seed: 2 });
  mkdirSync(home);
  return { root, model: await saveModel(mobileModel({ isTrained: true }), home, 1) };
}

async function succeed(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runScript(name, ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function half(network: Network): Network {
  const masks = prunableLayers(network).map(({ name, weights }) => {
    const { data } = network.weights.get(`${name}.weight`)!;
    return [name, magnitudeMask(data, Math.floor(weights / 2))] as const;
  });
  return pruneNetwork(network, new Map(masks));
}

Deno.test(
  "iterate --data imagenet prunes, recovers and fine-tunes on a folder, and evaluate reads the result",
  inTemporaryFolder(async (folder) => {
    const { root, model } = await prepare(folder);
    const out = join(folder, "chain");
    const data = ["--data", "imagenet", "--root"];
    await succeed(
      "iterate",
      ...["--model", model, ...data, root, "--targets", "0.3,0.5", "--protocol", "quick"],
      ...["--batch", "8", "--threads", "1", "--out", out],
    );
    const rounds = readText(join(out, "rounds.jsonl")).trimEnd().split("\n")
      .map((line) => JSON.parse(line) as RoundLine);
    assert.deepEqual(rounds.map(({ target, protocol }) => [target, protocol]), [
      [0.3, "quick on ImageNet with batch 8"],
      [0.5, "quick on ImageNet with batch 8"],
    ]);
    for (const { sparsity, target, top1 } of rounds) {
      assert.ok(sparsity >= target && top1.tuned !== null);
    }
    const weights = join(out, "network.safetensors");
    const evaluated = await succeed(
      "evaluate",
      ...["--model", "mobile", "--weights", weights, ...data, join(root, "val"), "--threads", "1", "--json"],
    );
    const { top1, samples, sparsity } = JSON.parse(evaluated);
    assert.deepEqual([top1, samples, sparsity], [rounds[1].top1.tuned, 12, rounds[1].sparsity]);

    // The same chain in this process, and one that goes on from its second round, end with the same bits.
    const engine = await testEngine();
    const { network: dense } = await openNetwork({ model });
    const { fineTuning, ...rest } = protocolNamed("quick", "mobile", "imagenet");
    const recipe = { ...fineTuning!.recipe, batch: 8 };
    const plan = {
      ...{ method: "ours", targets: [0.3, 0.5], seed: 1, statistic: "mean", curveRecovery: "none" } as const,
      protocol: { ...rest, fineTuning: { ...fineTuning!, recipe } },
    };
    const images = {
      train: listImageFolder(join(root, "train"), 3),
      test: listImageFolder(join(root, "val"), 3),
    };
    const states: ChainState[] = [];
    const onState = (state: ChainState) => void states.push(state);
    const whole = await iterate(engine, dense, { plan, ...images, onState });
    const state = states.find(({ rounds, open }) => rounds.length === 1 && open !== null);
    const resumed = await iterate(engine, dense, { plan, ...images, state });
    const written = loadNetwork(weights, "mobile").weights;
    for (const { network } of [whole, resumed]) assert.deepEqual(network.weights, written);
  }),
);

Deno.test(
  "train --data imagenet --keep-zeros fine-tunes a pruned network by the paper's recipe, and --resume gives the same bits",
  inTemporaryFolder(async (folder) => {
    const { root, model } = await prepare(folder);
    const engine = await testEngine();
    const { network: dense } = await openNetwork({ model });
    const pruned = half(dense);
    const [from, out] = [join(folder, "pruned.safetensors"), join(folder, "tuned.safetensors")];
    saveNetwork(from, pruned);
    const { recipe: named } = protocolNamed("paper", "mobile", "imagenet").fineTuning!;
    const { fingerprint } = openTrainingFolders({ data: "imagenet", root }, 3)!;
    const start = { startedFrom: sha256(from), keepZeros: true } as const;
    const recipe = { ...named, ...start, seed: 1, epochs: 2, batch: 16, images: fingerprint }; // 2 epochs of 2 steps
    const states: TrainingState[] = [];
    const tuned = await finetune(engine, pruned, listImageFolder(join(root, "train"), 3), {
      recipe,
      onEpoch: (_, state) => void states.push(state),
    });
    const args = [
      ...["--model", "mobile", "--from", from, "--keep-zeros", "--data", "imagenet", "--root", root],
      ...["--epochs", "2", "--batch", "16", "--threads", "1", "--out", out],
    ];
    await succeed("train", ...args);
    assert.deepEqual(loadNetwork(out, "mobile").weights, tuned.weights);
    assert.equal(summariseSparsity(loadNetwork(out)).sparsity, summariseSparsity(pruned).sparsity);

    rmSync(out);
    saveTrainingState(`${out}.state`, states[0]); // as if killed in the second epoch
    const moved = join(folder, "moved");
    renameSync(join(root, "val", "a", "000.jpg"), moved);
    const refused = await runScript("train", ...args, "--resume");
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /Cannot resume .*: it was made with images [0-9a-f]{64}, asked images [0-9a-f]{64}/,
    );
    renameSync(moved, join(root, "val", "a", "000.jpg"));
    await succeed("train", ...args, "--resume");
    assert.deepEqual(loadNetwork(out, "mobile").weights, tuned.weights);
  }),
);

Deno.test(
  "train and iterate refuse a folder that cannot be trained on, before they compute",
  inTemporaryFolder(async (folder) => {
    const { root, model } = await prepare(folder);
    const refused = async (code: number, message: RegExp, ...args: string[]) => {
      const outcome = await runScript(
        "train",
        "--model",
        model,
        "--out",
        join(folder, "x.safetensors"),
        ...args,
      );
      assert.match(outcome.stderr, message);
      assert.equal(outcome.code, code);
    };
    await refused(2, /^train: Cannot train on imagenet: --root must name a folder/m, "--data", "imagenet");
    await refused(
      2,
      /^train: Cannot train with --teacher on a folder of images: it goes with CIFAR-10/m,
      ...["--data", "imagenet", "--root", root, "--teacher", join(folder, "no.safetensors")],
    );
    await refused(1, /train.*must be a folder of images/, "--data", "imagenet", "--root", join(root, "val"));
    writeFileSync(join(root, "val", "labels.csv"), "file,class\na/000.jpg,3\n");
    await refused(
      1,
      /a class must be a whole number below 3, got "3" in line 2/,
      "--data",
      "imagenet",
      "--root",
      root,
    );
    rmSync(join(root, "val", "labels.csv"));
    rmSync(join(root, "train", "b"), { recursive: true });
    rmSync(join(root, "train", "c"), { recursive: true });
    await refused(
      1,
      /a folder for each of 3 classes, or a labels.csv, got 1 folders/,
      "--data",
      "imagenet",
      "--root",
      root,
    );
  }),
);

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder, tinyArchitecture, tinyImages, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { ALLOCATORS } from "./baselines.ts";
import { FileError, NODE_FILES } from "./_files.ts";
import type { Engine } from "./engine.ts";
import { type ChainPlan, type ChainState, checkTargets, geometricTargets, iterate } from "./iterate.ts";
import { chainIdentity, loadChain, saveChain } from "./iterate/chain_file.ts";
import { openChainFolder } from "./iterate/chain_folder.ts";
import { dynamicTraining } from "./iterate/dynamic_round.ts";
import { packRight, unpackRight } from "./iterate/right_images.ts";
import { roundProblem, zerosByLayer } from "./iterate/round_problem.ts";
import { type Network, prunableLayers } from "./network.ts";
import { type Protocol, protocolNamed } from "./protocols.ts";
import type { TrainingState } from "./training_state.ts";

const ARCHITECTURE = tinyArchitecture();
const TRAIN = tinyImages(48, ARCHITECTURE);
const TEST = tinyImages(30, ARCHITECTURE, 2);

const QUICK = protocolNamed("quick", "tiny");
const TINY: Protocol = {
  name: "tiny",
  calibration: { samples: 8, levels: 6 },
  recovery: { steps: ["lsq"], samples: 24 },
  fineTuning: {
    images: 24,
    recipe: { ...QUICK.fineTuning!.recipe, epochs: 2, batch: 8, peak: 0.01 },
    distillation: 0.3,
  },
  testImages: 30,
};
const PLAN: ChainPlan = {
  method: "ours",
  protocol: TINY,
  targets: [0.3, 0.5, 0.7],
  seed: 1,
  statistic: "mean",
  curveRecovery: "none",
};

/** A result without what differs from run to run. */
function timeless({ network, ...rest }: ChainState): unknown {
  const rounds = rest.rounds.map(({ seconds: _, memory: __, ...round }) => round);
  return { ...rest, rounds, weights: network.weights };
}

class Killed extends Error {}

/** Runs the chain from its files, killed at the given moment of writing; the final state, or null. */
async function runUntilKilled(
  engine: Engine,
  folder: string,
  killAt: number,
  plan = PLAN,
): Promise<ChainState | null> {
  const dense = tinyNetwork();
  let writes = 0;
  const writing = (write: () => void | Promise<void>) => {
    if (++writes === killAt) throw new Killed(); // before the file is there
    return write();
  };
  const { state, tuning, onState, onTuning } = openChainFolder(folder, dense, plan);
  try {
    return await iterate(engine, dense, {
      plan,
      train: TRAIN,
      test: TEST,
      state,
      tuning,
      onState: (next) => writing(() => onState(next)),
      onTuning: (next) => writing(() => onTuning(next)),
    });
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return null;
  }
}

Deno.test(
  "iterate() judges the last step on all test images, those before on the interim ones",
  withEngine(async (engine) => {
    const protocol: Protocol = { ...TINY, interimImages: 7 };
    const plan: ChainPlan = { ...PLAN, method: "uniform", targets: [0.5], protocol };
    const run = async (changed: ChainPlan) =>
      (await iterate(engine, tinyNetwork(), { plan: changed, train: TRAIN, test: TEST })).rounds[0];
    const isShareOf = (top1: number, count: number) =>
      assert.ok(Math.abs(top1 * count - Math.round(top1 * count)) < 1e-9, `${top1} of ${count}`);
    const tuned = await run(plan);
    isShareOf(tuned.top1.pruned, 7);
    isShareOf(tuned.top1.recovered, 7);
    isShareOf(tuned.top1.tuned!, 30);
    assert.equal(unpackRight(tuned.right!, 30).length, 30);
    const untuned = await run({ ...plan, protocol: { ...protocol, fineTuning: null } });
    isShareOf(untuned.top1.pruned, 7);
    const right = unpackRight(untuned.right!, 30).reduce((sum, bit) => sum + bit, 0);
    assert.equal(untuned.top1.recovered, right / 30);
  }),
);

Deno.test(
  "iterate() refuses an engine without training mode before it computes, where the protocol needs one",
  withEngine(async (engine) => {
    const passedOver = ["tensorflow: not installed"];
    const lacking: Engine = { ...engine, name: "wasm", canTrain: false, passedOver };
    const run = (protocol: Protocol) =>
      iterate(lacking, tinyNetwork(), {
        ...{ plan: { ...PLAN, targets: [0.5], protocol }, train: TRAIN, test: TEST },
        onProgress: () => assert.fail("it computes"),
      });
    for (
      const protocol of [TINY, {
        ...TINY,
        fineTuning: null,
        recovery: { steps: ["bn"], samples: 24 },
      }] as const
    ) {
      await assert.rejects(run(protocol), {
        name: "TypeError",
        message:
          "Cannot run this chain on the engine wasm: it has no gradients, use tensorflow, webgpu or cpu " +
          "(tensorflow: not installed)",
      });
    }
  }),
);

Deno.test(
  "iterate() in stages reaches each target, and what an earlier round pruned stays pruned",
  withEngine(async (engine) => {
    const recovery = { ...TINY.recovery, steps: ["lsq"] as const, stages: 3 };
    const protocol: Protocol = { ...TINY, recovery, fineTuning: null };
    const plan: ChainPlan = { ...PLAN, method: "global", targets: [0.5, 0.7], protocol };
    const networks: Network[] = [];
    const { rounds } = await iterate(engine, tinyNetwork(), {
      ...{ plan, train: tinyImages(260, ARCHITECTURE), test: TEST },
      onState: ({ network, open }) => {
        if (open === null) networks.push(network);
      },
    });
    rounds.forEach(({ sparsity, target }) => assert.ok(sparsity >= target && sparsity < target + 0.02));
    const [first, second] = networks;
    for (const { name } of prunableLayers(first)) {
      const [before, after] = [first, second].map(({ weights }) => weights.get(`${name}.weight`)!.data);
      assert.ok(before.every((weight, i) => weight !== 0 || after[i] === 0), name);
    }
  }),
);

Deno.test(
  "iterate() in one shot gives each target the bits of a chain of its own, on curves that are measured once",
  withEngine(async (engine) => {
    const protocol: Protocol = { ...TINY, fineTuning: null, oneShot: true };
    const measuredIn = new Set<number>();
    const run = async (targets: readonly number[]) => {
      const networks: Network[] = [];
      await iterate(engine, tinyNetwork(), {
        ...{ plan: { ...PLAN, protocol, targets }, train: TRAIN, test: TEST },
        onProgress: (round, phase) => phase === "curves" && measuredIn.add(round),
        onState: ({ network, open }) => void (open === null && networks.push(network)),
      });
      return networks;
    };
    const together = await run([0.3, 0.5, 0.7]);
    assert.deepEqual([...measuredIn], [1]);
    const apart = [await run([0.3]), await run([0.5]), await run([0.7])].flat();
    assert.deepEqual(together.map(({ weights }) => weights), apart.map(({ weights }) => weights));
    const inSteps = await iterate(engine, tinyNetwork(), {
      ...{ plan: { ...PLAN, protocol: { ...protocol, oneShot: false } }, train: TRAIN, test: TEST },
    });
    assert.notDeepEqual(inSteps.network.weights, apart[2].weights);
  }),
);

Deno.test(
  "iterate() on fine levels prunes the last percents more finely than hundredths",
  withEngine(async (engine) => {
    const plan: ChainPlan = { ...PLAN, targets: [0.9, 0.985], protocol: { ...TINY, fineTuning: null } };
    const run = async (levels?: "fine") =>
      (await iterate(engine, tinyNetwork(), { plan: { ...plan, levels }, train: TRAIN, test: TEST })).rounds;
    const [, last] = await run("fine");
    assert.ok(last.sparsity >= 0.985);
    assert.notDeepEqual(last.layers, (await run())[1].layers);
    assert.deepEqual((await run("fine"))[1].layers, last.layers);
  }),
);

Deno.test(
  "iterate() settles an allocation on the true distortion, whatever method began it",
  withEngine(async (engine) => {
    for (const method of ["ours", "global"]) {
      const plan: ChainPlan = {
        ...PLAN,
        method,
        targets: [0.5, 0.7],
        settle: 2,
        protocol: { ...TINY, fineTuning: null },
      };
      const images = { train: tinyImages(260, ARCHITECTURE), test: TEST };
      const { rounds, network } = await iterate(engine, tinyNetwork(), { plan, ...images });
      for (const { settled, sparsity, target, distortion } of rounds) {
        assert.equal(distortion.predicted, null); // of the allocation before, where there was one
        assert.ok(settled!.after <= settled!.before, method);
        assert.ok(sparsity >= target, method);
      }
      assert.ok(rounds.some(({ settled }) => settled!.after < settled!.before), `${method}: nothing moved`);
      const again = await iterate(engine, tinyNetwork(), { plan, ...images });
      assert.deepEqual(again.network.weights, network.weights);
    }
  }),
);

Deno.test("geometricTargets() are the paper's 1 − 0.8ᵗ", () => {
  assert.deepEqual(geometricTargets(3).map((target) => Number(target.toFixed(12))), [0.2, 0.36, 0.488]);
  assert.throws(() => geometricTargets(0), { name: "RangeError" });
});

Deno.test("packRight() holds a bit an image, by hand, and unpackRight() gives it back", () => {
  // images 0, 2 and 9 of ten are right: bits 0 and 2 of the first byte, bit 1 of the second: 5, 2
  const labels = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const text = packRight([1, 0, 1, 0, 0, 0, 0, 0, 0, 1], labels);
  assert.equal(text, btoa("\x05\x02"));
  assert.deepEqual([...unpackRight(text, 10)], [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  assert.throws(() => packRight([1], labels), {
    name: "TypeError",
    message: "Cannot tell right answers: predictions must be for 10 images, got 1",
  });
  assert.throws(() => unpackRight(text, 20), {
    name: "TypeError",
    message: "Cannot read right answers: 20 images take 3 bytes, got 2",
  });
});

Deno.test("checkTargets() refuses targets that fall, lie outside or are none", () => {
  checkTargets([0.3, 0.5]);
  const fails = (targets: number[], message: string) =>
    assert.throws(() => checkTargets(targets), { name: "RangeError", message: `Cannot iterate: ${message}` });
  fails([], "there must be at least one target, got 0");
  fails([0.5, 0.4], "targets must rise, got 0.4 after 0.5 in round 2");
  fails([0.5, 0.5], "targets must rise, got 0.5 after 0.5 in round 2");
  fails([0.5, 1], "targets must lie in (0, 1), got 1 in round 2");
  fails([NaN], "targets must lie in (0, 1), got NaN in round 1");
});

Deno.test("roundProblem() starts each layer's curve at its present sparsity", () => {
  const network = tinyNetwork();
  const name = "conv2";
  const { shape, data } = network.weights.get(`${name}.weight`)!;
  const pruned = { ...network, weights: new Map(network.weights) };
  pruned.weights.set(`${name}.weight`, {
    shape,
    data: data.map((value, i) => i < data.length / 4 ? 0 : value),
  });
  const levels = [0, 0.2, 0.5, 1];
  const curves = {
    model: "tiny",
    levels,
    samples: 1,
    layers: prunableLayers(network).map((layer) => ({
      ...layer,
      distortion: { mean: [0, 1, 2, 3] },
      knots: [],
    })),
  };
  // deno-lint-ignore no-explicit-any -- the other statistics are not read
  const problem = roundProblem(pruned, { target: 0.5, curves: curves as any });
  const layer = problem.layers.find((candidate) => candidate.name === name)!;
  assert.deepEqual([layer.levels, layer.distortion], [[0, 0.25, 0.5, 1], [0, 0, 2, 3]]);
  assert.deepEqual(problem.layers[0].levels, levels);
  const total = prunableLayers(network).reduce((sum, { weights }) => sum + weights, 0);
  assert.equal(problem.budget, Math.ceil(total / 2));
  assert.equal(zerosByLayer(pruned).get(name), data.length / 4);
  // a peak of 2 before 1: outlier filtering takes it away
  const peaked = {
    ...curves,
    layers: curves.layers.map((of) => ({ ...of, distortion: { mean: [0, 2, 1, 3] } })),
  };
  // deno-lint-ignore no-explicit-any -- as above
  const filtered = roundProblem(network, { target: 0.5, curves: peaked as any, refinement: "of" });
  assert.deepEqual(filtered.layers[0].distortion, [0, Infinity, 1, 3]);
});

for (const method of Object.keys(ALLOCATORS)) {
  Deno.test(
    `iterate() by ${method} reaches every target, and nothing grows back`,
    withEngine(async (engine) => {
      const plan = { ...PLAN, method, targets: [0.4, 0.6], protocol: { ...TINY, fineTuning: null } };
      const networks: ChainState[] = [];
      const final = await iterate(engine, tinyNetwork(), {
        plan,
        train: TRAIN,
        test: TEST,
        onState: (state) => void networks.push(state),
      });
      final.rounds.forEach(({ round, target, sparsity, distortion, top1, right, layers }, t) => {
        assert.deepEqual([round, target], [t + 1, plan.targets[t]]);
        assert.ok(sparsity >= target && sparsity < target + 0.2, `${sparsity} for ${target}`);
        assert.ok(distortion.real > 0 && top1.tuned === null);
        const answers = unpackRight(right!, TEST.count);
        assert.equal(answers.reduce((sum, bit) => sum + bit, 0) / TEST.count, top1.recovered);
        assert.deepEqual(Object.keys(layers), prunableLayers(ARCHITECTURE).map(({ name }) => name));
      });
      const [first, last] = [networks[0], final].map(({ network }) => network);
      for (const { name } of prunableLayers(ARCHITECTURE)) {
        const [before, after] = [first, last].map(({ weights }) => weights.get(`${name}.weight`)!.data);
        assert.ok(before.every((value, i) => value !== 0 || after[i] === 0), name);
      }
    }),
  );
}

Deno.test(
  "iterate() by dpf trains from the dense network in each round, to the exact count, and resumes to the same bits",
  withEngine(async (engine) => {
    const plan = { ...PLAN, method: "dpf", targets: [0.4, 0.6] };
    const states: ChainState[] = [];
    const tunings: TrainingState[] = [];
    const run = (state?: ChainState, tuning?: TrainingState) =>
      iterate(engine, tinyNetwork(), {
        ...{ plan, train: TRAIN, test: TEST, state, tuning },
        onState: (next) => void states.push(next),
        onTuning: (next) => void tunings.push(next),
      });
    const final = await run();
    const total = prunableLayers(ARCHITECTURE).reduce((sum, { weights }) => sum + weights, 0);
    for (const { target, sparsity, top1, layers } of final.rounds) {
      assert.equal(sparsity, Math.ceil(target * total) / total);
      assert.ok(top1.tuned !== null && Object.values(layers).some((layer) => layer !== sparsity));
    }
    // two epochs in each round, in the second on both rounds' images: a state after the first, of the round's target
    assert.deepEqual(tunings.map(({ recipe }) => recipe.dynamicSparsity), [0.4, 0.6]);
    const [open, tuning] = [states[2], tunings[1]];
    assert.equal(open.open!.round, 2);
    assert.deepEqual(timeless(await run(open, tuning)), timeless(final));
    await assert.rejects(run(open, tunings[0]), {
      name: "TypeError",
      message: /of the same recipe, it is of another$/,
    });
    const untuned = { ...plan, protocol: { ...TINY, fineTuning: null } };
    await assert.rejects(iterate(engine, tinyNetwork(), { plan: untuned, train: TRAIN, test: TEST }), {
      name: "RangeError",
      message: 'Cannot prune by dpf under the protocol "tiny": it needs fine-tuning',
    });
  }),
);

Deno.test(
  "iterate() ends with the same bits wherever it is killed",
  withEngine(async (engine) => {
    await inTemporaryFolder(async (folder) => {
      const whole = await runUntilKilled(engine, folder, Infinity);
      assert.equal(whole!.rounds.length, 3);
      for (const { top1, drop, seconds } of whole!.rounds) {
        assert.ok(top1.tuned !== null && drop === whole!.denseTop1 - top1.tuned && seconds.fineTuning > 0);
      }
      await inTemporaryFolder(async (other) => {
        let resumed: ChainState | null = null;
        let kills = 0;
        // a second write in each run: every run gets one write further, over states and epochs alike
        while (resumed === null) {
          resumed = await runUntilKilled(engine, other, 2);
          if (resumed === null) kills++;
        }
        assert.equal(kills, 8); // 3 rounds of an opening, an epoch and a close, less the first write
        assert.deepEqual(timeless(resumed), timeless(whole!));
      })();
    })();
  }),
);

Deno.test(
  "openChainFolder() forgets the fine-tuning of a chain whose state was removed",
  withEngine(async (engine) => {
    await inTemporaryFolder(async (folder) => {
      const plans = ["global", "uniform"].map((method): ChainPlan => ({ ...PLAN, method, targets: [0.5] }));
      const [left, plan] = plans;
      assert.equal(await runUntilKilled(engine, folder, 3, left), null); // tuned for an epoch, not closed
      rmSync(join(folder, "state.safetensors"));
      assert.ok(existsSync(join(folder, "tuning.safetensors")));
      assert.equal(await runUntilKilled(engine, folder, 2, plan), null); // opened, killed before an epoch is kept
      const resumed = await runUntilKilled(engine, folder, Infinity, plan);
      await inTemporaryFolder(async (other) => {
        const whole = await runUntilKilled(engine, other, Infinity, plan);
        assert.deepEqual(timeless(resumed!), timeless(whole!));
      })();
    })();
  }),
);

Deno.test("dynamicTraining() takes a rival's steps on the images that it has seen, as far as the set goes", () => {
  const tuning = { ...TINY.fineTuning!, images: 24 };
  const of = (round: number, available: number) => {
    const { recipe, images } = dynamicTraining(tuning, { seed: 7, round, target: 0.9, available });
    return [images, recipe.epochs];
  };
  // two epochs a round
  assert.deepEqual(of(1, 1000), [24, 2]);
  assert.deepEqual(of(6, 1000), [144, 2]);
  assert.deepEqual(of(6, 100), [72, 4]); // the set holds four parts; three divide six rounds
  assert.deepEqual(of(5, 100), [24, 10]);
  assert.deepEqual(of(3, 20), [20, 6]); // fewer than a part
  const { recipe } = dynamicTraining(tuning, { seed: 7, round: 2, target: 0.9, available: 1000 });
  assert.deepEqual(recipe, { ...tuning.recipe, seed: 7, epochs: 2, dynamicSparsity: 0.9 });
});

Deno.test(
  "iterate() stops at a loss that is not finite, the last good state kept",
  withEngine(async (engine) => {
    const { fineTuning } = TINY;
    const recipe = { ...fineTuning!.recipe, peak: 1e30 };
    const plan = { ...PLAN, protocol: { ...TINY, fineTuning: { ...fineTuning!, recipe, distillation: 0 } } };
    const states: ChainState[] = [];
    const run = iterate(engine, tinyNetwork(), {
      ...{ plan, train: TRAIN, test: TEST },
      onState: (state) => void states.push(state),
    });
    await assert.rejects(run, {
      name: "RangeError",
      message: /^Cannot go on training: the loss and its gradient must/,
    });
    assert.deepEqual([states.length, states[0].open!.round], [1, 1]); // opened, and good to go on from
    const values = [...states[0].network.weights.values()].flatMap(({ data }) => [...data]);
    assert.ok(values.every(Number.isFinite));
  }),
);

Deno.test(
  "loadChain() refuses another network, another plan and an altered file; a full disk leaves the old state",
  inTemporaryFolder((folder) => {
    const path = join(folder, "state");
    const dense = tinyNetwork();
    const state: ChainState = { network: dense, denseTop1: 0.9, rounds: [], open: null };
    assert.equal(loadChain(path, dense, PLAN), null);
    saveChain(path, chainIdentity(dense, PLAN), state);
    assert.deepEqual(loadChain(path, dense, PLAN), state);
    const fails = (act: () => void, message: RegExp) => assert.throws(act, { name: "TypeError", message });
    fails(
      () => loadChain(path, tinyNetwork(2), PLAN),
      /is of another chain, weightsSha256 "[0-9a-f]+… there and "[0-9a-f]+… here;/,
    );
    fails(
      () => loadChain(path, dense, { ...PLAN, seed: 2, protocol: QUICK }),
      /of another chain, protocol "tiny" there and "quick" here, seed 1 there and 2 here; name another folder/,
    );
    const full = {
      ...NODE_FILES,
      writeSync: () => {
        throw Object.assign(new Error("full"), { code: "ENOSPC" });
      },
    };
    assert.throws(
      () => saveChain(path, chainIdentity(dense, PLAN), { ...state, denseTop1: 0 }, { files: full }),
      (error) => error instanceof FileError && error.code === "ENOSPC",
    );
    assert.deepEqual(loadChain(path, dense, PLAN), state);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] ^= 1;
    writeFileSync(path, bytes);
    fails(() => loadChain(path, dense, PLAN), /it was altered, its SHA-256 must be/);
  }),
);

Deno.test("protocolNamed() holds the paper's numbers and refuses unknown names", () => {
  const { recipe } = protocolNamed("paper", "resnet32").fineTuning!;
  assert.deepEqual(
    [recipe.optimizer, recipe.peak, recipe.weightDecay, recipe.batch, recipe.epochs * 50_000 / recipe.batch],
    ["adamw", 3e-4, 0.01, 100, 80_000],
  );
  assert.equal(protocolNamed("paper", "vgg16").fineTuning!.recipe.epochs, 80);
  assert.throws(() => protocolNamed("slow", "resnet32"), {
    name: "RangeError",
    message: 'Cannot find the protocol "slow": it must be one of paper, scaled, quick',
  });
  assert.throws(() => protocolNamed("paper", "resnet18"), {
    name: "RangeError",
    message: /the paper names steps for vgg16, resnet32, resnet32a, densenet121$/,
  });
});

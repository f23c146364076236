import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../../lib/_test_helpers.ts";
import {
  type DenseEntry,
  readConfiguration,
  type SweepConfiguration,
} from "../../lib/sweep/configuration.ts";
import { denseWeightsPath } from "../../lib/project.ts";
import { sampleRound } from "../../lib/results/_sample_rounds.ts";
import { sha256 } from "../../lib/store.ts";
import { knownWeights } from "./known_weights.ts";
import { type ChainJob, denseOutput, planSweep } from "./plan.ts";
import { collectResults, seedResults } from "./results.ts";

/** Rounds as a chain of the plan would write them. */
function roundsOf({ plan }: ChainJob): object[] {
  const { protocol: settings, targets, ...rest } = plan;
  return targets.map((target, i) => {
    const { chain: _, right: __, ...round } = sampleRound(80);
    return { ...round, ...rest, round: i + 1, target, protocol: settings.name, settings };
  });
}

const SWEEP: SweepConfiguration = {
  format: "rd-sweep/1",
  defaults: { protocol: "quick", targets: [0.3, 0.5] },
  chains: [
    {
      model: "resnet32",
      methods: ["ours"],
      seeds: [1],
      statistic: "worst",
      curveRecovery: "bn",
      refine: "of",
    },
    { model: "resnet32", methods: ["uniform+", "lamp"], seeds: [2, 3], rounds: 1, recovery: "lsq+bn" },
  ],
};

Deno.test("planSweep() makes one chain for each entry, method and seed, with iterate's arguments", () => {
  const { chains } = planSweep(SWEEP);
  assert.deepEqual(chains.map(({ name }) => name), [
    "resnet32_ours_worst_bn-curves_of_quick_seed1",
    "resnet32_uniform-plus_quick_lsq-bn_seed2",
    "resnet32_uniform-plus_quick_lsq-bn_seed3",
    "resnet32_lamp_quick_lsq-bn_seed2",
    "resnet32_lamp_quick_lsq-bn_seed3",
  ]);
  assert.equal(
    chains[0].arguments.join(" "),
    "--model resnet32 --method ours --protocol quick --targets 0.3,0.5 --seed 1 --statistic worst --curve-recovery bn --refine of",
  );
  // an entry's rounds stand in for the default targets
  assert.match(chains[1].arguments.join(" "), /--protocol quick --rounds 1 --seed 2 .* --recovery lsq\+bn$/);
  assert.deepEqual(chains[1].plan.targets, [1 - 0.8]);
  assert.equal(chains[1].plan.protocol.name, "quick with recovery lsq+bn");
});

Deno.test("planSweep() judges no step on more images than the last", () => {
  const [first] = SWEEP.chains;
  const settingsOf = (testImages?: number) => {
    const { chains: [{ plan }] } = planSweep({
      ...SWEEP,
      chains: [{ ...first, protocol: "scaled", testImages }],
    });
    return [plan.protocol.testImages, plan.protocol.interimImages];
  };
  assert.deepEqual(settingsOf(), [10_000, 2000]);
  assert.deepEqual(settingsOf(500), [500, 500]);
  assert.deepEqual(settingsOf(5000), [5000, 2000]);
});

Deno.test("planSweep() prunes in stages where least squares follows, under a name of its own", () => {
  const [first] = SWEEP.chains;
  const { chains: [chain] } = planSweep({ ...SWEEP, chains: [{ ...first, recovery: "lsq", stages: 5 }] });
  assert.equal(chain.name, "resnet32_ours_worst_bn-curves_of_quick_lsq_stages5_seed1");
  assert.match(chain.arguments.join(" "), /--recovery lsq --stages 5$/);
  assert.equal(chain.plan.protocol.name, "quick with recovery lsq, 5 stages");
  assert.equal(chain.plan.protocol.recovery.stages, 5);
  const byCost = { ...first, recovery: "lsq", stages: 5, saliency: "obs" };
  const { chains: [other] } = planSweep({ ...SWEEP, chains: [byCost] });
  assert.equal(other.name, "resnet32_ours_worst_bn-curves_of_quick_lsq_stages5_obs_seed1");
  assert.match(other.arguments.join(" "), /--stages 5 --saliency obs$/);
  assert.equal(other.plan.protocol.name, "quick with recovery lsq, 5 stages by obs");
  const { chains: [aimed] } = planSweep({ ...SWEEP, chains: [{ ...byCost, aim: "sum" }] });
  assert.equal(aimed.name, "resnet32_ours_worst_bn-curves_of_quick_lsq_stages5_obs_sum_seed1");
  assert.match(aimed.arguments.join(" "), /--saliency obs --aim sum$/);
  assert.equal(aimed.plan.protocol.name, "quick with recovery lsq, 5 stages by obs, aim sum");
  assert.throws(() => planSweep({ ...SWEEP, chains: [{ ...byCost, saliency: "size" }] }), {
    name: "RangeError",
    message: /the saliency must be one of magnitude, obs, got "size"$/,
  });
  assert.throws(() => planSweep({ ...SWEEP, chains: [{ ...byCost, stages: undefined }] }), {
    message: /Cannot choose a saliency: --saliency needs --stages$/,
  });
});

Deno.test("planSweep() prunes in one shot under a protocol and a name of its own", () => {
  const [first] = SWEEP.chains;
  const { chains: [chain] } = planSweep({ ...SWEEP, chains: [{ ...first, oneShot: true }] });
  assert.equal(chain.name, "resnet32_ours_worst_bn-curves_of_quick_one-shot_seed1");
  assert.match(chain.arguments.join(" "), / --one-shot$/);
  assert.equal(chain.plan.protocol.name, "quick with each target in one shot");
  assert.equal(chain.plan.protocol.oneShot, true);
  const { chains: [stepwise] } = planSweep({ ...SWEEP, chains: [{ ...first, oneShot: false }] });
  assert.equal(stepwise.name, "resnet32_ours_worst_bn-curves_of_quick_seed1");
  assert.equal(stepwise.plan.protocol.name, "quick");
});

Deno.test("planSweep() takes fine levels as a variant of the method, not as a protocol", () => {
  const [first] = SWEEP.chains;
  const { chains: [chain] } = planSweep({ ...SWEEP, chains: [{ ...first, levels: "fine" }] });
  assert.equal(chain.name, "resnet32_ours_worst_bn-curves_of_fine_quick_seed1");
  assert.match(chain.arguments.join(" "), / --levels fine$/);
  assert.equal(chain.plan.levels, "fine");
  assert.equal(chain.plan.protocol.name, "quick");
});

Deno.test("planSweep() trains only networks without a checkpoint, and shares curves out", () => {
  const plan = planSweep({
    ...SWEEP,
    dense: [{ model: "resnet32", epochs: 1 }, {
      model: "resnet32a",
      epochs: 2,
      workers: 2,
      teacher: "resnet32",
      teacherShare: 0.5,
      earlySides: "16x1",
    }],
    curves: [{ model: "resnet32a", samples: 8, levels: 5, shards: 2 }],
  });
  assert.deepEqual(plan.dense, [
    {
      name: plan.dense[0].name,
      model: "resnet32a",
      workers: 2,
      arguments: [
        ...["--model", "resnet32a", "--workers", "2", "--epochs", "2"],
        ...["--teacher", denseWeightsPath("resnet32"), "--teacher-share", "0.5", "--early-sides", "16x1"],
      ],
    },
  ]);
  assert.deepEqual(plan.curves, [{
    name: "resnet32a_8x5",
    model: "resnet32a",
    shards: 2,
    arguments: ["--model", "resnet32a", "--samples", "8", "--levels", "5"],
  }]);
});

Deno.test("planSweep() names a dense training by its recipe, and its output by that name", () => {
  const nameOf = (changed: Partial<DenseEntry> = {}) =>
    planSweep({ ...SWEEP, dense: [{ model: "resnet32a", epochs: 2, ...changed }] }).dense[0].name;
  const name = nameOf();
  assert.match(name, /^resnet32a_[0-9a-f]{8}$/);
  assert.equal(nameOf({ workers: 1 }), name); // as many as without a word
  const teacher = "resnet32";
  const others = [{ epochs: 3 }, { workers: 2 }, { seed: 2 }, { earlySides: "16x1" }, { teacher }, {
    teacher,
    teacherShare: 0.5,
  }];
  assert.equal(new Set([{}, ...others].map(nameOf)).size, 1 + others.length);
  assert.equal(denseOutput({ name }), `dense/${name}.safetensors`);
});

Deno.test("planSweep() refuses what cannot be run, and names it", () => {
  const fails = (changed: Partial<SweepConfiguration["chains"][number]>, message: RegExp) =>
    assert.throws(() => planSweep({ ...SWEEP, chains: [{ ...SWEEP.chains[0], ...changed }] }), {
      name: "RangeError",
      message,
    });
  fails(
    { methods: ["magic"] },
    /^Cannot plan the chain resnet32_magic_.*: the method must be one of ours, uniform, .*, got "magic"$/,
  );
  fails({ protocol: "slow" }, /: Cannot find the protocol "slow": it must be one of paper, scaled, quick$/);
  fails({ model: "vgg99" }, /: Cannot build the model "vgg99": it must be one of resnet32, /);
  fails({ refine: "magic" }, /: the refine must be one of none, of, got "magic"$/);
  fails({ statistic: "best" }, /: the statistic must be one of mean, worst.*, got "best"$/);
  fails({ targets: [0.5, 0.4] }, /: Cannot iterate: targets must rise, got 0\.4 after 0\.5 in round 2$/);
  fails({ targets: [0.5], rounds: 2 }, /: Cannot iterate: either --targets or --rounds must be given$/);
  fails({ levels: "coarse" }, /: the levels must be one of fine, got "coarse"$/);
  fails({ stages: 2 }, /: Cannot recover: stages need one step lsq, before .*, got none$/);
  fails({ recovery: "hope" }, /: Cannot recover: a step must be one of bn, .*, got "hope"$/);
  fails(
    { model: "resnet32a" },
    /^Cannot find weights for resnet32a: .* is neither in .* nor in .*; train them/,
  );
  fails({ seeds: [1, 1] }, /^Cannot plan the sweep: names must differ, got "resnet32_ours_.*seed1" twice/);
  const shards = [{ model: "resnet32", samples: 8, levels: 5, shards: 35 }];
  assert.throws(() => planSweep({ ...SWEEP, curves: shards }), {
    name: "RangeError",
    message: "Cannot share the curves resnet32_8x5: resnet32 has 34 layers, got 35 shards",
  });
});

Deno.test(
  "readConfiguration() names the field that is wrong",
  inTemporaryFolder((folder) => {
    const path = join(folder, "sweep.json");
    const fails = (content: object, message: string) => {
      writeFileSync(path, JSON.stringify(content));
      assert.throws(() => readConfiguration(path), {
        name: "TypeError",
        message: `Cannot read ${path}: ${message}`,
      });
    };
    const [first] = SWEEP.chains;
    fails({ ...SWEEP, format: "x" }, 'format must be rd-sweep/1, current value "x"');
    fails({ ...SWEEP, chains: [] }, "chains must be a list of at least one entry, current value []");
    fails({ ...SWEEP, chains: [{ ...first, seed: 1 }] }, "there is no field chains[0].seed");
    fails(
      { ...SWEEP, chains: [{ ...first, seeds: [0.5] }] },
      "chains[0].seeds[0] must be a whole number from 0, current value 0.5",
    );
    writeFileSync(path, JSON.stringify(SWEEP));
    assert.deepEqual(readConfiguration(path), SWEEP);
  }),
);

Deno.test("the committed sweeps can be planned", () => {
  const folder = fileURLToPath(new URL("../../data/sweeps/", import.meta.url));
  const sweeps = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const chains = sweeps.flatMap((name) => planSweep(readConfiguration(join(folder, name))).chains);
  const names = chains.map(({ name }) => name);
  assert.ok(names.includes("resnet32_lamp_scaled_seed3"));
  assert.equal(new Set(names).size, names.length, "two chains would share a result");
});

Deno.test(
  "results are seeded and collected whole, and refused if of another plan",
  inTemporaryFolder((folder) => {
    const [chain] = planSweep(SWEEP).chains;
    const folders = { results: join(folder, "results"), work: join(folder, "work") };
    const [own, theirs] = [
      join(folders.results, `${chain.name}.jsonl`),
      join(folders.work, "chains", `${chain.name}.jsonl`),
    ];
    const lines = roundsOf(chain).map((round) => JSON.stringify(round) + "\n");
    seedResults([chain], folders); // there is nothing to seed
    assert.deepEqual(collectResults([chain], folders), []);
    writeFileSync(theirs, lines[0] + lines[1].slice(0, 9)); // a copy that was cut off
    assert.deepEqual(collectResults([chain], folders), []);
    seedResults([chain], folders);
    assert.ok(!existsSync(theirs));
    writeFileSync(theirs, lines.join(""));
    assert.deepEqual(collectResults([chain], folders), [chain.name]);
    assert.equal(readFileSync(own, "utf8"), lines.join(""));

    const elsewhere = { ...folders, work: join(folder, "fresh") };
    seedResults([chain], elsewhere);
    assert.ok(existsSync(join(elsewhere.work, "chains", `${chain.name}.jsonl`)));
    const other = { ...chain, plan: { ...chain.plan, seed: 7 } };
    assert.throws(() => seedResults([other], folders), {
      name: "TypeError",
      message: /^Cannot take .* for the chain .*: it is of another plan, with other seed; set a label /,
    });
    const longer = { ...chain, plan: { ...chain.plan, targets: [0.3, 0.6] } };
    assert.throws(() => seedResults([longer], folders), {
      name: "TypeError",
      message: /with other targets \(0\.3,0\.5 there, 0\.3,0\.6 here\);/,
    });
    writeFileSync(own, lines[0] + lines[1].replace(/"drop":[^,]*/, '"drop":null'));
    assert.throws(() => seedResults([chain], folders), {
      name: "TypeError",
      message: /^Cannot read line 2 of .*: drop must be /,
    });
  }),
);

Deno.test(
  "results of another dense network are refused, or not collected, where the sweep's own is known",
  inTemporaryFolder((folder) => {
    const [chain] = planSweep(SWEEP).chains;
    const folders = { results: join(folder, "results"), work: join(folder, "work") };
    const [own, theirs] = [folders.results, join(folders.work, "chains")].map((parent) =>
      join(parent, `${chain.name}.jsonl`)
    );
    const write = (path: string, ...hashes: (string | null)[]) => {
      const lines = roundsOf(chain).map((round, i) => {
        const provenance = hashes[i] === null ? null : { runId: "run", weightsSha256: hashes[i] };
        return JSON.stringify({ ...round, provenance }) + "\n";
      });
      writeFileSync(path, lines.join(""));
    };
    const [here, there] = ["5c".repeat(32), "0a".repeat(32)];
    const weights = new Map([["resnet32", here]]);
    seedResults([chain], folders, { weights }); // makes the folders
    assert.deepEqual(collectResults([chain], folders, { weights }), []);
    write(theirs, here, there);
    assert.deepEqual(collectResults([chain], folders, { weights }), []);
    seedResults([chain], folders, { weights });
    assert.ok(!existsSync(theirs));
    write(theirs, here, null); // null says nothing
    assert.deepEqual(collectResults([chain], folders, { weights }), [chain.name]);
    seedResults([chain], folders, { weights });

    write(own, there, there);
    seedResults([chain], folders); // nothing is known of the network
    seedResults([chain], folders, { weights: new Map([["vgg16", here]]) });
    assert.throws(() => seedResults([chain], folders, { weights }), {
      name: "TypeError",
      message: `Cannot take ${own} for the chain ${chain.name}: it is of another dense network, weights of ` +
        "SHA-256 0a0a0a0a0a0a… there and 5c5c5c5c5c5c… here; put that network's checkpoint back, set a label " +
        "in the configuration, or remove the file",
    });
  }),
);

Deno.test(
  "knownWeights() hashes checkpoints and what the workflow has trained by the present recipe",
  inTemporaryFolder((work) => {
    const plan = planSweep({ ...SWEEP, dense: [{ model: "resnet32a", epochs: 2 }] });
    const chains = [...plan.chains, { ...plan.chains[0], model: "resnet32a" }];
    const committed = ["resnet32", sha256(denseWeightsPath("resnet32"))];
    mkdirSync(join(work, "dense"));
    writeFileSync(join(work, "dense", "resnet32a.safetensors"), "of another recipe");
    assert.deepEqual([...knownWeights({ ...plan, chains }, work)], [committed]);
    writeFileSync(join(work, denseOutput(plan.dense[0])), "abc");
    // of "abc", as FIPS 180-2 has it
    const trained = ["resnet32a", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"];
    assert.deepEqual([...knownWeights({ ...plan, chains }, work)], [committed, trained]);
    assert.deepEqual([...knownWeights(plan, work)], [committed]); // no chain is of the trained one
  }),
);

Deno.test(
  "the committed results are of the committed sweeps and dense networks",
  inTemporaryFolder((work) => {
    const sweeps = fileURLToPath(new URL("../../data/sweeps/", import.meta.url));
    const results = fileURLToPath(new URL("../../data/results/", import.meta.url));
    for (const name of readdirSync(sweeps).filter((name) => name.endsWith(".json"))) {
      const plan = planSweep(readConfiguration(join(sweeps, name)));
      seedResults(plan.chains, { results, work }, { weights: knownWeights(plan, work) });
    }
    assert.ok(readdirSync(join(work, "chains")).length > 10);
  }),
);

Deno.test(
  "collectResults() passes over a result that is gone before it is read",
  inTemporaryFolder((folder) => {
    const [chain] = planSweep(SWEEP).chains;
    const folders = { results: join(folder, "results"), work: join(folder, "work") };
    seedResults([chain], folders);
    const theirs = join(folders.work, "chains", `${chain.name}.jsonl`);
    writeFileSync(theirs, "{}\n");
    const vanishing = {
      ...chain,
      get name() { // asked for twice: to see whether there is a file, then to read it
        if (asked++ > 0) rmSync(theirs, { force: true });
        return chain.name;
      },
    };
    let asked = 0;
    assert.deepEqual(collectResults([vanishing], folders), []);
    assert.ok(!existsSync(theirs));
  }),
);

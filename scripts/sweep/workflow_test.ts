import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../../lib/_test_helpers.ts";
import { planSweep, type SweepPlan } from "./plan.ts";
import { outcomeOf, runWorkflow, type WorkflowOptions } from "./workflow.ts";

const NOTHING: SweepPlan = { dense: [], curves: [], chains: [] };

/** Runs a shell script in Snakemake's place; `$WORK` in it is the sweep's work folder. */
function runShell(
  work: string,
  script: string,
  onTick: WorkflowOptions["onTick"] = () => {},
): Promise<number> {
  const snakemake = join(work, "snakemake");
  writeFileSync(snakemake, `#!/bin/sh\nWORK='${work}'\n${script}\n`, { mode: 0o755 });
  return runWorkflow(NOTHING, {
    ...{ snakemake, work, target: "all", profile: "local", cores: 1, gpu: false, dryRun: false },
    onTick,
    everyMs: 10,
  });
}

/** Ends once the ticks say so, or after some seconds; tells by a file that it was not cut short. */
const UNTIL_TOLD =
  'i=0; until [ -e "$WORK/enough" ] || [ $((i += 1)) -gt 500 ]; do sleep 0.02; done; touch "$WORK/ended"';

Deno.test(
  "runWorkflow() lets Snakemake end before it throws what a tick threw first, and ticks on",
  inTemporaryFolder(async (work) => {
    let ticks = 0;
    const running = runShell(work, UNTIL_TOLD, () => {
      if (++ticks === 3) writeFileSync(join(work, "enough"), "");
      throw new RangeError(`the disk is full, tick ${ticks}`);
    });
    await assert.rejects(running, { name: "RangeError", message: "the disk is full, tick 1" });
    assert.ok(existsSync(join(work, "ended")));
  }),
);

Deno.test(
  "runWorkflow() ticks once more in the end, and forgets what earlier ticks threw if that goes well",
  inTemporaryFolder(async (work) => {
    let ticks = 0;
    const code = await runShell(work, `${UNTIL_TOLD}; exit 3`, () => {
      if (++ticks === 3) writeFileSync(join(work, "enough"), "");
      if (!existsSync(join(work, "ended"))) throw new RangeError("the disk is full");
    });
    assert.equal(code, 3);
  }),
);

const [LAMP] = planSweep({
  format: "rd-sweep/1",
  chains: [{ model: "resnet32", methods: ["lamp"], seeds: [1], targets: [0.5] }],
}).chains;

/** Chains of a network that has its checkpoint and of one to be trained; curves of another to be trained. */
const TRAINING: SweepPlan = {
  dense: ["small", "large"].map((model) => ({ name: `${model}_5e`, model, workers: 1, arguments: [] })),
  curves: [{ name: "large_8x5", model: "large", shards: 1, arguments: [] }],
  chains: [
    { ...LAMP, name: "committed_seed1", model: "committed" },
    { ...LAMP, name: "small_seed1", model: "small" },
    { ...LAMP, name: "small_seed2", model: "small" },
  ],
};

Deno.test(
  "outcomeOf() names a failed dense training to whatever needs its network, and to nothing else",
  inTemporaryFolder((work) => {
    for (const folder of ["logs", "chains"]) mkdirSync(join(work, folder));
    for (const name of ["dense_small_5e", "dense_large_5e"]) {
      writeFileSync(join(work, "logs", `${name}.log`), "epoch 1\ntrain: the disk is full\n");
    }
    mkdirSync(join(work, "dense"));
    writeFileSync(join(work, "dense", "small_3e.safetensors"), ""); // of another recipe
    const outcome = (target: string) => {
      const { failed, waiting } = outcomeOf(TRAINING, target, work);
      return { failed: failed.map(({ name }) => name), waiting };
    };
    const chains = ["committed_seed1", "small_seed1", "small_seed2"];
    const curves = ["curves_large_8x5.1", "curves_large_8x5"];
    const both = ["dense_small_5e", "dense_large_5e"];
    assert.deepEqual(outcome("chains"), { failed: ["dense_small_5e"], waiting: chains });
    assert.deepEqual(outcome("tables"), { failed: ["dense_small_5e"], waiting: [...chains, "tables"] });
    assert.deepEqual(outcome("chains/small_seed1.jsonl"), {
      failed: ["dense_small_5e"],
      waiting: ["small_seed1"],
    });
    assert.deepEqual(outcome("chains/committed_seed1.jsonl"), { failed: [], waiting: ["committed_seed1"] });
    assert.deepEqual(outcome("curves"), { failed: ["dense_large_5e"], waiting: curves });
    assert.deepEqual(outcome("dense"), { failed: both, waiting: [] });
    assert.deepEqual(outcome("all"), { failed: both, waiting: [...curves, ...chains, "tables"] });
    assert.equal(outcomeOf(TRAINING, "chains", work).failed[0].reason, "train: the disk is full");

    writeFileSync(join(work, "chains", "small_seed1.jsonl"), "");
    assert.deepEqual(outcome("chains").failed, ["dense_small_5e"]);
    writeFileSync(join(work, "chains", "small_seed2.jsonl"), ""); // nothing is left that needs the network
    assert.deepEqual(outcome("chains"), { failed: [], waiting: ["committed_seed1"] });
  }),
);

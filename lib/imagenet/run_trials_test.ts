import assert from "node:assert/strict";
import { noiseInputs, tinyImages, tinyNetwork, withEngine } from "../_test_helpers.ts";
import type { Engine } from "../engine.ts";
import { evaluate } from "../evaluate.ts";
import { unpackRight } from "../iterate/right_images.ts";
import { curvesFile } from "../pipeline.ts";
import { type Provenance, provenance } from "../provenance.ts";
import { masksFor, pruneNetwork } from "../prune.ts";
import { evenLevels, measureCurves } from "../rd_curve.ts";
import { labelledSource } from "../evaluate.ts";
import { recover } from "../recover.ts";
import { type ImagenetCurves, imagenetRows } from "./rows.ts";
import { markOf, runPhotographTrials, type RunTrialsOptions } from "./run_trials.ts";
import type { PhotographTrial } from "./trial_file.ts";

const NETWORK = tinyNetwork();
const TEST = tinyImages(9, NETWORK, 1);
const UNLABELLED = tinyImages(8, NETWORK, 2);

async function tinyCurves(engine: Engine): Promise<ImagenetCurves> {
  const levels = evenLevels(6);
  const inputs = noiseInputs(NETWORK, 3);
  const fileOf = (curves: Parameters<typeof curvesFile>[0], runId: string) =>
    curvesFile(curves, "mean", { runId } as Provenance);
  const images = fileOf(await measureCurves(engine, NETWORK, inputs, { levels }), "joint");
  const objective = "single-layer";
  const singleLayer = fileOf(await measureCurves(engine, NETWORK, inputs, { levels, objective }), "alone");
  return { images, singleLayer, whiteNoise: images, matchedNoise: null };
}

function optionsOf(more: Partial<RunTrialsOptions> = {}): RunTrialsOptions {
  return {
    test: TEST,
    unlabelled: UNLABELLED,
    setup: { weightsSha256: "of the tiny one", test: markOf(TEST), unlabelled: markOf(UNLABELLED) },
    recoveries: [[], ["bn"]],
    batch: 4,
    recoveryBatch: 4,
    originOf: (facts) => provenance(facts, { root: "/nowhere" }),
    ...more,
  };
}

const namesOf = ({ rows }: PhotographTrial) => rows.map(({ table, name }) => `${table} ${name}`);

Deno.test(
  "runPhotographTrials() measures each distinct network once, as by pruning, recovering and evaluating by hand",
  withEngine(async (engine) => {
    const rows = imagenetRows(NETWORK, await tinyCurves(engine), ["tab3", "tab6"]);
    const trials = await runPhotographTrials(engine, NETWORK, rows, optionsOf());
    assert.deepEqual(namesOf(trials[0]), ["tab6 dense", "tab3 dense"]);
    assert.equal(trials[0].distortion, 0);
    const named = trials.filter(({ stage }) => stage === "none").flatMap(namesOf);
    assert.equal(named.length, new Set(named).size);
    assert.equal(named.length, rows.length + 2); // a dense row for each table
    const keys = trials.map(({ stage, layers }) => stage + layers.map(({ pruned }) => pruned));
    assert.equal(keys.length, new Set(keys).size);

    const images = rows.find(({ name }) => name === "ours, images")!;
    const found = trials.filter((trial) => namesOf(trial).includes("tab3 ours, images"));
    assert.ok(namesOf(found[0]).includes("tab3 ours, white noise")); // the same curves here
    assert.deepEqual(found.map(({ stage }) => stage), ["none", "bn"]);
    const pruned = pruneNetwork(NETWORK, masksFor(NETWORK, images.allocation));
    const { read, ...source } = labelledSource(NETWORK, UNLABELLED);
    const recovered = await recover(engine, pruned, {
      ...{ dense: NETWORK, steps: ["bn"] as const, batch: 4 },
      source: { ...source, read: (first, count) => read(first, count) as Float32Array },
    });
    for (const [i, network] of [pruned, recovered].entries()) {
      const { top1, predictions } = await evaluate(engine, network, TEST, { batch: 4 });
      assert.equal(found[i].top1, top1);
      assert.deepEqual(
        [...unpackRight(found[i].right, TEST.count)],
        [...predictions].map((predicted, k) => predicted === TEST.labels[k] ? 1 : 0),
      );
      assert.ok(found[i].distortion > 0);
    }
    assert.deepEqual([found[0].setup.unlabelled, found[1].setup.unlabelled], [null, markOf(UNLABELLED)]);
  }),
);

Deno.test(
  "runPhotographTrials() goes on from what is known, to the same results",
  withEngine(async (engine) => {
    const rows = imagenetRows(NETWORK, await tinyCurves(engine), ["tab4"]);
    const numbers = (trials: readonly PhotographTrial[]) => trials.map(({ provenance: _, ...rest }) => rest);
    const whole = await runPhotographTrials(engine, NETWORK, rows, optionsOf());
    let done = 0;
    const killed = optionsOf({
      onTrials: (trials) => {
        done = trials.length;
        if (done === 3) throw new RangeError("killed");
      },
    });
    await assert.rejects(runPhotographTrials(engine, NETWORK, rows, killed), { message: "killed" });
    const totals: number[] = [];
    const onProgress = (_: number, total: number) => void totals.push(total);
    const known = whole.slice(0, 3);
    const rest = await runPhotographTrials(engine, NETWORK, rows, optionsOf({ known, onProgress }));
    assert.deepEqual(numbers(rest), numbers(whole));
    const expected = TEST.count + (whole.length - 3) * TEST.count +
      whole.slice(3).filter(({ stage }) => stage === "bn").length * UNLABELLED.count;
    assert.equal(totals[0], expected);

    let isAsked = false;
    const again = optionsOf({ known: whole, onProgress: () => void (isAsked = true) });
    assert.deepEqual(numbers(await runPhotographTrials(engine, NETWORK, rows, again)), numbers(whole));
    assert.equal(isAsked, false);
  }),
);

Deno.test(
  "runPhotographTrials() gives up a row that allocates otherwise now, and keeps those not asked for",
  withEngine(async (engine) => {
    const curves = await tinyCurves(engine);
    const rows = imagenetRows(NETWORK, curves, ["tab4", "tab3"]);
    const known = await runPhotographTrials(engine, NETWORK, rows, optionsOf({ recoveries: [[]] }));
    const asked = imagenetRows(NETWORK, { ...curves, images: curves.singleLayer! }, ["tab4"]);
    const trials = await runPhotographTrials(engine, NETWORK, asked, optionsOf({ recoveries: [[]], known }));
    const joint = trials.filter((trial) => namesOf(trial).includes("tab4 joint"));
    assert.equal(joint.length, 1);
    assert.deepEqual(joint[0].layers, asked.find(({ name }) => name === "joint")!.allocation.layers);
    const kept = (list: readonly PhotographTrial[]) =>
      list.flatMap(namesOf).filter((name) => name.startsWith("tab3")).sort();
    assert.deepEqual(kept(trials), kept(known));
  }),
);

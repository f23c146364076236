import assert from "node:assert/strict";
import { tinyArchitecture, tinyImages, tinyNetwork, withEngine } from "../_test_helpers.ts";
import { protocolNamed } from "../protocols.ts";
import { liveChain } from "./live_chain.ts";
import { summariseChains } from "./chain_summaries.ts";

Deno.test(
  "liveChain() gives rounds that summarise as a sweep's do, and progress that only rises",
  withEngine(async (engine) => {
    const quick = protocolNamed("quick", "tiny");
    const protocol = {
      ...quick,
      calibration: { samples: 8, levels: 6 },
      recovery: { steps: ["bn"] as const, samples: 24 },
      fineTuning: { ...quick.fineTuning!, images: 24, recipe: { ...quick.fineTuning!.recipe, batch: 8 } },
      testImages: 30,
    };
    const plan = {
      ...{ method: "ours", protocol, targets: [0.3, 0.5], seed: 1 },
      ...{ statistic: "mean", curveRecovery: "none" } as const,
    };
    const seen: number[] = [];
    const rounds = await liveChain(engine, tinyNetwork(), plan, {
      train: tinyImages(48, tinyArchitecture()),
      test: tinyImages(30, tinyArchitecture(), 2),
      onProgress: (done) => void seen.push(done),
    });
    assert.deepEqual(rounds.map(({ chain, model, target }) => [chain, model, target]), [
      ["live", "tiny", 0.3],
      ["live", "tiny", 0.5],
    ]);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(seen[seen.length - 1], 200);
    const summaries = await summariseChains(rounds);
    assert.deepEqual(summaries.map(({ variant, runs }) => [variant, runs.length]), [["Ours", 0], [
      "Ours",
      0,
    ]]);
  }),
);

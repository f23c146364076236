/** Rounds as a chain writes them, for tests. */
import { packRight } from "../iterate/right_images.ts";
import { protocolNamed } from "../protocols.ts";
import type { ChainRound } from "./chain_results.ts";

const TEST_IMAGES = 100;

/** A round in which the first `right` of 100 images are right. */
export function sampleRound(right: number, changed: Partial<ChainRound> = {}): ChainRound {
  const labels = new Uint8Array(TEST_IMAGES).fill(1);
  const top1 = right / TEST_IMAGES;
  const round: ChainRound = {
    ...{ chain: "resnet32_lamp_quick_seed1", model: "resnet32", method: "lamp", protocol: "quick", seed: 1 },
    ...{ statistic: "mean", curveRecovery: "none", denseTop1: 0.9, round: 1, target: 0.5, sparsity: 0.5 },
    ...{ layers: { conv1: 0.2, "layer1.0.conv1": 0.4, linear: 0.9 }, remainingMacs: 0.5 },
    settings: { ...protocolNamed("quick", "resnet32"), testImages: TEST_IMAGES },
    ...{ distortion: { predicted: null, real: 1 }, top1: { pruned: 0.2, recovered: 0.6, tuned: top1 } },
    right: packRight(labels.map((_, k) => k < right ? 1 : 0), labels),
    ...{ drop: 0.9 - top1, seconds: { curves: 1 }, memory: 1, provenance: null },
  };
  return { ...round, ...changed };
}

/** Made-up results in the shape of ResNet-32's 34 layers, for tests of charts and reports. */
import type { Cost } from "./charts/costs.ts";
import type { Effect } from "./charts/effects.ts";
import type { LayerPanel } from "./charts/layer_panels.ts";
import type { tradeoffChart } from "./charts/tradeoff.ts";
import type { Allocation } from "./allocation.ts";
import type { Curves } from "./charts/curves.ts";
import type { RivalComparison } from "./results/comparisons.ts";
import type { TuningCurve } from "./results/tuning_curves.ts";
import type { AccuracyResult } from "./tables/build.ts";

/** Names and weights of ResNet-32's prunable layers, option B. */
export function sampleLayers(): { name: string; weights: number }[] {
  const layers = [{ name: "conv1", weights: 432 }];
  for (const [stage, width] of [16, 32, 64].entries()) {
    for (let block = 0; block < 5; block++) {
      const name = `layer${stage + 1}.${block}`;
      const into = stage > 0 && block === 0 ? width / 2 : width;
      if (into !== width) layers.push({ name: `${name}.shortcut.0`, weights: into * width });
      layers.push({ name: `${name}.conv1`, weights: 9 * into * width }, {
        name: `${name}.conv2`,
        weights: 9 * width * width,
      });
    }
  }
  return [...layers, { name: "linear", weights: 640 }];
}

/** Curves that rise about exponentially, each in its own way. */
export function sampleCurves(levelCount = 21): Curves {
  const levels = Array.from({ length: levelCount }, (_, k) => Number((k / levelCount).toFixed(4)));
  const layers = sampleLayers().map(({ name, weights }, i) => ({
    name,
    weights,
    macs: weights * 256,
    distortion: levels.map((level) =>
      level === 0 ? 0 : Math.exp(9 * level ** 1.2 - 7 + 1.8 * Math.sin(2.7 * i) - 0.05 * i) *
        (1 + 0.1 * Math.sin(i + 9 * level))
    ),
  }));
  return { model: "resnet32", statistic: "mean", samples: 256, levels, layers };
}

/** An allocation that looks like the method's. */
export function sampleAllocation(method = "ours", sparsity = 0.9): Allocation {
  const tilt = [...method].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const layers = sampleLayers().map(({ name, weights }, i) => {
    const odds = sparsity / (1 - sparsity) * Math.exp(0.8 * Math.sin(tilt + 2.1 * i) + 0.04 * (i - 25));
    const pruned = Math.round(weights * odds / (1 + odds));
    return { name, weights, level: pruned / weights, pruned };
  });
  const achieved = layers.reduce((sum, { pruned }) => sum + pruned, 0) /
    layers.reduce((sum, { weights }) => sum + weights, 0);
  return { method, sparsity: achieved, layers, distortion: 12.5, lowerBound: null, gap: null, proved: false };
}

export function sampleAccuracy(): AccuracyResult {
  const series = [
    { method: "ours", top1: [0.921, 0.905, 0.837, 0.743, 0.594], std: [0.001, 0.002, 0.004, 0.008, 0.015] },
    { method: "lamp", top1: [0.918, 0.893, 0.812, 0.709, 0.542] },
    { method: "global", top1: [0.919, 0.897, 0.831, 0.731, 0.544] },
    { method: "uniform", top1: [0.909, 0.861, 0.686, null, 0.387] },
    { method: "uniform+", top1: [0.91, 0.868, 0.713, 0.601, 0.421] },
    { method: "er-kernel", top1: [0.915, 0.884, 0.775, 0.664, 0.488] },
    { method: "lazarevich", top1: [0.916, 0.889, 0.798, 0.69, 0.511] },
  ];
  return { sparsities: [0.5, 0.65, 0.8, 0.85, 0.9], series, dense: 0.9255 };
}

/** Lines as the training command writes them. */
export function sampleLog(epochs = 30): string[] {
  return Array.from({ length: epochs }, (_, i) => {
    const share = (i + 1) / epochs;
    const testTop1 = 0.93 - 0.45 * Math.exp(-4 * share) + 0.02 * Math.sin(5 * i) * (1 - share);
    const loss = 0.05 + 1.7 * Math.exp(-3.5 * share);
    return JSON.stringify({
      model: "resnet32",
      epoch: i + 1,
      loss,
      top1: 0.96 - 0.6 * Math.exp(-3 * share),
      testTop1,
      samples: 10000,
    });
  });
}

/** Two variants of ours, and LAMP, at two targets. */
export function samplePoints(): Parameters<typeof tradeoffChart>[0] {
  const point = (method: string, variant: string, target: number, top1: number) => ({
    method,
    variant,
    target,
    top1: { mean: top1, deviation: target > 0.9 ? 0.004 : 0.002, count: 3 },
    remainingMacs: { mean: 1 - target, deviation: 0.001, count: 3 },
    dense: 0.93,
  });
  return [
    point("ours", "Ours", 0.79, 0.921),
    point("ours", "Ours", 0.956, 0.88),
    point("ours", "Ours, worst", 0.79, 0.92),
    point("ours", "Ours, worst", 0.956, 0.884),
    point("lamp", "LAMP", 0.79, 0.918),
    point("lamp", "LAMP", 0.956, 0.871),
  ];
}

/** Two recoveries before fine-tuning. */
export function sampleTuning(): TuningCurve[] {
  const point = (steps: number, top1: number) => ({
    ...{ steps, top1 },
    interval: [top1 - 0.007, top1 + 0.006] as const,
  });
  return [
    {
      recovery: "bn",
      dense: 0.93,
      points: [point(0, 0.42), point(10, 0.6), point(50, 0.82), point(200, 0.87)],
    },
    { recovery: "lsq, 5 stages", dense: 0.93, points: [point(0, 0.85), point(50, 0.87), point(200, 0.885)] },
  ];
}

/** Ours beside LAMP at two targets, which do not rise, and beside Global at one. */
export function sampleRivals(): RivalComparison[] {
  const rival = (rivalMethod: string, name: string, target: number, difference: number, p: number) => ({
    ...{ model: "resnet32", rival: name, rivalMethod, target, difference, p },
    interval: [difference - 0.004, difference + 0.005] as const,
    seeds: [1, 2, 3],
    standing: difference > 0 ? "ahead" as const : "behind" as const,
  });
  return [
    rival("lamp", "LAMP", 0.956, 0.0105, 0.03125),
    rival("lamp", "LAMP", 0.893, 0.0125, 2e-9),
    rival("global", "Global, later", 0.893, -0.02, 0),
  ];
}

/** One of each standing. */
export function sampleEffects(): Effect[] {
  return [
    { name: "WCS: exact", difference: 0.0034, interval: [-0.0018, 0.0086], p: 0.22, standing: "level" },
    { name: "OF: ternary", difference: 0.0053, interval: [0.0001, 0.0107], p: 0.04, standing: "ahead" },
    { name: "OF: exact", difference: -0.012, interval: [-0.02, -0.004], p: 0.003, standing: "behind" },
  ];
}

/** Ours and LAMP at three targets. */
export function samplePanels(): LayerPanel[] {
  return [0.36, 0.79, 0.956].map((target) => ({
    target,
    allocations: ["ours", "lamp"].map((method) => sampleAllocation(method, target)),
  }));
}

export const SAMPLE_COSTS: readonly Cost[] = [
  { what: "ResNet-32", source: "The paper", method: "paper", seconds: 0.46 },
  { what: "VGG-16", source: "The paper", method: "paper", seconds: 664.19 },
  { what: "ResNet-32", source: "Ours, live", method: "ours", seconds: 0.002 },
];

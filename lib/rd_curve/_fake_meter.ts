/** For tests: a meter that answers from given curves, one sample each, and counts what it is asked. */
import { prunedAtLevel } from "../allocation.ts";
import { createPrng } from "../prng.ts";
import type { CurveLayer } from "./layers.ts";
import type { Meter } from "./meter.ts";

export interface FakeMeter extends Meter {
  readonly curves: readonly (readonly number[])[];
  asked(): number;
}

/** Layers of random weights whose distortion at each of the levels is given by `curve`. */
export function fakeMeter(
  levels: readonly number[],
  layerCount: number,
  curve: (layer: number, energyShare: number, level: number) => number,
): FakeMeter {
  const prng = createPrng(5, "fake layers");
  const layers = Array.from({ length: layerCount }, (_, i): CurveLayer => {
    const weights = 200 * (1 + i % 3);
    const data = Float32Array.from({ length: weights }, () => prng.normal());
    const shape = [weights, 1];
    return { name: `layer ${i}`, weights, macs: weights, shape, zeros: 0, parameter: { shape, data } };
  });
  const curves = layers.map(({ parameter, weights }, i) => {
    const energies = Float64Array.from(parameter.data, (w) => w * w).sort();
    const total = energies.reduce((a, b) => a + b);
    return levels.map((level) => {
      const share = energies.subarray(0, prunedAtLevel(level, weights)).reduce((a, b) => a + b, 0) / total;
      return level === 0 ? 0 : Math.fround(curve(i, share, level));
    });
  });
  let asked = 0;
  return {
    layers,
    samples: 1,
    microBatch: 1,
    curves,
    asked: () => asked,
    measure: (requests) => {
      const measured = layers.filter(({ name }) => requests.has(name)).map(({ name, weights }) => {
        const counts = requests.get(name)!;
        asked += counts.length;
        const i = layers.findIndex((layer) => layer.name === name);
        const at = (count: number) =>
          curves[i][levels.findIndex((level) => prunedAtLevel(level, weights) === count)];
        return [name, { distances: Float32Array.from(counts, at), norms: Float32Array.of(1) }] as const;
      });
      return Promise.resolve(new Map(measured));
    },
  };
}

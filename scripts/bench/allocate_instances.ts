/** What `bench allocate` measures on: real curves where the project has them, else made-up ones, named so. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ProblemLayer } from "../../lib/allocation.ts";
import { architectureNamed } from "../../lib/models.ts";
import { prunableLayers } from "../../lib/network.ts";
import { allocationProblem } from "../../lib/pipeline.ts";
import { projectPath } from "../../lib/root.ts";
import { readCurves } from "../../lib/rd_files.ts";
import { resnet50Sizes, syntheticLayers, syntheticSizes } from "../../lib/synthetic_curves.ts";

export interface BenchInstance {
  readonly name: string;
  /** `measured: FILE` or `synthetic, seed S`. */
  readonly curves: string;
  readonly layers: readonly ProblemLayer[];
  readonly goal: Goal;
}

/** What a run should keep: milliseconds, and the gap where nothing is proved. */
export interface Goal {
  /** Of the optimum. */
  readonly median: number;
  readonly p99: number;
  readonly gap: number;
  /** Median of a slider's call; any time will do where it is left out, and so for the front. */
  readonly slider?: number;
  readonly front?: number;
}

const NETWORKS = ["resnet32", "vgg16", "resnet18", "densenet121"];
const GOAL: Goal = { median: 100, p99: 1000, gap: 1e-4, slider: 5, front: 20 };

/** Each instance by name, made when it is asked for: the largest takes seconds. */
export function benchInstances(seed: number): Map<string, () => BenchInstance[]> {
  const synthetic = (name: string, sizes: () => readonly number[], goal = GOAL) => (): BenchInstance[] => [
    { name, curves: `synthetic, seed ${seed}`, layers: syntheticLayers(sizes(), { seed }), goal },
  ];
  return new Map([
    ...NETWORKS.map((model) => {
      const sizes = () => prunableLayers(architectureNamed(model)).map(({ weights }) => weights);
      return [model, () => [...measured(model), ...synthetic(`${model} sizes`, sizes)()]] as const;
    }),
    ["resnet50", synthetic("resnet50 sizes", resnet50Sizes)],
    [
      "1000",
      synthetic("1,000 layers", () => syntheticSizes(1000, seed), { median: 1000, p99: 1000, gap: 1e-5 }),
    ],
    [
      "10000",
      synthetic("10,000 layers", () => syntheticSizes(10_000, seed), { median: 5000, p99: 5000, gap: 1e-4 }),
    ],
  ]);
}

/** Every curves file of the model under data/curves. */
function measured(model: string): BenchInstance[] {
  const folder = projectPath("data", "curves");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((file) => file.endsWith(".json")).sort().flatMap((file) => {
    const curves = readCurves(join(folder, file));
    if (curves.model !== model) return [];
    const { layers } = allocationProblem(curves, 0);
    const name = `${file.replace(/\.json$/, "").replaceAll("_", " ")} ${curves.statistic}`;
    return [{ name, curves: `measured: ${file}`, layers, goal: GOAL }];
  });
}

/** `deno task bench curves`: measuring curves, beside the paper's procedure in PyTorch. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { calibrationNoise } from "../../lib/calibration_set.ts";
import { architectureNamed } from "../../lib/models.ts";
import { loadNetwork, saveNetwork } from "../../lib/checkpoint.ts";
import { type Architecture, initialise, type Network } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { loadDenseNetwork, makeFolderOf } from "../../lib/project.ts";
import { projectPath } from "../../lib/root.ts";
import { microBatchFor } from "../../lib/rd_curve/batch_size.ts";
import { countsOf, curveLayers } from "../../lib/rd_curve/layers.ts";
import { measurementCosts } from "../../lib/rd_curve/measurement.ts";
import { AUTO_GRID, curvesBy, DEFAULT_MEMORY, evenLevels } from "../../lib/rd_curve.ts";
import { serializeSafetensors } from "../../lib/safetensors.ts";
import { type CurvesBench, writeCurvesBench } from "../../lib/results/curves_bench.ts";
import { provenance, writeFileWhole } from "../../lib/store.ts";
import { Command, Option, wholeNumber } from "../command_line.ts";
import { type Job, type Opened, openJob } from "../curves/job.ts";
import { startPool } from "../curves/pool.ts";
import { type Spread, spread } from "./statistics.ts";
import { requireTorch } from "./torch_environment.ts";
import { type Peer, startPeer } from "./torch_peer.ts";

interface Options {
  model: string;
  weights?: string;
  samples: number;
  layers: number;
  levels: number;
  turns: number;
  workers: number;
  adaptive?: boolean;
  out: string;
  json?: boolean;
}

const DEFAULT_OUT = "data/results/bench_curves.json";
const PEER_BATCH = 128;

/** Float32 sums in another order, squared; beyond this the two sides measure different curves. */
const AGREEMENT = 1e-2;

export const curvesBenchCommand = new Command("curves")
  .description(
    "Measures curves with this project's workers and, in turns, with a straightforward PyTorch: one whole pass for each " +
      "level of each layer. Both measure a part of the grid of 101 levels, on the same weights and inputs, agree on the " +
      "numbers, and are extrapolated to all of it: PyTorch by levels (each costs one pass), ours by multiply–accumulates.",
  )
  .option("--model <name>", "network", "resnet32")
  .option("--weights <file>", "safetensors (default: the committed checkpoint, else random weights)")
  .option(
    "--samples <n>",
    "calibration inputs: white noise; values do not change the speed of a level, but how many --adaptive takes",
    wholeNumber(1),
    1024,
  )
  .option("--layers <n>", "layers of the part, spread over the depth", wholeNumber(1), 6)
  .option("--levels <n>", "levels of the part for ours, spread over the grid", wholeNumber(2), 16)
  .option("--turns <n>", "turns of each side", wholeNumber(1), 3)
  .option("--workers <n>", "our processes, and PyTorch's threads", wholeNumber(1), availableParallelism())
  .option("--adaptive", "also measure the whole network adaptively, once, and take its time as it is")
  .addOption(
    new Option("--out <file>", "where the result goes (JSON)").default(projectPath(DEFAULT_OUT), DEFAULT_OUT),
  )
  .option("--json", "print the result as one line of JSON")
  .addHelpText("after", "\nExample:\n  deno task bench curves --model resnet32 --adaptive\n")
  .action(curvesBench);

async function curvesBench(options: Options): Promise<void> {
  makeFolderOf(options.out);
  const python = await requireTorch();
  const folder = mkdtempSync(join(tmpdir(), "rd-bench-curves-"));
  try {
    const { job, opened } = await prepare(options, folder);
    const peer = await startPeer(python, options.workers, "peer_curves.py");
    try {
      const bench = await measure(options, { job, opened, peer, folder });
      writeCurvesBench(options.out, bench);
      console.log(options.json ? JSON.stringify(bench) : `${textOf(bench)}\n${options.out}`);
    } finally {
      peer.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Setting {
  readonly job: Job;
  readonly opened: Opened;
  readonly peer: Peer;
  readonly folder: string;
}

/** Puts inputs and weights into the folder, for both sides. */
async function prepare(
  { model, weights, samples }: Options,
  folder: string,
): Promise<Pick<Setting, "job" | "opened">> {
  const architecture = architectureNamed(model);
  const noise = calibrationNoise(architecture, { samples, seed: 1 });
  const data = join(folder, "inputs.safetensors");
  const inputs = { dtype: "F32" as const, shape: [samples, ...noise.shape], data: noise.inputs };
  writeFileWhole(data, serializeSafetensors(new Map([["inputs", inputs]])));
  const own = join(folder, "weights.safetensors");
  saveNetwork(own, networkOf(architecture, weights));
  const job = { model, weights: own, data, samples, offset: 0, seed: 1 };
  return { job, opened: await openJob(job) };
}

/** The file's, else the committed checkpoint, else random weights. */
function networkOf(architecture: Architecture, weights?: string): Network {
  const { model } = architecture;
  if (weights !== undefined) return loadNetwork(weights, model);
  const isTrained = existsSync(projectPath("data", "checkpoints", `${model}.safetensors`));
  return isTrained ? loadDenseNetwork(model) : initialise(architecture, createPrng(1, "bench"));
}

async function measure(
  options: Options,
  { job, opened, peer, folder }: Setting,
): Promise<CurvesBench> {
  const { network } = opened;
  const all = curveLayers(network);
  const part = spreadOver(all.length, options.layers).map((i) => all[i]);
  const grid = evenLevels(AUTO_GRID);
  const levels = spreadOver(grid.length - 1, options.levels).map((j) => grid[j + 1]);
  const requests = new Map(part.map((layer) => [layer.name, countsOf(layer, levels)]));
  const cost = measurementCosts(network, all);
  const wholeCost = all.reduce((sum, layer) => sum + countsOf(layer, grid).length * cost.get(layer.name)!, 0);
  const partCost = [...requests].reduce((sum, [name, counts]) => sum + counts.length * cost.get(name)!, 0);
  const wholeLevels = all.reduce((sum, layer) => sum + countsOf(layer, grid).length, 0);
  const microBatch = microBatchFor(network, DEFAULT_MEMORY);

  await peer.ask({ do: "open", model: network.model, folder, batch: PEER_BATCH });
  const quiet = { workers: options.workers, onWork: () => {}, onWarning: () => {} };
  const pool = await startPool(job, opened, quiet);
  const [ours, theirs]: [number[], number[]] = [[], []];
  let difference = 0;
  try {
    for (let turn = 0; turn < options.turns; turn++) {
      const empty = join(folder, `turn ${turn}`); // nothing is taken from a cache
      const began = performance.now();
      const measured = await pool.meter(empty, microBatch).measure(requests);
      ours.push((performance.now() - began) / 1000 * wholeCost / partCost);
      let [seconds, passes] = [0, 0];
      for (const layer of part) {
        const counts = requests.get(layer.name)!;
        const j = turn % counts.length;
        const answer = await peer.ask<{ seconds: number; mean: number }>({
          do: "measure",
          layer: layer.name,
          level: counts[j] / layer.weights,
        });
        const { distances } = measured.get(layer.name)!;
        const row = distances.subarray(j * options.samples, (j + 1) * options.samples);
        const mean = row.reduce((sum, distance) => sum + distance, 0) / row.length;
        difference = Math.max(difference, Math.abs(mean - answer.mean) / Math.max(answer.mean, 1e-9));
        [seconds, passes] = [seconds + answer.seconds, passes + 1];
      }
      theirs.push(seconds / passes * wholeLevels);
    }
    if (difference > AGREEMENT) {
      throw new TypeError(
        `Cannot compare the two sides: their curves must agree, they differ by ${difference}`,
      );
    }
    const workerBytes = pool.memory();
    const peerSpread = spread(theirs);
    return {
      format: "rd-bench-curves/1",
      model: network.model,
      samples: options.samples,
      part: { layers: part.map(({ name }) => name), levels: levels.length, grid: wholeLevels },
      ours: spread(ours),
      peer: peerSpread,
      ratio: spread(theirs.map((seconds, k) => seconds / ours[k])),
      difference,
      adaptive: options.adaptive ? await adaptive(options, { job, opened, folder }, peerSpread.median) : null,
      workerBytes,
      provenance: provenance({
        engine: pool.description,
        seed: 1,
        protocol: `part of the grid in turns, extrapolated; peer: whole passes, batch ${PEER_BATCH}`,
        samples: options.samples,
        workers: options.workers,
        microBatch,
        processor: cpus()[0]?.model ?? "unknown",
        versions: { torch: peer.facts.torch },
      }),
    };
  } finally {
    pool.close();
  }
}

/** One adaptive run from nothing: workers started, no cache. */
async function adaptive(
  options: Options,
  { job, opened, folder }: Pick<Setting, "job" | "opened" | "folder">,
  peerSeconds: number,
): Promise<NonNullable<CurvesBench["adaptive"]>> {
  const began = performance.now();
  const quiet = { workers: options.workers, onWork: () => {}, onWarning: () => {} };
  const pool = await startPool(job, opened, quiet);
  try {
    const meter = pool.meter(join(folder, "adaptive"), microBatchFor(opened.network, DEFAULT_MEMORY));
    const { layers, levels, heldOut } = await curvesBy(meter);
    const seconds = (performance.now() - began) / 1000;
    const measured = layers.reduce((sum, { knots }) => sum + knots.length - 1, 0);
    return {
      seconds,
      share: measured / (layers.length * (levels.length - 1)),
      worstError: heldOut!.worstError,
      ratio: peerSeconds / seconds,
    };
  } finally {
    pool.close();
  }
}

/** `wanted` of `count` indices, evenly spread, ends included. */
function spreadOver(count: number, wanted: number): number[] {
  const steps = Math.min(wanted, count);
  if (steps === 1) return [0];
  return Array.from({ length: steps }, (_, k) => Math.round(k * (count - 1) / (steps - 1)));
}

function textOf({ model, samples, part, ours, peer, ratio, difference, adaptive }: CurvesBench): string {
  const seconds = ({ min, median, max }: Spread) =>
    `${median.toFixed(0)} s (${min.toFixed(0)} … ${max.toFixed(0)})`;
  const lines = [
    `${model}, ${samples} inputs, full grid of ${part.grid} levels, extrapolated from ${part.layers.length} layers × ` +
    `${part.levels} levels (curves agree to ${difference.toExponential(1)})`,
    `ours ${seconds(ours)}; PyTorch ${seconds(peer)}; ratio ${ratio.median.toFixed(2)} ` +
    `(${ratio.min.toFixed(2)} … ${ratio.max.toFixed(2)})`,
  ];
  if (adaptive) {
    lines.push(
      `adaptive: ${adaptive.seconds.toFixed(0)} s, ${(100 * adaptive.share).toFixed(1)} % of the levels, ` +
        `worst held-out error ${(100 * adaptive.worstError).toFixed(2)} %; ratio ${
          adaptive.ratio.toFixed(1)
        }`,
    );
  }
  return lines.join("\n");
}

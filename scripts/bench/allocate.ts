/** `deno task bench allocate`: time and gap of our optimum, and the paper's ways beside it on the same curves. */
import { algorithm1, ternarySearch, withoutOutliers } from "../../lib/algorithm1.ts";
import { allocate, allocationSlider, hullFront } from "../../lib/allocate.ts";
import type { Allocation, Allocator } from "../../lib/allocation.ts";
import { reachableInterval } from "../../lib/allocation.ts";
import { createPrng } from "../../lib/prng.ts";
import { provenance } from "../../lib/store.ts";
import { Command, finiteNumber, percent, progressBar, UsageError, wholeNumber } from "../command_line.ts";
import { type BenchInstance, benchInstances } from "./allocate_instances.ts";
import { type Agreement, verifyAllocate } from "./verify_allocate.ts";

interface Options {
  only?: string;
  budgets: number;
  peerBudgets: number;
  seed: number;
  verify?: boolean;
  share: number;
  json?: boolean;
}

/** Smallest, median, 99th percentile and largest of some measurements. */
interface Quantiles {
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** One of the paper's ways against ours. */
interface PeerResult {
  readonly peer: string;
  readonly ms: Quantiles;
  /** Its time over ours at the same budget, measured one after the other. */
  readonly timeRatio: Quantiles;
  /** (its distortion − ours) / ours. */
  readonly excess: Quantiles;
}

interface Result {
  readonly instance: string;
  readonly curves: string;
  readonly layers: number;
  readonly levels: number;
  readonly budgets: number;
  /** The first call of all, before anything is compiled. */
  readonly coldMs: number;
  readonly optimumMs: Quantiles;
  readonly gap: Quantiles;
  readonly proved: number;
  readonly sliderMs: Quantiles;
  readonly sliderGap: Quantiles;
  readonly frontMs: Quantiles;
  readonly frontPoints: number;
  readonly peers: readonly PeerResult[];
  readonly goalMet: boolean;
}

/** The paper's ways, each on raw curves and with outliers filtered. */
const PEERS: readonly { readonly peer: string; readonly way: Allocator; readonly isFiltered: boolean }[] = [
  { peer: "algorithm1", way: algorithm1, isFiltered: false },
  { peer: "algorithm1 + OF", way: algorithm1, isFiltered: true },
  { peer: "ternary", way: ternarySearch, isFiltered: false },
  { peer: "ternary + OF", way: ternarySearch, isFiltered: true },
];

const NAMES = [...benchInstances(1).keys()];

/** The subject `allocate` of `deno task bench`. */
export const allocateCommand = new Command("allocate")
  .description(
    "Times the optimum at random budgets, the slider's call and the whole front, on measured curves where data/curves " +
      "has them and on made-up ones of the same layer sizes; beside them Algorithm 1 and ternary search on a grid of " +
      "10,000 units, alternately at the same budgets.",
  )
  .option("--only <names>", `instances, of ${NAMES.join(", ")}`)
  .option("--budgets <n>", "random budgets from 10 % to 95 % of what the levels reach", wholeNumber(1), 100)
  .option("--peer-budgets <n>", "of these, budgets at which the paper's ways run too", wholeNumber(0), 10)
  .option("--seed <n>", "seed of budgets and made-up curves", wholeNumber(0), 1)
  .option("--verify", "compare with brute force, a dense programme and HiGHS instead")
  .option("--share <s>", "share of the 10,000 + 1,000 + 200 problems of --verify", finiteNumber, 1)
  .option("--json", "print the results as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n  deno task bench allocate\n  deno task bench allocate --only resnet32,1000 --budgets 20\n" +
      "  deno task bench allocate --verify\n",
  )
  .action((options: Options) => options.verify ? printAgreement(options) : printResults(options));

function printResults({ only, budgets, peerBudgets, seed, json }: Options): void {
  const instances = benchInstances(seed);
  const names = only?.split(",") ?? [...instances.keys()];
  for (const name of names) {
    if (instances.has(name)) continue;
    throw new UsageError(
      `Cannot run ${name}: an instance must be one of ${[...instances.keys()].join(", ")}`,
    );
  }
  const results = names.flatMap((name) =>
    instances.get(name)!().map((instance) => {
      const result = measure(instance, { budgets, peerBudgets, seed });
      if (!json) console.log(describe(result));
      return result;
    })
  );
  const origin = provenance({ engine: null, seed, protocol: "bench allocate", samples: null });
  if (json) console.log(JSON.stringify({ results, provenance: origin }));
  else console.log(JSON.stringify(origin));
}

function measure(
  { name, curves, layers, goal }: BenchInstance,
  { budgets, peerBudgets, seed }: Pick<Options, "budgets" | "peerBudgets" | "seed">,
): Result {
  const prng = createPrng(seed, "budgets").next;
  const { most } = reachableInterval({ layers });
  const count = layers.length >= 1000 ? Math.min(budgets, layers.length >= 10_000 ? 5 : 20) : budgets;
  const drawn = Array.from({ length: count }, () => Math.floor(most * (0.1 + 0.85 * prng())));
  const filtered = layers.map(withoutOutliers);
  const [, coldMs] = timed(() => allocate({ layers, budget: drawn[0] }));
  const slide = allocationSlider({ layers });
  const optimum: { readonly ms: number; readonly allocation: Allocation }[] = [];
  const slider: { readonly ms: number; readonly allocation: Allocation }[] = [];
  const front: number[] = [];
  const peers = PEERS.map(() => ({ ms: [] as number[], timeRatio: [] as number[], excess: [] as number[] }));
  let frontPoints = 0;
  drawn.forEach((budget, at) => {
    const [allocation, ms] = timed(() => allocate({ layers, budget }));
    optimum.push({ ms, allocation });
    const [rough, roughMs] = timed(() => slide(budget));
    slider.push({ ms: roughMs, allocation: rough });
    const [points, frontMs] = timed(() => hullFront({ layers }));
    front.push(frontMs);
    frontPoints = points.length;
    if (at >= peerBudgets || layers.length >= 1000) return;
    PEERS.forEach(({ way, isFiltered }, which) => {
      const [theirs, theirMs] = timed(() => way({ layers: isFiltered ? filtered : layers, budget }));
      peers[which].ms.push(theirMs);
      peers[which].timeRatio.push(theirMs / ms);
      peers[which].excess.push(theirs.distortion / allocation.distortion - 1);
    });
  });
  const optimumMs = quantiles(optimum.map(({ ms }) => ms));
  const gap = quantiles(optimum.map(({ allocation }) => allocation.gap!));
  return {
    instance: name,
    curves,
    layers: layers.length,
    levels: layers[0].levels.length,
    budgets: count,
    coldMs,
    optimumMs,
    gap,
    proved: optimum.filter(({ allocation }) => allocation.proved).length,
    sliderMs: quantiles(slider.map(({ ms }) => ms)),
    sliderGap: quantiles(slider.map(({ allocation }) => allocation.gap!)),
    frontMs: quantiles(front),
    frontPoints,
    peers: PEERS.flatMap(({ peer }, which) => {
      const { ms, timeRatio, excess } = peers[which];
      return ms.length === 0
        ? []
        : [{ peer, ms: quantiles(ms), timeRatio: quantiles(timeRatio), excess: quantiles(excess) }];
    }),
    goalMet: optimumMs.median <= goal.median && optimumMs.p99 <= goal.p99 && gap.max <= goal.gap,
  };
}

function timed<T>(call: () => T): [T, number] {
  const began = performance.now();
  const value = call();
  return [value, performance.now() - began];
}

/** Nearest rank: with fewer than a hundred values the 99th percentile is the largest. */
function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
  return { min: sorted[0], median: at(0.5), p99: at(0.99), max: sorted[sorted.length - 1] };
}

function describe(result: Result): string {
  const ms = ({ min, median, p99 }: Quantiles) =>
    [min, median, p99].map((value) => value.toFixed(2)).join(" / ");
  const share = ({ min, median, max }: Quantiles) =>
    [min, median, max].map((value) => percent(value)).join(" / ");
  const times = ({ min, median, max }: Quantiles) =>
    [min, median, max].map((value) => value.toFixed(1)).join(" / ");
  return [
    `${result.instance}: ${result.layers} layers × ${result.levels} levels, ${result.budgets} budgets, ${result.curves}`,
    `  optimum  ${ms(result.optimumMs)} ms (min / median / p99; cold ${result.coldMs.toFixed(1)}), ` +
    `${result.proved} of ${result.budgets} proved, largest gap ${result.gap.max.toExponential(1)}: ` +
    (result.goalMet ? "goal met" : "GOAL MISSED"),
    `  slider   ${ms(result.sliderMs)} ms, largest gap ${result.sliderGap.max.toExponential(1)}`,
    `  front    ${ms(result.frontMs)} ms, ${result.frontPoints} budgets`,
    ...result.peers.map(({ peer, ms: time, timeRatio, excess }) =>
      `  ${peer.padEnd(15)} ${ms(time)} ms, ${times(timeRatio)} times ours, excess distortion ${
        share(excess)
      }`
    ),
  ].join("\n");
}

async function printAgreement({ seed, share, json }: Options): Promise<void> {
  const bar = progressBar("verify", Math.round(11_200 * share));
  const agreements = await verifyAllocate({ seed, share, onProgress: (done) => bar.update(done) });
  bar.stop();
  const origin = provenance({ engine: null, seed, protocol: "bench allocate --verify", samples: null });
  if (json) console.log(JSON.stringify({ agreements, provenance: origin }));
  else for (const agreement of agreements) console.log(describeAgreement(agreement));
  const missed = agreements.reduce((sum, { problems, agreed }) => sum + problems - agreed, 0);
  if (missed > 0) throw new RangeError(`Cannot confirm the optimum: ${missed} problems disagree`);
}

function describeAgreement({ oracle, problems, agreed, infeasible, worst }: Agreement): string {
  return `${oracle}: ${agreed} of ${problems} problems agree (${infeasible} infeasible), largest relative difference ${
    worst.toExponential(1)
  }`;
}

/** `deno task bench chain`: what a long chain of rounds must keep: its bits through kills, its memory through rounds. */
import { createHash } from "node:crypto";
import { cpus, tmpdir } from "node:os";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createPrng, type Prng } from "../../lib/prng.ts";
import { makeFolderOf } from "../../lib/project.ts";
import { projectPath } from "../../lib/root.ts";
import { type Provenance, provenance, writeFileWhole } from "../../lib/store.ts";
import { Command, Option, progressBar, wholeNumber } from "../command_line.ts";
import { PROJECT_FOLDER } from "../folders.ts";

interface Options {
  kills: number;
  rounds: number;
  model: string;
  seed: number;
  out: string;
  json?: boolean;
}

interface ChainBench {
  readonly format: "rd-bench-chain/1";
  readonly kills: { readonly killed: number; readonly starts: number; readonly sameBits: boolean };
  readonly memory: {
    readonly rounds: number;
    /** Resident MiB at the end of each tenth of the rounds. */
    readonly mebibytes: readonly number[];
    /** Of a straight line through the second half of the rounds. */
    readonly mebibytesPer100Rounds: number;
  };
  readonly provenance: Provenance;
}

const DEFAULT_OUT = "data/results/bench_chain.json";

/** Small enough that a chain is over in minutes, with every phase in it. */
const TRIAL = [
  ...["--protocol", "quick", "--images", "512", "--epochs", "2", "--test-images", "200"],
  ...["--threads", "1"],
];

export const chainBenchCommand = new Command("chain")
  .description(
    "Kills a chain at random moments (SIGKILL), goes on each time, and compares the final network's bytes with those of a " +
      "chain that was never killed; then runs many short rounds and tells how much memory the process holds. A check " +
      "with figures, beside no peer.",
  )
  .option("--kills <n>", "kills in all", wholeNumber(1), 20)
  .option("--rounds <n>", "rounds of the chain whose memory is watched", wholeNumber(20), 100)
  .option("--model <name>", "network with a committed checkpoint", "resnet32")
  .option("--seed <n>", "of the moments", wholeNumber(0), 1)
  .addOption(
    new Option("--out <file>", "where the result goes (JSON)").default(projectPath(DEFAULT_OUT), DEFAULT_OUT),
  )
  .option("--json", "print the result as one line of JSON")
  .addHelpText("after", "\nExample:\n  deno task bench chain --kills 5 --rounds 20 --out trial.json\n")
  .action(chainBench);

async function chainBench(options: Options): Promise<void> {
  makeFolderOf(options.out);
  const folder = mkdtempSync(join(tmpdir(), "rd-bench-chain-"));
  try {
    const kills = await killTrial(folder, options);
    const memory = await memoryTrial(folder, options);
    const protocol = `iterate ${TRIAL.join(" ")}`;
    const origin = provenance({
      engine: "tensorflow",
      seed: options.seed,
      protocol,
      samples: null,
      processor: cpus()[0]?.model ?? "unknown",
    });
    const bench: ChainBench = { format: "rd-bench-chain/1", kills, memory, provenance: origin };
    writeFileWhole(options.out, `${JSON.stringify(bench, null, 2)}\n`);
    console.log(options.json ? JSON.stringify(bench) : describe(bench, options.out));
    if (!kills.sameBits) {
      throw new RangeError("Cannot confirm the chain: its final bytes must be the same, they differ");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killTrial(folder: string, { kills, model, seed }: Options): Promise<ChainBench["kills"]> {
  const chain = ["--model", model, "--method", "ours", "--targets", "0.3,0.5,0.7,0.8,0.9", ...TRIAL];
  const [whole, killed] = [join(folder, "whole"), join(folder, "killed")];
  const began = performance.now();
  await run([...chain, "--out", whole]);
  const seconds = (performance.now() - began) / 1000;
  const prng = createPrng(seed, "kills");
  const bar = progressBar("kills", kills);
  let [done, starts, sameBits] = [0, 0, true];
  for (let isOver = false; !isOver; starts++) {
    // Early kills hit the start, late ones the writing between phases: the whole chain takes `seconds`.
    const limit = done < kills ? momentOf(prng, seconds) : Infinity;
    isOver = await run([...chain, "--out", killed], limit);
    if (!isOver) bar.update(++done);
    else sameBits &&= digestOf(whole) === digestOf(killed);
    if (isOver && done < kills) {
      rmSync(killed, { recursive: true }); // over before its last kill: the next ones hit a new chain
      isOver = false;
    }
  }
  bar.stop();
  return { killed: done, starts, sameBits };
}

function momentOf(prng: Prng, seconds: number): number {
  return 2 + prng.next() * seconds / 3;
}

async function memoryTrial(folder: string, { rounds, model }: Options): Promise<ChainBench["memory"]> {
  const targets = Array.from({ length: rounds }, (_, i) => (0.95 * (i + 1) / rounds).toFixed(5));
  const out = join(folder, "memory");
  const bar = progressBar("rounds", rounds);
  const watch = setInterval(() => bar.update(roundsIn(out).length), 1000);
  try {
    await run(["--model", model, "--method", "lamp", "--targets", targets.join(","), ...TRIAL, "--out", out]);
  } finally {
    clearInterval(watch);
    bar.stop();
  }
  const memory = roundsIn(out).map((line) => (JSON.parse(line) as { memory: number }).memory / 2 ** 20);
  const tenth = Math.floor(rounds / 10);
  return {
    rounds,
    mebibytes: memory.filter((_, i) => (i + 1) % tenth === 0).map(Math.round),
    mebibytesPer100Rounds: 100 * slopeOf(memory.slice(memory.length / 2)),
  };
}

/** The lines of a chain's rounds so far. */
function roundsIn(folder: string): string[] {
  const path = join(folder, "rounds.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

/** Least-squares slope over the index. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [above, below] = values.reduce(
    ([a, b], value, i) => [a + (i - middle) * (value - mean), b + (i - middle) ** 2],
    [0, 0],
  );
  return above / below;
}

/** Runs `iterate`; false if it was killed at the limit, seconds from its start. */
async function run(args: readonly string[], limit = Infinity): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT_FOLDER, "scripts", "iterate.ts"), ...args],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = Number.isFinite(limit) ? setTimeout(() => child.kill("SIGKILL"), 1000 * limit) : undefined;
  const { success, signal, stderr } = await child.output();
  clearTimeout(timer);
  if (success) return true;
  if (signal === "SIGKILL" && Number.isFinite(limit)) return false;
  const lines = new TextDecoder().decode(stderr).trim().split(/[\r\n]+/);
  throw new RangeError(`Cannot run a chain: iterate must end well, it says: ${lines[lines.length - 1]}`);
}

function digestOf(folder: string): string {
  return createHash("sha256").update(readFileSync(join(folder, "network.safetensors"))).digest("hex");
}

function describe({ kills, memory }: ChainBench, out: string): string {
  const { killed, starts, sameBits } = kills;
  return [
    `${killed} kills in ${starts} starts: the final bytes are ${sameBits ? "the same" : "NOT the same"}`,
    `${memory.rounds} rounds: ${memory.mebibytes.join(", ")} MiB, ` +
    `${memory.mebibytesPer100Rounds.toFixed(1)} MiB per 100 rounds in the second half`,
    out,
  ].join("\n");
}

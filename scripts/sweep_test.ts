/**
 * Real sweeps, small: chains of a ResNet-32 under the `quick` protocol cut down to a step a round.
 *
 * One sweep runs here: a chain is killed in the middle, another cannot succeed, the third must be done nevertheless;
 * called again, the killed one goes on and ends with the bits of a chain that was left alone. The same workflow then
 * runs on a Slurm cluster of this machine, installed from Debian's packages if need be.
 *
 * Both need Snakemake: they are left out where it is not installed, unless RD_TEST_SWEEP=1 (here) or RD_TEST_SWEEP=slurm
 * (both) has it installed; Slurm also needs root on Debian.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { inTemporaryFolder } from "../lib/_test_helpers.ts";
import { parseRounds } from "../lib/results/chain_results.ts";
import { type Outcome, runScript } from "./_run_script.ts";
import { slurmHindrance, startSlurm } from "./sweep/_slurm.ts";
import { installedSnakemake } from "./sweep/environment.ts";

const WANTED = process.env.RD_TEST_SWEEP ?? "";

const [LONG, SHORT, IMPOSSIBLE] = ["uniform", "global", "uniform-plus"].map((method) =>
  `resnet32_${method}_quick_unrecovered_seed1`
);
const TINY = { protocol: "quick", images: 128, testImages: 20, recovery: "none" };
const CHAINS = [
  { model: "resnet32", methods: ["uniform"], seeds: [1], targets: [0.3, 0.4, 0.5, 0.6] },
  { model: "resnet32", methods: ["global"], seeds: [1], targets: [0.5], fineTuning: true },
];
/** More than uniform+ can prune, which keeps the first layer dense. */
const FAILING = { model: "resnet32", methods: ["uniform+"], seeds: [1], targets: [0.999] };

interface Sweep {
  readonly folder: string;
  readonly work: string;
  readonly results: string;
}

function sweep(
  { folder, work, results }: Sweep,
  chains: readonly object[],
  ...args: string[]
): Promise<Outcome> {
  const config = join(folder, "tiny.json");
  writeFileSync(config, JSON.stringify({ format: "rd-sweep/1", defaults: TINY, chains }));
  return runScript(
    "sweep",
    "--config",
    config,
    "--work",
    work,
    "--results",
    results,
    "--cores",
    "2",
    ...args,
  );
}

function foldersIn(folder: string): Sweep {
  return { folder, work: join(folder, "work"), results: join(folder, "results") };
}

const roundsOf = (path: string) => parseRounds(readFileSync(path, "utf8"), path);

/** Kills the process that runs a chain, once the chain has some rounds. */
async function killAfterRounds({ work }: Sweep, name: string, rounds: number): Promise<void> {
  const kept = join(work, "kept", "chains", name);
  const path = join(kept, "rounds.jsonl");
  for (;; await sleep(50)) {
    if (!existsSync(path) || roundsOf(path).length < rounds) continue;
    process.kill(JSON.parse(readFileSync(join(kept, ".lock"), "utf8")).pid, "SIGKILL");
    return;
  }
}

Deno.test({
  name:
    "sweep finishes what it can, names what failed, and goes on to the same bits (left out without Snakemake: " +
    "RD_TEST_SWEEP=1 installs it)",
  ignore: installedSnakemake("local") === null && !["1", "slurm"].includes(WANTED),
  fn: inTemporaryFolder(async (folder) => {
    const here = foldersIn(folder);
    const dry = await sweep(here, CHAINS, "--dry-run");
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(readdirSync(here.work).filter((name) => name === "kept"), []);

    const [first] = await Promise.all([
      sweep(here, [...CHAINS, FAILING], "--json"),
      killAfterRounds(here, LONG, 1),
    ]);
    assert.equal(first.code, 1, first.stderr);
    const { done, failed } = JSON.parse(first.stdout);
    assert.deepEqual(done, [SHORT]);
    assert.deepEqual(failed.map(({ name }: { name: string }) => name), [LONG, IMPOSSIBLE]);
    const last = first.stderr.trimEnd().split("\n").pop()!;
    assert.match(
      last,
      /^sweep: Cannot finish the sweep: 1 of 3 chains are done; failed: resnet32_uniform_quick/,
    );
    assert.match(
      last,
      /uniform-plus_quick\S+ \(iterate: Cannot allocate .* reachable interval .*; see .*\.log\); not begun: tables$/,
    );

    const finished = statSync(join(here.work, "chains", `${SHORT}.jsonl`)).mtimeMs;
    const second = await sweep(here, CHAINS, "--json");
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(JSON.parse(second.stdout), {
      ...{ chains: 2, done: [LONG, SHORT], failed: [], waiting: [], results: here.results },
    });
    assert.equal(statSync(join(here.work, "chains", `${SHORT}.jsonl`)).mtimeMs, finished); // was not run again
    const rounds = roundsOf(join(here.results, `${LONG}.jsonl`));
    assert.deepEqual(rounds.map(({ target }) => target), [0.3, 0.4, 0.5, 0.6]);
    assert.ok(new Set(rounds.map(({ provenance }) => provenance!.runId)).size === 2); // one for each process
    assert.match(
      readFileSync(join(here.results, "tiny.md"), "utf8"),
      /resnet32, protocol quick[^]*\n\| Uniform \| 60\.00 /,
    );

    const alone = join(folder, "alone");
    const { arguments: args } = JSON.parse(readFileSync(join(here.work, "plan.json"), "utf8")).chains[LONG];
    const { code, stderr } = await runScript("iterate", ...args, "--threads", "1", "--out", alone);
    assert.equal(code, 0, stderr);
    const network = (folder: string) => readFileSync(join(folder, "network.safetensors"));
    assert.deepEqual(network(join(here.work, "kept", "chains", LONG)), network(alone));
  }),
});

Deno.test(
  "sweep refuses unknown names and profiles before anything runs",
  inTemporaryFolder(async (folder) => {
    const here = foldersIn(folder);
    const fails = async (chain: object, message: RegExp, code: number, ...args: string[]) => {
      const outcome = await sweep(here, [{ ...CHAINS[0], ...chain }], ...args);
      assert.deepEqual([outcome.code, outcome.stdout], [code, ""], outcome.stderr);
      assert.match(outcome.stderr, /^sweep: [^\n]+\n$/);
      assert.match(outcome.stderr, message);
      assert.deepEqual(readdirSync(folder), ["tiny.json"]);
    };
    await fails({ methods: ["magic"] }, /the method must be one of ours, .*, got "magic"/, 1);
    await fails({ protocol: "slow" }, /Cannot find the protocol "slow"/, 1);
    await fails(
      {},
      /^sweep: Cannot make lunch: it must be one of all, .*, or a chain: resnet32_uniform_/,
      2,
      "lunch",
    );
    await fails(
      {},
      /^sweep: Cannot use the profile moon: it must be one of local, slurm, kubernetes or a folder/,
      2,
      "--profile",
      "moon",
    );
  }),
);

Deno.test({
  name: "sweep runs on a Slurm cluster of one node (left out unless RD_TEST_SWEEP=slurm, which installs it)",
  ignore: WANTED !== "slurm",
  fn: inTemporaryFolder(async (folder) => {
    const hindrance = slurmHindrance();
    if (hindrance !== null) return console.log(`sweep on Slurm was not tried: ${hindrance}`);
    const stop = await startSlurm(join(folder, "slurm"));
    try {
      const here = foldersIn(folder);
      const profile = join(folder, "profile");
      const ours = new URL("sweep/profiles/slurm/config.yaml", import.meta.url);
      mkdirSync(profile);
      const settings = readFileSync(ours, "utf8").replace("latency-wait: 60", "latency-wait: 5");
      const quick = "slurm-status-command: squeue\nslurm-init-seconds-before-status-checks: 2\n";
      writeFileSync(join(profile, "config.yaml"), settings + quick);
      const { code, stdout, stderr } = await sweep(
        here,
        [CHAINS[1], FAILING],
        "chains",
        "--profile",
        profile,
        "--json",
      );
      assert.equal(code, 1, stderr);
      const { done, failed } = JSON.parse(stdout);
      assert.deepEqual([done, failed.map(({ name }: { name: string }) => name)], [[SHORT], [IMPOSSIBLE]]);
      assert.match(failed[0].reason, /^iterate: Cannot allocate /);
      assert.match(stderr, /submitted with SLURM jobid/);
    } finally {
      stop();
    }
  }),
});

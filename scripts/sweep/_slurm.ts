/** For tests: a Slurm cluster of this one machine, from Debian's packages. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const CONFIGURATION = "/etc/slurm/slurm.conf"; // jobs look nowhere else
const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch"];

/** Why there can be no cluster here; null if there can. */
export function slurmHindrance(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root on Linux may start one";
  if (existsSync(CONFIGURATION)) return `there is a cluster here already (${CONFIGURATION})`;
  const isInstalled = PROGRAMS.every((name) => spawnSync("which", [name]).status === 0);
  return isInstalled || install() ? null : "apt-get cannot install slurm-wlm and munge";
}

function install(): boolean {
  const run = (...args: string[]) =>
    spawnSync("apt-get", args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status === 0;
  return run("update", "-qq") && run("install", "-y", "-qq", "slurm-wlm", "munge");
}

/**
 * Starts the daemons with all their files in a folder, and waits until the node takes jobs.
 *
 * @returns Stops them and takes away what lies outside the folder.
 */
export async function startSlurm(folder: string): Promise<() => void> {
  for (const name of ["state", "spool", "run"]) mkdirSync(join(folder, name), { recursive: true });
  const key = join(folder, "munge.key");
  writeFileSync(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
  writeFileSync(CONFIGURATION, configuration(folder));
  const own = (name: string) => join(folder, "run", name);
  const stop = () => {
    for (const name of ["slurmd", "slurmctld", "munged"]) {
      if (existsSync(own(`${name}.pid`))) process.kill(Number(readFileSync(own(`${name}.pid`), "utf8")));
    }
    rmSync(CONFIGURATION);
  };
  try {
    const files = ["key", "socket", "pid", "log", "seed"].map((name) =>
      `--${name === "pid" ? "pid-file" : name === "socket" ? "socket" : `${name}-file`}=${
        name === "key" ? key : own(`munged.${name}`)
      }`
    );
    start("munged", "--force", ...files);
    start("slurmctld");
    start("slurmd");
    for (let tries = 0; !isIdle(); tries++) {
      if (tries === 60) throw new Error("the node takes no jobs");
      await sleep(500);
    }
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
}

function start(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} does not start: ${stderr}`);
}

function isIdle(): boolean {
  return spawnSync("sinfo", ["--noheader", "--format=%T"], { encoding: "utf8" }).stdout.trim() === "idle";
}

function configuration(folder: string): string {
  const own = (name: string) => join(folder, name);
  return [
    "ClusterName=test",
    `SlurmctldHost=${hostname()}(127.0.0.1)`,
    "SlurmUser=root",
    "SlurmdUser=root",
    `AuthInfo=socket=${own("run/munged.socket")}`,
    `StateSaveLocation=${own("state")}`,
    `SlurmdSpoolDir=${own("spool")}`,
    ...["Slurmctld", "Slurmd"].flatMap((name) => [
      `${name}PidFile=${own(`run/${name.toLowerCase()}.pid`)}`,
      `${name}LogFile=${own(`${name.toLowerCase()}.log`)}`,
    ]),
    "SlurmctldPort=16817",
    "SlurmdPort=16818",
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "ReturnToService=2",
    "MpiDefault=none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core",
    "SlurmdParameters=config_overrides", // the node may have less memory than the rules ask for
    `NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus().length} RealMemory=100000 State=UNKNOWN`,
    "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
    "",
  ].join("\n");
}

/**
 * Writes requirements*.txt anew: every Python package with its version and hashes.
 *
 * A maintainer's tool, run by hand: `UV=path/to/uv deno run -A scripts/setup/lock_python.ts [setup] [peers] [sweep]`
 * (uv from PyPI). Change a version here, run it, then let scripts/setup.ts install the result.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "../folders.ts";

const TENSORFLOW = "2.21.0";

/** plotly 6.9.0 carries plotly.js 3.7.0, the version that package.json pins for the report. */
const JUPYTER = ["jupyterlab==4.6.6", "nbconvert==7.17.2", "nbclient==0.11.0", "plotly==6.9.0"];

/** The Python kernel and all it brings: our notebooks run on Deno and on tslab. */
const LEFT_OUT = "ipykernel ; python_version < '3'";

/** Only the shared library and the C headers are used, so nothing that TensorFlow's Python side needs. */
const CPU = [
  `tensorflow-cpu==${TENSORFLOW} ; sys_platform == 'linux' and platform_machine == 'x86_64'`,
  `tensorflow==${TENSORFLOW} ; sys_platform == 'darwin' or platform_machine != 'x86_64'`,
];

/** What benchmarks compare with. */
const TORCH = "2.13.0";
const PEERS = [`torch==${TORCH}`, "safetensors==0.8.0"];

/**
 * PyTorch's build for Linux processors (CPython 3.11, x86-64): an index of its own holds it, which uv is not told of. The
 * common index has one that needs gigabytes of CUDA.
 */
const TORCH_CPU_SHA256 = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b";

/** Runs sweeps; it needs Python 3.11. */
const SNAKEMAKE = "snakemake==9.27.1";

/** What each cluster needs beside it. Kubernetes shares no files: a volume that all pods mount hands them over. */
const CLUSTERS = {
  slurm: ["snakemake-executor-plugin-slurm==2.8.0"],
  kubernetes: ["snakemake-executor-plugin-kubernetes==0.5.1", "snakemake-storage-plugin-fs==1.1.3"],
};

/** Named by Snakemake, imported nowhere in it, and not to be had as a wheel. */
const UNUSED = "connection-pool ; python_version < '3'";

const HEADER =
  `# Locked by scripts/setup/lock_python.ts for Python 3.10 to 3.13; installed by scripts/setup.ts with --no-deps:
# of TensorFlow only the shared library and the C headers are used, none of its Python dependencies.
`;
const GPU_NOTE =
  `# For NVIDIA GPUs on Linux (deno task setup --gpu). Not tried on the project's own machines: they have none.
`;

const PEERS_HEADER =
  `# Locked by scripts/setup/lock_python.ts; installed with --no-deps by the benchmarks, into data/cache/peers/torch.
# Linux takes PyTorch's build for processors, which pip must be led to: PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS.
`;

const SWEEP_HEADER =
  `# Locked by scripts/setup/lock_python.ts for Python 3.11 to 3.13; installed with --no-deps by deno task sweep.
`;

const GROUPS = { setup: lockSetup, peers: lockPeers, sweep: lockSweep };

function main(): void {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(GROUPS);
  for (const name of names) {
    if (!Object.hasOwn(GROUPS, name)) {
      throw new RangeError(`Cannot lock "${name}": it must be one of ${Object.keys(GROUPS).join(", ")}`);
    }
    GROUPS[name as keyof typeof GROUPS]();
  }
}

function lockSetup(): void {
  const jupyter = compile(JUPYTER, { options: ["--overrides", "-"], overrides: LEFT_OUT });
  const cpu = compile(CPU, { options: ["--no-deps"] });
  // All of TensorFlow's dependencies are resolved, so that the versions fit, but only NVIDIA's are kept.
  const gpu = compile([`tensorflow[and-cuda]==${TENSORFLOW} ; sys_platform == 'linux'`]).filter((entry) =>
    /^(tensorflow[[=]|nvidia-)/.test(entry)
  ).map((entry) => entry.replace("tensorflow[and-cuda]", "tensorflow"));
  write("requirements.txt", HEADER, [...jupyter, ...cpu]);
  write("requirements-gpu.txt", HEADER + GPU_NOTE, [...jupyter, ...gpu]);
}

function lockPeers(): void {
  const peers = compile(PEERS).filter((entry) => !/^(cuda|nvidia|triton)-?/.test(entry));
  const torch = peers.find((entry) => entry.startsWith("torch=="))!;
  write("requirements-peers.txt", PEERS_HEADER, [
    ...peers.filter((entry) => entry !== torch),
    torch.replace(`torch==${TORCH}`, `torch==${TORCH} ; sys_platform == 'darwin'`),
    `torch==${TORCH}+cpu ; sys_platform == 'linux' \\\n    --hash=sha256:${TORCH_CPU_SHA256}`,
  ]);
}

/** Snakemake alone, and for each cluster what comes on top of it at the very same versions. */
function lockSweep(): void {
  const how = { python: "3.11", options: ["--overrides", "-"], overrides: UNUSED };
  const base = compile([SNAKEMAKE], how);
  const pins = base.map((entry) => entry.split(" \\\n")[0]);
  write("requirements-sweep.txt", SWEEP_HEADER, base);
  for (const [cluster, packages] of Object.entries(CLUSTERS)) {
    const more = compile([...pins, ...packages], how).filter((entry) => !base.includes(entry));
    write(`requirements-sweep-${cluster}.txt`, `${SWEEP_HEADER}-r requirements-sweep.txt\n`, more);
  }
}

interface CompileOptions {
  /** Oldest Python that the list is for. */
  readonly python?: string;
  readonly options?: readonly string[];
  /** Handed to uv where the options say `--overrides -`. */
  readonly overrides?: string;
}

/** One entry per package: its line with the version, then its hashes. */
function compile(
  packages: readonly string[],
  { python = "3.10", options = [], overrides }: CompileOptions = {},
): string[] {
  const fixed = [
    "--python-version",
    python,
    "--universal",
    "--no-python-downloads",
    "--quiet",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
  ];
  const input = join(PROJECT_FOLDER, "data", "cache", "requirements.in");
  writeFileSync(input, packages.join("\n"));
  const text = execFileSync(process.env.UV ?? "uv", ["pip", "compile", ...fixed, ...options, input], {
    input: overrides,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "inherit"],
  });
  return text.split(/\n(?=\S)/).map((entry) => entry.trimEnd()).filter((entry) =>
    entry !== "" && !isForWindows(entry)
  ).map(plainMarker);
}

function isForWindows(entry: string): boolean {
  return /os_name == 'nt'|sys_platform == 'win32'/.test(entry);
}

/** Leaves out what is always so where setup runs: CPython on Linux or macOS. */
function plainMarker(entry: string): string {
  return entry.replace(" ; os_name != 'nt'", "").replace(" and implementation_name != 'PyPy'", "");
}

function write(name: string, header: string, entries: string[]): void {
  writeFileSync(join(PROJECT_FOLDER, name), `${header}${entries.sort().join("\n")}\n`);
}

main();

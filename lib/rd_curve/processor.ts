/** What of a machine decides the last bits of a sum: its processor, and what the kernels are told to use of it. */
import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import process from "node:process";

export interface Processor {
  /** As the system calls it; virtual machines may say little. */
  readonly model: string;
  readonly architecture: string;
  /** Vector extensions that libraries choose their kernels by, sorted; none where the system does not tell. */
  readonly extensions: readonly string[];
  /** Environment variables that change that choice, where they are set. */
  readonly settings: Readonly<Record<string, string>>;
}

/** x86's `flags` and ARM's `Features` in /proc/cpuinfo. */
const VECTOR_EXTENSION = /^(avx\w*|fma|f16c|amx\w*|asimd\w*|sve\w*|sme(?!p)\w*|bf16|i8mm)$/;

/** oneDNN picks other kernels by these, Eigen none. */
const SETTINGS = [
  "TF_ENABLE_ONEDNN_OPTS",
  "ONEDNN_MAX_CPU_ISA",
  "DNNL_MAX_CPU_ISA",
  "ONEDNN_DEFAULT_FPMATH_MODE",
];

/** This machine, as it is now: ask after the engine is loaded, which may set some of the variables. */
export function processor(
  { cpuInfo = readCpuInfo(), env = process.env }: {
    readonly cpuInfo?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
  } = {},
): Processor {
  const listed = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1] ?? "";
  return {
    model: cpus()[0]?.model.trim() ?? "unknown",
    architecture: arch(),
    extensions: listed.split(/\s+/).filter((flag) => VECTOR_EXTENSION.test(flag)).sort(),
    settings: Object.fromEntries(
      SETTINGS.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]]]),
    ),
  };
}

/** One line for provenance: `AMD EPYC x64 (avx avx2 fma), TF_ENABLE_ONEDNN_OPTS=1`. */
export function processorText({ model, architecture, extensions, settings }: Processor): string {
  const set = Object.entries(settings).map(([name, value]) => `, ${name}=${value}`);
  return `${model} ${architecture} (${extensions.join(" ") || "extensions unknown"})${set.join("")}`;
}

/** Empty where there is no such file: on macOS, model and architecture tell. */
function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

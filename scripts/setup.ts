/**
 * Sets up what the project needs: npm packages, Python packages, the TensorFlow addon, Jupyter kernels, CIFAR-10.
 *
 * Does only what is missing or broken, in well under a second when nothing is; an interrupted run is taken up by
 * the next. Imports nothing from npm: there may be no node_modules yet. All it says goes to standard error.
 */
import { rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { startProgress } from "./setup/progress.ts";
import type { Project } from "./setup/project.ts";
import { checkChange } from "./setup/python_packages.ts";
import { withSetupLock } from "./setup/setup_lock.ts";
import { doStep, isDone } from "./setup/step.ts";
import { currentProject, gpuMark, STEPS } from "./setup/steps.ts";

const HELP = `Usage: deno task setup [--gpu | --cpu] [--quiet]

Sets up what is missing: npm packages, Python packages, the TensorFlow addon, Jupyter kernels, CIFAR-10.

  --gpu     take TensorFlow for NVIDIA GPUs (requirements-gpu.txt); holds until --cpu is given
  --cpu     take TensorFlow for the processor (requirements.txt)
  --quiet   say nothing unless there is something to do
  --help    show this text

Environment: PYTHON and CXX name the Python that makes .venv and the compiler of the addon, whenever those are made.
Exit codes: 0 done, 1 failed, 2 used wrongly.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: { gpu: flag, cpu: flag, quiet: flag, help: flag },
  });
  if (values.help) {
    process.stderr.write(HELP);
    return 0;
  }
  if (values.gpu && values.cpu) {
    throw new UsageError("Cannot set up: --gpu and --cpu exclude each other, got both");
  }
  const present = currentProject();
  const project = { ...present, gpu: values.gpu ?? (values.cpu ? false : present.gpu) };
  const start = performance.now();
  const isAllDone = project.gpu === present.gpu && STEPS.every((step) => isDone(step, project));
  if (!isAllDone) {
    await withSetupLock(
      project,
      () => doSteps(project, values.quiet ?? false),
      (owner) => process.stderr.write(`Waiting for another setup: ${owner}\n`),
    );
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (!isAllDone || !values.quiet) process.stderr.write(`Everything is set up (${seconds} s)\n`);
  return 0;
}

const flag = { type: "boolean" } as const;

class UsageError extends RangeError {
  override name = "UsageError";
}

async function doSteps(project: Project, isQuiet: boolean): Promise<void> {
  if (project.gpu !== currentProject().gpu) checkChange(project);
  if (project.gpu) writeFileSync(gpuMark(), "");
  else rmSync(gpuMark(), { force: true });
  for (const [i, step] of STEPS.entries()) {
    const label = `[${i + 1}/${STEPS.length}] ${step.title}`;
    if (isDone(step, project)) {
      if (!isQuiet) process.stderr.write(`${label}: already there\n`);
      continue;
    }
    const progress = startProgress(label);
    try {
      progress.done(await doStep(step, project, progress.detail) ? "done" : "found complete");
    } catch (error) {
      progress.done("failed");
      throw error;
    }
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const { name, message, stack, code } = error as Error & { code?: string };
  const isUsage = name === "UsageError" || code?.startsWith("ERR_PARSE_ARGS");
  const isExpected = ["TypeError", "RangeError", "SyntaxError", "FileError", "UsageError"].includes(name);
  process.stderr.write(`setup: ${isExpected && !process.env.RD_DEBUG ? message : stack}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

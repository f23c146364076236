/** All steps in order, and the project they are for. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "../folders.ts";
import { cifar10Images } from "./cifar10_images.ts";
import { jupyterFiles } from "./jupyter_files.ts";
import { npmPackages } from "./npm_packages.ts";
import type { Project } from "./project.ts";
import { pageBundler } from "./page_bundler.ts";
import { pythonPackages } from "./python_packages.ts";
import type { Step } from "./step.ts";
import { tensorAddon } from "./tensor_addon.ts";

export const STEPS: readonly Step[] = [
  npmPackages,
  pythonPackages,
  tensorAddon,
  jupyterFiles,
  cifar10Images,
  pageBundler,
];

/** A file that is there while --gpu holds. */
export function gpuMark(folder = PROJECT_FOLDER): string {
  return join(folder, "data", "cache", "setup", "gpu");
}

/** This clone, for the processor or the GPU as it was last set up. */
export function currentProject(): Project {
  return { folder: PROJECT_FOLDER, env: process.env, gpu: existsSync(gpuMark()) };
}

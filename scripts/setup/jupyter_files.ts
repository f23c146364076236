/** Step 4: what Jupyter reads in .venv: our two kernels, and settings that keep it from calling out. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256, writeFileWhole } from "../../lib/store.ts";
import { denoPath, findProgram, type Project, venvFolder } from "./project.ts";
import type { Step } from "./step.ts";

export const jupyterFiles: Step = {
  id: "jupyter_files",
  title: "Jupyter kernels",
  bytes: () => 1e6,
  inputs: (project) => ({ files: JSON.stringify(files(project)) }),
  outputs(project) {
    const paths = Object.keys(files(project)).map((name) => join(venvFolder(project), name));
    if (!paths.every((path) => existsSync(path))) return null;
    return Object.fromEntries(paths.map((path) => [path, sha256(path)]));
  },
  run(project) {
    for (const [name, content] of Object.entries(files(project))) {
      const path = join(venvFolder(project), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileWhole(path, JSON.stringify(content, null, 2) + "\n");
    }
    return Promise.resolve();
  },
};

/** Paths within .venv and what they hold. */
export function files(project: Project): Record<string, unknown> {
  return {
    "share/jupyter/kernels/deno/kernel.json": denoKernel(project),
    "share/jupyter/kernels/tslab/kernel.json": tslabKernel(project),
    ...SETTINGS,
  };
}

/**
 * Deno's kernel dies of the signal by which Jupyter stops a cell, so it starts with the signal ignored; lib/show.ts
 * listens to it. Jupyter can send a message instead, at which Deno ends whatever JavaScript is running: `finally` is
 * passed over, and where that was Deno's own timers, nothing that waits goes on, nor does its cell ever end.
 */
const IGNORING_STOP = ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"];

function denoKernel(project: Project): unknown {
  return {
    display_name: "Deno (rd-pruning)",
    language: "typescript",
    argv: [...IGNORING_STOP, denoPath(project), "jupyter", "--kernel", "--conn", "{connection_file}"],
    interrupt_mode: "signal",
    env: { NO_COLOR: "1", TF_CPP_MIN_LOG_LEVEL: "3" },
  };
}

/** Ours builds the library first, where it has changed, and then starts tslab. */
function tslabKernel(project: Project): unknown {
  const node = findProgram(project, ["node"]) ?? "node";
  const kernel = join(project.folder, "scripts", "tslab", "kernel.cjs");
  return {
    display_name: "tslab (rd-pruning)",
    language: "typescript",
    argv: [node, kernel, denoPath(project), "{connection_file}"],
    env: { TF_CPP_MIN_LOG_LEVEL: "3" },
  };
}

/** JupyterLab would ask for news, for updates and for its list of extensions: none of it is needed. */
const SETTINGS: Readonly<Record<string, unknown>> = {
  // JupyterLab runs a yarn of its own at start, which Node would take for an ES module, as all in this project.
  "package.json": { private: true, type: "commonjs" },
  "etc/jupyter/jupyter_lab_config.json": {
    LabApp: {
      news_url: null,
      check_for_updates_class: "jupyterlab.NeverCheckForUpdate",
      extension_manager: "readonly",
    },
    MappingKernelManager: { default_kernel_name: "deno" },
    KernelSpecManager: { ensure_native_kernel: false },
  },
  "etc/jupyter/labconfig/page_config.json": {
    disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true },
  },
};

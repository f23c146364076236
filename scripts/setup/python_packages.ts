/** Step 2: .venv with JupyterLab, nbconvert, plotly's extension and the wheel that holds libtensorflow. */
import { existsSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createHash } from "node:crypto";
import { sha256 } from "../../lib/store.ts";
import { choosePython } from "./choose_python.ts";
import {
  type Project,
  sitePackages,
  stampFolder,
  tensorflowLibraries,
  venvFolder,
  venvPython,
} from "./project.ts";
import { type ChildOptions, runChild } from "./run_child.ts";
import type { Step } from "./step.ts";

const CPU_BYTES = 2.2e9; // 1.5 GB installed, and pip's cache
const GPU_BYTES = 12e9;

export const pythonPackages: Step = {
  id: "python_packages",
  title: "Python packages",
  bytes: ({ gpu }) => gpu ? GPU_BYTES : CPU_BYTES,
  // The folder is an input: a virtual environment's programs name it in their first line.
  inputs: (project) => ({
    folder: project.folder,
    [requirements(project)]: sha256(join(project.folder, requirements(project))),
  }),
  outputs(project) {
    const packages = installedPackages(project);
    const libraries = librarySizes(project);
    if (packages.length === 0 || libraries === null || !existsSync(venvPython(project))) return null;
    const list = createHash("sha256").update(packages.join("\n")).digest("hex");
    return { python: realpathSync(venvPython(project)), packages: list, libraries };
  },
  run: install,
};

export function requirements(project: Project): string {
  return project.gpu ? "requirements-gpu.txt" : "requirements.txt";
}

async function install(project: Project, say: (detail: string) => void): Promise<void> {
  if (project.gpu && process.platform !== "linux") {
    throw new RangeError(
      `Cannot set up for a GPU: the system must be linux, got ${process.platform} (deno task setup --cpu)`,
    );
  }
  const python = choosePython(project);
  const venv = venvFolder(project);
  say(`Python ${python.version}`);
  rmSync(venv, { recursive: true, force: true }); // a half-installed one cannot be told from a whole one
  const options: ChildOptions = {
    cwd: project.folder,
    env: pythonEnvironment(project.env),
    log: join(stampFolder(project), "python_packages.log"),
    action: "install the Python packages",
    mend: "try again: deno task setup",
  };
  await runChild(python.path, ["-m", "venv", venv], { ...options, action: "make .venv" });
  await runChild(venvPython(project), ["-m", "pip", "install", ...PIP_OPTIONS, "-r", requirements(project)], {
    ...options,
    onLine: tellPackage(say),
  });
  say("first start of JupyterLab");
  await runChild(venvPython(project), ["-c", "import jupyterlab.labapp, nbconvert, nbclient, plotly"], {
    ...options,
    action: "start JupyterLab",
    log: join(stampFolder(project), "python_start.log"),
  });
}

/**
 * `--no-deps`: the list is complete but for what TensorFlow's Python side needs, which is never used.
 * `--no-compile`: Python compiles what it imports; TensorFlow's thousands of files it never does.
 */
const PIP_OPTIONS = [
  "--no-deps",
  "--no-compile",
  "--require-hashes",
  "--only-binary=:all:",
  "--no-input",
  "--disable-pip-version-check",
  "--progress-bar=off",
];

/** Without what an activated environment or a user's own packages would mix in. */
export function pythonEnvironment(env: Project["env"]): Record<string, string | undefined> {
  const mixed = [
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "__PYVENV_LAUNCHER__",
  ];
  const own = Object.entries(env).filter(([name]) => !mixed.includes(name));
  return { ...Object.fromEntries(own), PYTHONNOUSERSITE: "1" };
}

/** Packages whose list of files is there: pip writes it when a package is whole. */
function installedPackages(project: Project): string[] {
  const folder = sitePackages(project);
  if (folder === null) return [];
  return readdirSync(folder).filter((name) =>
    name.endsWith(".dist-info") && existsSync(join(folder, name, "RECORD"))
  ).sort();
}

/** Bytes of the wheel's two libraries, as text; null if one is missing. */
export function librarySizes(project: Project): string | null {
  const folder = sitePackages(project);
  if (folder === null) return null;
  const sizes = tensorflowLibraries().map((name) =>
    statSync(join(folder, "tensorflow", name), { throwIfNoEntry: false })?.size
  );
  return sizes.includes(undefined) ? null : sizes.join(" ");
}

function tellPackage(say: (detail: string) => void): (line: string) => void {
  let count = 0;
  return (line) => {
    const name = line.match(/^(?:Collecting|Processing) (?:.*\/)?([\w.-]+)/)?.[1].replace(/-\d.*/, "");
    const size = line.match(/Downloading .*\(([\d.]+ [kMG]B)\)/)?.[1];
    if (name) say(`package ${++count}: ${name}`);
    else if (size) say(`package ${count}: ${size}`);
    else if (line.startsWith("Installing collected")) say(`installing ${count} packages`);
  };
}

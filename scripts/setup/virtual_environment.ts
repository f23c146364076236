/** A virtual environment with packages from a locked list: made anew, and told whole from half. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { choosePython } from "./choose_python.ts";
import { environmentPackages, environmentPython, type Project, stampFolder } from "./project.ts";
import { type ChildOptions, runChild } from "./run_child.ts";
import type { Say } from "./step.ts";

export interface EnvironmentPlan {
  /** Name of its logs. */
  readonly id: string;
  /** For errors: `the Python packages`. */
  readonly title: string;
  /** Its folder; whatever lies there is removed. */
  readonly folder: string;
  /** The locked list, a file in the project's folder. */
  readonly requirements: string;
  /** What to do if it fails. */
  readonly mend: string;
  /** Python that must run in it, as a trial and to have it compiled. */
  readonly trial: string;
  /** Minor version of the oldest Python that will do. @default 10 */
  readonly oldestPython?: number;
}

/**
 * Makes a virtual environment and installs a locked list into it.
 *
 * @throws {TypeError} If there is no fitting Python, or pip or the trial fails.
 */
export async function makeEnvironment(project: Project, plan: EnvironmentPlan, say: Say): Promise<void> {
  const { id, title, folder, requirements, mend, trial } = plan;
  const python = choosePython(project, plan.oldestPython);
  const own = environmentPython(folder);
  say(`Python ${python.version}`);
  rmSync(folder, { recursive: true, force: true }); // a half-installed one cannot be told from a whole one
  const options: ChildOptions = {
    cwd: project.folder,
    env: pythonEnvironment(project.env),
    log: join(stampFolder(project), `${id}.log`),
    action: `install ${title}`,
    mend,
  };
  await runChild(python.path, ["-m", "venv", folder], {
    ...options,
    action: `make ${relative(project.folder, folder)}`,
  });
  await runChild(own, ["-m", "pip", "install", ...PIP_OPTIONS, "-r", requirements], {
    ...options,
    onLine: tellPackage(say),
  });
  say("first start");
  await runChild(own, ["-c", trial], {
    ...options,
    action: `start ${title}`,
    log: join(stampFolder(project), `${id}_start.log`),
  });
}

/**
 * `--no-deps`: a list is complete but for what is never used, such as TensorFlow's Python side.
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

/** Packages of an environment whose list of files is there: pip writes it when a package is whole. */
export function installedPackages(folder: string): string[] {
  const packages = environmentPackages(folder);
  if (packages === null) return [];
  return readdirSync(packages).filter((name) =>
    name.endsWith(".dist-info") && existsSync(join(packages, name, "RECORD"))
  ).sort();
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

/** Step 2: .venv with JupyterLab, nbconvert, plotly's extension and the wheel that holds libtensorflow. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createHash } from "node:crypto";
import { sha256 } from "../../lib/store.ts";
import { requireFreeBytes } from "./disk_space.ts";
import { type Project, sitePackages, tensorflowLibraries, venvFolder, venvPython } from "./project.ts";
import type { Say, Step } from "./step.ts";
import { installedPackages, makeEnvironment } from "./virtual_environment.ts";

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
    const packages = installedPackages(venvFolder(project));
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

/**
 * What can be known before a change between processor and GPU gives up the packages that are there.
 *
 * @throws {RangeError} If the system is not Linux, or the disk lacks the room.
 */
export function checkChange(project: Project, platform: string = process.platform): void {
  if (project.gpu && platform !== "linux") {
    throw new RangeError(`Cannot set up for a GPU: the system must be linux, got ${platform}`);
  }
  requireFreeBytes(pythonPackages.title, project.folder, pythonPackages.bytes(project));
}

async function install(project: Project, say: Say): Promise<void> {
  await makeEnvironment(project, {
    id: "python_packages",
    title: "the Python packages",
    folder: venvFolder(project),
    requirements: requirements(project),
    mend: "try again: deno task setup",
    trial: "import jupyterlab.labapp, nbconvert, nbclient, plotly",
  }, say);
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

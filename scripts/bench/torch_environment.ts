/** PyTorch as the benchmarks' peer, in a virtual environment of its own: made when first needed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { sha256 } from "../../lib/store.ts";
import { installOnDemand } from "../setup/install_on_demand.ts";
import { environmentPython, type Project } from "../setup/project.ts";
import { isDone, type Step } from "../setup/step.ts";
import { currentProject } from "../setup/steps.ts";
import { installedPackages, makeEnvironment } from "../setup/virtual_environment.ts";

const REQUIREMENTS = "requirements-peers.txt";

const torchPackages: Step = {
  id: "torch_packages",
  title: "PyTorch",
  bytes: () => 1.5e9,
  inputs: ({ folder }) => ({ [REQUIREMENTS]: sha256(join(folder, REQUIREMENTS)) }),
  outputs(project) {
    const folder = torchFolder(project);
    const packages = installedPackages(folder).join(" ");
    return packages === "" || !existsSync(environmentPython(folder)) ? null : { packages };
  },
  run: (project, say) =>
    makeEnvironment(project, {
      id: "torch_packages",
      title: "PyTorch",
      folder: torchFolder(project),
      requirements: REQUIREMENTS,
      mend: `${REQUIREMENTS} says what pip must find; or name an environment that has it in RD_TORCH_VENV`,
      trial: "import torch, safetensors.torch; torch.ones(1)",
    }, say),
};

function torchFolder(project: Project): string {
  return join(project.folder, "data", "cache", "peers", "torch");
}

/** The Python that has PyTorch; null while it is not installed. `RD_TORCH_VENV` names another environment. */
export function installedTorch(project = currentProject()): string | null {
  const other = process.env.RD_TORCH_VENV;
  if (other) return existsSync(environmentPython(other)) ? environmentPython(other) : null;
  return isDone(torchPackages, project) ? environmentPython(torchFolder(project)) : null;
}

/**
 * The Python that has PyTorch, installed if need be.
 *
 * @throws {TypeError} If it cannot be installed, or `RD_TORCH_VENV` names no environment.
 */
export async function requireTorch(project = currentProject()): Promise<string> {
  const found = installedTorch(project);
  if (found !== null) return found;
  if (process.env.RD_TORCH_VENV) {
    throw new TypeError(
      `Cannot use PyTorch: RD_TORCH_VENV must name a virtual environment, got ${process.env.RD_TORCH_VENV}`,
    );
  }
  await installOnDemand(torchPackages, project);
  return environmentPython(torchFolder(project));
}

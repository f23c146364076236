/** Chooses the Python that makes the virtual environment. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { findProgram, type Project } from "./project.ts";

export interface Python {
  /** Absolute path. */
  readonly path: string;
  /** Such as 3.11.7. */
  readonly version: string;
}

/** Versions for which the pinned TensorFlow has a wheel. */
const MINORS = [13, 12, 11, 10];

const PROBE = `
import json, sys
def has(name):
    try:
        __import__(name)
        return True
    except Exception:
        return False
print(json.dumps([".".join(map(str, sys.version_info[:3])), has("venv") and has("ensurepip")]))`;

/**
 * Takes $PYTHON, or the first of python3, python3.13 … python3.10, that is Python 3.10 to 3.13 and can make a virtual
 * environment.
 *
 * @param oldest Minor version from which on it will do.
 * @throws {TypeError} If none is; the message says what was found, and the command that mends it.
 */
export function choosePython(project: Project, oldest = 10): Python {
  const minors = MINORS.filter((minor) => minor >= oldest);
  const { PYTHON: own } = project.env;
  const names = own ? [own] : ["python3", ...MINORS.map((minor) => `python3.${minor}`)];
  const found: string[] = [];
  let lacksVenv: string | undefined;
  for (const name of names) {
    const path = findProgram(project, [name]);
    const answer = path && probe(path, project);
    if (!answer) {
      if (name === own) found.push(`no Python at PYTHON=${name}`);
      continue;
    }
    const isRightVersion = minors.some((minor) => answer.version.startsWith(`3.${minor}.`));
    if (isRightVersion && answer.canMakeVenv) return { path, version: answer.version };
    found.push(`${name} ${answer.version}${isRightVersion ? " without venv" : ""}`);
    if (isRightVersion) lacksVenv ??= answer.version.split(".").slice(0, 2).join(".");
  }
  throw new TypeError(
    `Cannot make ${
      oldest === 10 ? ".venv" : "a virtual environment"
    }: Python 3.${oldest} to 3.13 with its venv module is needed, found ${found.join(", ") || "no Python"} (${
      mend(lacksVenv)
    })`,
  );
}

function probe(path: string, project: Project): { version: string; canMakeVenv: boolean } | null {
  const { status, stdout } = spawnSync(path, ["-c", PROBE], {
    env: project.env as Record<string, string>,
    encoding: "utf8",
    timeout: 20_000,
  });
  if (status !== 0) return null;
  try {
    const [version, canMakeVenv] = JSON.parse(stdout) as [string, boolean];
    return { version, canMakeVenv };
  } catch {
    return null;
  }
}

function mend(lacksVenv: string | undefined): string {
  if (process.platform === "darwin") return "brew install python@3.13";
  if (lacksVenv === undefined) return "sudo apt-get install python3 python3-venv, or set PYTHON to one";
  return `sudo apt-get install python3-venv, or python${lacksVenv}-venv`;
}

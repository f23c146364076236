/** Step 3: tfjs-node-gpu's addon, compiled against the wheel's libtensorflow, and our own beside it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { sha256, writeFileWhole } from "../../lib/store.ts";
import { widenAttributes } from "./list_attributes.ts";
import {
  denoPath,
  findProgram,
  type Project,
  sitePackages,
  stampFolder,
  tensorflowLibraries,
} from "./project.ts";
import { librarySizes } from "./python_packages.ts";
import { runChild } from "./run_child.ts";
import type { Facts } from "./stamp.ts";
import type { Step } from "./step.ts";

const PACKAGE = "node_modules/@tensorflow/tfjs-node-gpu";
const HEADERS = "node_modules/node-api-headers";
const WIDENED_SOURCE = `${PACKAGE}/binding/tfjs_backend.cc`;
const WIDENING = "scripts/setup/list_attributes.ts";
const QUIET_SOURCE = "scripts/addon/quiet_stderr.cc";

export const tensorAddon: Step = {
  id: "tensor_addon",
  title: "TensorFlow addon",
  bytes: () => 50e6,
  inputs: (project) => ({
    ...hashes(project, [...sources(project), WIDENING, QUIET_SOURCE, `${HEADERS}/package.json`]),
    libraries: librarySizes(project) ?? "none",
    rpath: rpath(project),
  }),
  outputs(project) {
    const files = Object.values(addonPaths(project));
    const present = files.every((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
    return present ? Object.fromEntries(files.map((path) => [basename(path), sha256(path)])) : null;
  },
  async run(project, say) {
    const compiler = findCompiler(project);
    const { binding, quiet } = addonPaths(project);
    mkdirSync(dirname(binding), { recursive: true });
    say(`compiling quiet_stderr with ${basename(compiler)}`);
    await build(project, quiet, "mute", compiler, quietArguments(project));
    say(`compiling tfjs_binding with ${basename(compiler)}`);
    writeFileWhole(
      widenedPath(project),
      widenAttributes(readFileSync(join(project.folder, WIDENED_SOURCE), "utf8")),
    );
    await build(project, binding, "TF_Version", compiler, bindingArguments(project));
  },
};

/** In order of preference; a compiler that the user names stands alone. */
export function compilerNames({ env }: Project): string[] {
  return env.CXX ? [env.CXX] : ["c++", "g++", "clang++"];
}

/** @throws {TypeError} If there is none, with the command that installs one. */
export function findCompiler(project: Project): string {
  const compiler = findProgram(project, compilerNames(project));
  if (compiler !== null) return compiler;
  const { CXX } = project.env;
  if (CXX) {
    throw new TypeError(
      `Cannot compile the TensorFlow addon: CXX must name one program without arguments, got "${CXX}" (unset CXX)`,
    );
  }
  const mend = process.platform === "darwin" ? "xcode-select --install" : "sudo apt-get install g++";
  throw new TypeError(
    `Cannot compile the TensorFlow addon: a C++ compiler must be on PATH as c++, g++ or clang++, found none (${mend})`,
  );
}

export function addonPaths({ folder }: Project): { binding: string; quiet: string } {
  const built = join(folder, PACKAGE, "lib", "napi-v8");
  return { binding: join(built, "tfjs_binding.node"), quiet: join(built, "quiet_stderr.node") };
}

/** Compiles beside the final name, loads the result in a process of its own, and only then gives it the name. */
async function build(
  project: Project,
  path: string,
  property: string,
  compiler: string,
  args: readonly string[],
): Promise<void> {
  const part = join(dirname(path), `.new.${basename(path)}`);
  const name = basename(path, ".node");
  const options = { cwd: project.folder, env: project.env };
  try {
    await runChild(compiler, [...args, "-o", part], {
      ...options,
      log: join(stampFolder(project), `${name}_build.log`),
      action: `compile ${name}`,
      mend: "the compiler must know C++17: set CXX to one that does",
    });
    await runChild(denoPath(project), ["eval", "--no-config", loadScript(part, property)], {
      ...options,
      env: { ...project.env, TF_CPP_MIN_LOG_LEVEL: "3", NO_COLOR: "1" },
      log: join(stampFolder(project), `${name}_load.log`),
      action: `load the ${name} just compiled`,
      mend: "delete .venv and node_modules, then: deno task setup",
    });
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
}

function loadScript(path: string, property: string): string {
  return `import { createRequire } from "node:module";
const addon = createRequire("file:///")(${JSON.stringify(path)});
if (addon[${JSON.stringify(property)}] === undefined) throw new TypeError("it lacks ${property}");
Deno.exit(0);`;
}

/** Options for every addon. The ones for macOS follow Node's own build tool; they were not tried on a Mac. */
function commonArguments(project: Project): string[] {
  const isMac = process.platform === "darwin";
  return [
    "-O2",
    "-std=c++17",
    "-shared",
    "-fPIC",
    ...(isMac ? ["-undefined", "dynamic_lookup"] : []),
    "-DNAPI_VERSION=8",
    "-DBUILDING_NODE_EXTENSION",
    "-I",
    join(project.folder, HEADERS, "include"),
  ];
}

function quietArguments(project: Project): string[] {
  return [...commonArguments(project), join(project.folder, QUIET_SOURCE)];
}

function bindingArguments(project: Project): string[] {
  const tensorflow = join(sitePackages(project) ?? "", "tensorflow");
  return [
    ...commonArguments(project),
    "-w", // the package's own code warns; it is not ours to mend
    "-I",
    join(project.folder, PACKAGE, "binding"),
    "-I",
    join(tensorflow, "include"),
    ...sources(project).filter((name) => name.endsWith(".cc")).map((name) =>
      name === WIDENED_SOURCE ? widenedPath(project) : join(project.folder, name)
    ),
    ...tensorflowLibraries().map((name) => join(tensorflow, name)),
    `-Wl,-rpath,${rpath(project)}`,
  ];
}

/**
 * Where the addon looks for libtensorflow, relative to itself, so that the project can be moved. NVIDIA's libraries
 * libtensorflow finds by itself: the GPU wheel names their packages' folders.
 */
function rpath(project: Project): string {
  const packages = sitePackages(project);
  if (packages === null) return "none";
  const origin = process.platform === "darwin" ? "@loader_path" : "$ORIGIN";
  return `${origin}/${relative(dirname(addonPaths(project).binding), join(packages, "tensorflow"))}`;
}

/** The package's folder stays as npm filled it. */
function widenedPath(project: Project): string {
  return join(stampFolder(project), basename(WIDENED_SOURCE));
}

function sources(project: Project): string[] {
  const folder = join(PACKAGE, "binding");
  if (!statSync(join(project.folder, folder), { throwIfNoEntry: false })) return [];
  return readdirSync(join(project.folder, folder)).map((name) => join(folder, name)).sort();
}

function hashes({ folder }: Project, names: readonly string[]): Facts {
  const present = names.filter((name) => statSync(join(folder, name), { throwIfNoEntry: false }));
  return Object.fromEntries(present.map((name) => [name, sha256(join(folder, name))]));
}

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { writeStamp } from "./stamp.ts";
import { type FakeProject, ignore, withProject } from "./_test_helpers.ts";
import { tensorflowLibraries } from "./project.ts";
import { isDone, stampPath } from "./step.ts";
import { addonPaths, findCompiler, tensorAddon } from "./tensor_addon.ts";

const BUILT = "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8";

/** A project whose addon was built and stamped. */
function build(project: FakeProject): void {
  project.write("node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_binding.cc", "int main;");
  project.write("node_modules/node-api-headers/package.json", "{}");
  project.write("scripts/addon/quiet_stderr.cc", "int quiet;");
  for (const name of tensorflowLibraries()) {
    project.write(`.venv/lib/python3.11/site-packages/tensorflow/${name}`, "library");
  }
  for (const path of ["tfjs_binding.node", "quiet_stderr.node"]) {
    project.write(`${BUILT}/${path}`, `bytes of ${path}`);
  }
  const outputs = tensorAddon.outputs(project);
  assert.ok(outputs);
  writeStamp(stampPath(tensorAddon, project), { inputs: tensorAddon.inputs(project), outputs });
}

Deno.test(
  "tensorAddon is done while addon, sources and library are those of the stamp",
  withProject((project) => {
    build(project);
    assert.equal(isDone(tensorAddon, project), true);
  }),
);

Deno.test(
  "tensorAddon is not done with a missing, cut or altered addon",
  withProject((project) => {
    for (const spoilt of ["bytes of tfjs_b", "BYTES of tfjs_binding.node", ""]) {
      build(project);
      project.write(`${BUILT}/tfjs_binding.node`, spoilt);
      assert.equal(isDone(tensorAddon, project), false, spoilt);
    }
    build(project);
    Deno.removeSync(addonPaths(project).quiet);
    assert.equal(isDone(tensorAddon, project), false);
  }),
);

Deno.test(
  "tensorAddon is not done with another source or another library",
  withProject((project) => {
    const changes = [
      "scripts/addon/quiet_stderr.cc",
      "node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_binding.cc",
      `.venv/lib/python3.11/site-packages/tensorflow/${tensorflowLibraries()[0]}`,
    ];
    for (const path of changes) {
      build(project);
      project.write(path, "something else");
      assert.equal(isDone(tensorAddon, project), false, path);
    }
  }),
);

Deno.test(
  "findCompiler() takes $CXX alone where it is set, and says how to get a compiler",
  withProject((project) => {
    const mend = process.platform === "darwin" ? "xcode-select --install" : "sudo apt-get install g++";
    assert.throws(() => findCompiler(project), {
      name: "TypeError",
      message:
        "Cannot compile the TensorFlow addon: a C++ compiler must be on PATH as c++, g++ or clang++, " +
        `found none (${mend})`,
    });
    const clang = project.program("clang++", "");
    assert.equal(findCompiler(project), clang);
    const mine = project.program("my-compiler", "");
    const using = (CXX: string) => ({ ...project, env: { ...project.env, CXX } });
    assert.equal(findCompiler(using("my-compiler")), mine);
    assert.throws(() => findCompiler(using("ccache clang++")), {
      name: "TypeError",
      message: "Cannot compile the TensorFlow addon: CXX must name one program without arguments, " +
        'got "ccache clang++" (unset CXX)',
    });
  }),
);

Deno.test(
  "tensorAddon keeps the addon that is there when the new one does not load",
  withProject(async (project) => {
    build(project);
    project.program("c++", `while [ "$1" != -o ]; do shift; done; echo garbage > "$2"`);
    const { quiet } = addonPaths(project);
    await assert.rejects(
      tensorAddon.run(project, ignore),
      /^TypeError: Cannot load the quiet_stderr just compiled: /,
    );
    assert.equal(readFileSync(quiet, "utf8"), "bytes of quiet_stderr.node");
    assert.deepEqual(readdirSync(dirname(quiet)).sort(), ["quiet_stderr.node", "tfjs_binding.node"]);
    assert.ok(existsSync(quiet));
  }),
);

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type FakeProject, ignore, withProject } from "./_test_helpers.ts";
import { findNpm, missingPackages, npmEnvironment, npmPackages } from "./npm_packages.ts";
import { doStep, isDone } from "./step.ts";

const A = { version: "1.0.0", integrity: "sha512-a" };
const B = { version: "2.0.0", integrity: "sha512-b" };
const MAC_ONLY = { version: "3.0.0", integrity: "sha512-c", optional: true };

function install(project: FakeProject): void {
  for (const name of ["package.json", ".npmrc", "scripts/tfjs-node/package.json"]) project.write(name);
  lock(project, "package-lock.json", {
    "": {},
    "node_modules/a": A,
    "node_modules/b": B,
    "node_modules/m": MAC_ONLY,
  });
  lock(project, "node_modules/.package-lock.json", { "node_modules/a": A, "node_modules/b": B });
  for (const name of ["a", "b"]) project.write(`node_modules/${name}/package.json`);
}

function lock(project: FakeProject, path: string, packages: object): void {
  project.write(path, JSON.stringify({ packages }));
}

Deno.test(
  "missingPackages() misses nothing of a whole installation, optional packages aside",
  withProject((project) => {
    install(project);
    assert.deepEqual(missingPackages(project.folder), []);
  }),
);

Deno.test(
  "missingPackages() names a package deleted, of another version, or not listed",
  withProject((project) => {
    install(project);
    rmSync(join(project.folder, "node_modules/b"), { recursive: true });
    assert.deepEqual(missingPackages(project.folder), ["node_modules/b"]);
    install(project);
    lock(project, "node_modules/.package-lock.json", {
      "node_modules/a": A,
      "node_modules/b": { ...B, version: "1.9.0" },
    });
    assert.deepEqual(missingPackages(project.folder), ["node_modules/b"]);
    lock(project, "node_modules/.package-lock.json", { "node_modules/b": B });
    assert.deepEqual(missingPackages(project.folder), ["node_modules/a"]);
  }),
);

Deno.test(
  "missingPackages() misses all where npm did not finish",
  withProject((project) => {
    install(project);
    const all = ["node_modules/a", "node_modules/b", "node_modules/m"];
    project.write("node_modules/.package-lock.json", `{"packages": {"node_m`);
    assert.deepEqual(missingPackages(project.folder), all);
    rmSync(join(project.folder, "node_modules/.package-lock.json"));
    assert.deepEqual(missingPackages(project.folder), all);
  }),
);

Deno.test(
  "npmPackages is stamped without npm where everything is there, and undone by a new lock",
  withProject(async (project) => {
    install(project);
    assert.equal(await doStep(npmPackages, project, ignore), false);
    assert.equal(isDone(npmPackages, project), true);
    lock(project, "package-lock.json", { "": {}, "node_modules/a": { ...A, version: "1.0.1" } });
    assert.equal(isDone(npmPackages, project), false);
  }),
);

Deno.test(
  "findNpm() says how to get npm",
  withProject((project) => {
    assert.throws(() => findNpm(project), {
      name: "TypeError",
      message:
        "Cannot run npm: it must be on PATH, found none (install Node.js 20 or newer, which brings npm)",
    });
  }),
);

Deno.test(
  "npmPackages refuses an old Node.js",
  withProject(async (project) => {
    project.program("npm", "exit 0");
    project.program("node", "echo v18.19.1");
    await assert.rejects(npmPackages.run(project, ignore), {
      name: "RangeError",
      message:
        "Cannot install the npm packages: Node.js 20 or newer is needed, found 18.19.1 (install Node.js 20 or newer)",
    });
  }),
);

Deno.test(
  "npmPackages asks for all packages, whatever NODE_ENV says",
  withProject(async (project) => {
    install(project);
    project.program("npm", `echo "$@" > ${join(project.folder, "asked")}`);
    project.program("node", "echo v22.12.0");
    await npmPackages.run(project, ignore);
    const asked = readFileSync(join(project.folder, "asked"), "utf8");
    assert.match(asked, /^ci .*--include=dev --include=optional/);
  }),
);

Deno.test("npmEnvironment() keeps settings and drops what npx says of itself", () => {
  const env = { PATH: "/bin", npm_config_cache: "/c", npm_config_registry: "r", npm_lifecycle_event: "npx" };
  const own = npmEnvironment({
    ...env,
    npm_package_json: "/p",
    npm_config_local_prefix: "/l",
    INIT_CWD: "/i",
  });
  assert.deepEqual(own, { PATH: "/bin", npm_config_cache: "/c", npm_config_registry: "r" });
});

/** The files for Binder and development containers: what can be known of them without either. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "./folders.ts";

const text = (...parts: string[]) => readFileSync(join(PROJECT_FOLDER, ...parts), "utf8");

/** JSON with `//` comments on lines of their own, as the specification of development containers allows. */
const CONTAINER = JSON.parse(text(".devcontainer", "devcontainer.json").replace(/^\s*\/\/.*$/gm, ""));
const POST_BUILD = text(".binder", "postBuild");
const START = text(".binder", "start");
const ENVIRONMENT = text(".binder", "environment.yml");

/** `npx -y deno@VERSION task NAME`, wherever it stands. */
function calls(script: string): { version: string; task: string }[] {
  return [...script.matchAll(/npx -y deno@(\S+) task (\S+)/g)].map(([, version, task]) => ({
    version,
    task,
  }));
}

Deno.test("Binder and the development container call tasks that there are, by the Deno that is pinned", () => {
  const tasks = JSON.parse(text("deno.json")).tasks;
  const { deno } = JSON.parse(text("package.json")).dependencies;
  for (
    const [name, script] of Object.entries({ postBuild: POST_BUILD, container: CONTAINER.postCreateCommand })
  ) {
    const found = calls(script);
    assert.equal(found.length, 1, name);
    for (const { version, task } of found) {
      assert.equal(version, deno, name);
      assert.ok(task in tasks, `${name} calls ${task}`);
    }
  }
  const inReadme = calls(text("README.md"));
  assert.ok(inReadme.length >= 2);
  assert.ok(inReadme.every(({ version }) => version === deno), "README.md");
});

Deno.test("Binder and the development container install the Python and Node that the README asks for", () => {
  const [, least, most] = /Python 3\.(\d+) to 3\.(\d+)/.exec(text("README.md"))!.map(Number);
  const [, leastNode] = /Node (\d+)\.\d+, [\d.]+ or newer/.exec(text("README.md"))!.map(Number);
  const pythons = [/- python=3\.(\d+)$/m.exec(ENVIRONMENT)![1], /python:3\.(\d+)-/.exec(CONTAINER.image)![1]];
  for (const minor of pythons.map(Number)) assert.ok(minor >= least && minor <= most, `Python 3.${minor}`);
  const [feature] = Object.entries(CONTAINER.features) as [string, { version: string }][];
  assert.match(feature[0], /^ghcr\.io\/devcontainers\/features\/node:\d+$/);
  const nodes = [/- nodejs=(\d+)$/m.exec(ENVIRONMENT)![1], feature[1].version];
  for (const major of nodes.map(Number)) assert.ok(major >= leastNode, `Node ${major}`);
});

Deno.test("environment.yml is a list of conda packages, and apt.txt of names", () => {
  const lines = ENVIRONMENT.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(
    lines.every((line) => /^(channels|dependencies):$|^ {2}- [a-z0-9-]+(=[\d.]+)?$/.test(line)),
    ENVIRONMENT,
  );
  assert.match(text(".binder", "apt.txt"), /^([a-z0-9][a-z0-9+.-]+\n)+$/); // Debian's rule for names
});

Deno.test("Binder's scripts can be executed, parse, and start hands on its command with our kernels", async () => {
  for (const name of ["postBuild", "start"]) {
    const path = join(PROJECT_FOLDER, ".binder", name);
    assert.ok(statSync(path).mode & 0o100, `${name} must be executable`);
    assert.equal((await new Deno.Command("bash", { args: ["-n", path] }).output()).code, 0, name);
  }
  const { stdout } = await new Deno.Command("bash", {
    args: [join(PROJECT_FOLDER, ".binder", "start"), "bash", "-c", "echo $JUPYTER_PATH"],
    cwd: PROJECT_FOLDER,
    env: { JUPYTER_PATH: "/before" },
  }).output();
  const ours = join(PROJECT_FOLDER, ".venv", "share", "jupyter");
  assert.equal(new TextDecoder().decode(stdout), `${ours}:/before\n`);
  assert.match(START, /exec "\$@"/);
  assert.equal(CONTAINER.remoteEnv.JUPYTER_PATH, "${containerWorkspaceFolder}/.venv/share/jupyter");
});

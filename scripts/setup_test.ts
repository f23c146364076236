import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_FOLDER } from "./folders.ts";

/** What a module imports when it runs: types and `import()` are left aside. */
function imports(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm);
  return [...statements].map(([, specifier]) => specifier);
}

function reachable(path: string, seen = new Map<string, string>()): Map<string, string> {
  for (const specifier of imports(path)) {
    if (!specifier.startsWith(".")) seen.set(specifier, path);
    else if (!seen.has(join(dirname(path), specifier))) {
      const next = join(dirname(path), specifier);
      seen.set(next, path);
      reachable(next, seen);
    }
  }
  return seen;
}

for (const name of ["setup.ts", "doctor.ts"]) {
  Deno.test(`scripts/${name} imports nothing that npm must have installed`, () => {
    const found = reachable(join(PROJECT_FOLDER, "scripts", name));
    assert.ok(found.size > 10, "the walk must find the files");
    const foreign = [...found.keys()].filter((specifier) => !/^(node:|\/)/.test(specifier));
    assert.deepEqual(foreign, []);
  });

  Deno.test(`scripts/${name} teaches with --help and refuses an unknown option with exit code 2`, () => {
    const run = (...args: string[]) =>
      spawnSync(Deno.execPath(), ["run", "-A", join(PROJECT_FOLDER, "scripts", name), ...args], {
        encoding: "utf8",
      });
    const help = run("--help");
    assert.equal(help.status, 0);
    assert.match(help.stdout + help.stderr, /^Usage: deno task (setup|doctor) /);
    const unknown = run("--colour");
    assert.equal(unknown.status, 2);
    assert.equal(unknown.stdout, "");
    assert.match(unknown.stderr, /^(setup|doctor): .*--colour/);
  });
}

Deno.test("package-lock.json names no registry host", () => {
  const lock = JSON.parse(readFileSync(join(PROJECT_FOLDER, "package-lock.json"), "utf8")) as {
    packages: Record<string, { resolved?: string }>;
  };
  const hosts = Object.values(lock.packages).filter(({ resolved }) => resolved?.includes("://"));
  assert.deepEqual(hosts, []);
});

Deno.test("requirements are locked: each package has one version and hashes", () => {
  const least = { "requirements.txt": 60, "requirements-gpu.txt": 60, "requirements-peers.txt": 10 };
  for (const [name, count] of Object.entries(least)) {
    const text = readFileSync(join(PROJECT_FOLDER, name), "utf8").replaceAll("\\\n", "");
    const entries = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(entries.length > count);
    for (const entry of entries) {
      assert.match(entry, /^[\w.-]+==[\w.+]+ (; [^\\]+)?( *--hash=sha256:[0-9a-f]{64})+$/);
    }
  }
});

Deno.test("wherever Deno is fetched, it is the version that package.json pins", () => {
  const read = (name: string) => readFileSync(join(PROJECT_FOLDER, name), "utf8");
  const { deno } = (JSON.parse(read("package.json")) as { dependencies: { deno: string } }).dependencies;
  for (
    const name of ["README.md", "CONTRIBUTING.md", ".devcontainer/devcontainer.json", ".binder/postBuild"]
  ) {
    const named = [...read(name).matchAll(/npx -y deno@([\d.]+)/g)].map(([, version]) => version);
    assert.deepEqual([...new Set(named)], [deno], name);
  }
});

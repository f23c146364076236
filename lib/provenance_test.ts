import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { gitEnvironment } from "./git_environment.ts";
import { provenance, type ProvenanceFacts } from "./provenance.ts";

const FACTS: ProvenanceFacts = {
  engine: "tensorflow",
  seed: 1,
  protocol: "training images 0 to 255",
  samples: 256,
};
const FIXED = { now: () => new Date("2024-05-06T07:08:09.123Z"), randomId: () => "0badcafe" };

function inTemporaryFolder(fn: (folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "provenance-"));
    try {
      fn(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

function git(folder: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
  const env = gitEnvironment(process.env); // run within a hook it must not write into the hook's repository
  return execFileSync("git", [...identity, ...args], { cwd: folder, env, encoding: "utf8", stdio: "pipe" })
    .trim();
}

Deno.test(
  "provenance() records run, time, versions and the caller's facts",
  inTemporaryFolder((folder) => {
    writeFileSync(join(folder, "package.json"), '{"name":"rd-pruning","version":"3.2.1"}');
    const facts = { ...FACTS, levels: 21, command: "curves --model m", versions: { tensorflow: "2.18.0" } };
    const before = structuredClone(facts);
    assert.deepEqual(provenance(facts, { ...FIXED, root: folder }), {
      levels: 21,
      runId: "20240506T070809Z-0badcafe",
      created: "2024-05-06T07:08:09.123Z",
      commit: null,
      version: "3.2.1",
      engine: "tensorflow",
      seed: 1,
      protocol: "training images 0 to 255",
      samples: 256,
      command: "curves --model m",
      versions: {
        runtime: `deno ${process.versions.deno}`,
        platform: `${process.platform} ${process.arch}`,
        tensorflow: "2.18.0",
      },
    });
    assert.deepEqual(facts, before);
  }),
);

Deno.test("provenance() gives every run a name of its own", () => {
  const [a, b] = [provenance(FACTS), provenance(FACTS)];
  assert.match(a.runId, /^\d{8}T\d{6}Z-[0-9a-f]{8}$/);
  assert.notEqual(a.runId, b.runId);
  assert.equal(a.command, null);
});

Deno.test("provenance() finds this project by itself", () => {
  const { version, commit } = provenance(FACTS);
  assert.match(version ?? "", /^\d+\.\d+\.\d+$/);
  assert.match(commit ?? "null", /^([0-9a-f]{40}(\+dirty)?|null)$/); // null where the source came without git
});

Deno.test(
  "provenance() names the commit and whether tracked files differ from it",
  inTemporaryFolder((folder) => {
    const commit = () => provenance(FACTS, { root: folder }).commit;
    assert.equal(commit(), null);
    git(folder, "init", "-q");
    assert.equal(commit(), null); // nothing committed yet
    writeFileSync(join(folder, "a"), "1");
    git(folder, "add", "a");
    git(folder, "commit", "-q", "-m", "a");
    const head = git(folder, "rev-parse", "HEAD");
    assert.equal(commit(), head);
    writeFileSync(join(folder, "untracked"), "");
    assert.equal(commit(), head);
    writeFileSync(join(folder, "a"), "2");
    assert.equal(commit(), `${head}+dirty`);
    const inner = join(folder, "unpacked-here");
    mkdirSync(inner);
    assert.equal(provenance(FACTS, { root: inner }).commit, null); // the clone around it is another project
  }),
);

Deno.test(
  "provenance() gives null, and never throws, where nothing can be found",
  inTemporaryFolder((folder) => {
    for (const root of [folder, join(folder, "none")]) {
      const { commit, version } = provenance(FACTS, { root });
      assert.deepEqual({ commit, version }, { commit: null, version: null });
    }
    writeFileSync(join(folder, "package.json"), "{");
    assert.equal(provenance(FACTS, { root: folder }).version, null);
  }),
);

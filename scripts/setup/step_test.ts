import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../lib/store.ts";
import { ignore, withProject } from "./_test_helpers.ts";
import { doStep, isDone, stampPath, type Step } from "./step.ts";

/** Copies in.txt to out.txt. */
const COPY: Step = {
  id: "copy",
  title: "a copy",
  bytes: () => 1,
  inputs: ({ folder }) => ({ in: sha256(join(folder, "in.txt")) }),
  outputs({ folder }) {
    const path = join(folder, "out.txt");
    return existsSync(path) ? { out: sha256(path) } : null;
  },
  run({ folder }) {
    Deno.copyFileSync(join(folder, "in.txt"), join(folder, "out.txt"));
    return Promise.resolve();
  },
};

Deno.test(
  "isDone() holds from doStep() on until an input or an output changes",
  withProject(async (project) => {
    project.write("in.txt", "one");
    assert.equal(isDone(COPY, project), false);
    assert.equal(await doStep(COPY, project, ignore), true);
    assert.equal(isDone(COPY, project), true);

    project.write("in.txt", "two");
    assert.equal(isDone(COPY, project), false);
    await doStep(COPY, project, ignore);
    assert.equal(isDone(COPY, project), true);

    project.write("out.txt", "owt");
    assert.equal(isDone(COPY, project), false);
    await doStep(COPY, project, ignore);
    assert.equal(readFileSync(join(project.folder, "out.txt"), "utf8"), "two");

    rmSync(join(project.folder, "out.txt"));
    assert.equal(isDone(COPY, project), false);
  }),
);

Deno.test(
  "isDone() takes a missing, cut or foreign stamp for none",
  withProject(async (project) => {
    project.write("in.txt", "one");
    await doStep(COPY, project, ignore);
    const path = stampPath(COPY, project);
    const stamp = readFileSync(path, "utf8");
    for (const bad of ["", stamp.slice(0, 20), "null", "[]", `{"inputs":{}}`]) {
      Deno.writeTextFileSync(path, bad);
      assert.equal(isDone(COPY, project), false, bad);
    }
    rmSync(path);
    assert.equal(isDone(COPY, project), false);
  }),
);

Deno.test(
  "doStep() leaves no stamp of a step that failed halfway",
  withProject(async (project) => {
    project.write("in.txt", "one");
    await doStep(COPY, project, ignore);
    const failing: Step = { ...COPY, run: () => Promise.reject(new TypeError("Cannot copy: halfway")) };
    await assert.rejects(doStep(failing, project, ignore), /halfway/);
    assert.equal(existsSync(stampPath(COPY, project)), false);
    assert.equal(isDone(COPY, project), false);
  }),
);

Deno.test(
  "doStep() leaves what is there stamped where the disk has no room",
  withProject(async (project) => {
    project.write("in.txt", "one");
    await doStep(COPY, project, ignore);
    const huge: Step = { ...COPY, bytes: () => 1e18 };
    await assert.rejects(doStep(huge, project, ignore), { name: "RangeError", message: /must be free/ });
    assert.equal(isDone(COPY, project), true);
  }),
);

Deno.test(
  "doStep() refuses a step that left nothing",
  withProject(async (project) => {
    project.write("in.txt", "one");
    const idle: Step = { ...COPY, run: () => Promise.resolve() };
    await assert.rejects(doStep(idle, project, ignore), {
      name: "TypeError",
      message: "Cannot finish a copy: all its files must be there, some are missing (run it again)",
    });
  }),
);

Deno.test(
  "doStep() only stamps outputs that prove themselves complete",
  withProject(async (project) => {
    project.write("in.txt", "one");
    project.write("out.txt", "made elsewhere");
    assert.equal(await doStep({ ...COPY, isComplete: () => true }, project, ignore), false);
    assert.equal(readFileSync(join(project.folder, "out.txt"), "utf8"), "made elsewhere");
  }),
);

Deno.test(
  "doStep() stops before a full disk would, naming folder and bytes",
  withProject(async (project) => {
    project.write("in.txt", "one");
    await assert.rejects(doStep({ ...COPY, bytes: () => 1e18 }, project, ignore), (error: Error) => {
      assert.equal(error.name, "RangeError");
      const start = `Cannot set up a copy: 1000000000000 MB must be free in ${project.folder}, found `;
      assert.ok(error.message.startsWith(start), error.message);
      assert.match(error.message, /found \d+ MB \(make room\)$/);
      return true;
    });
    assert.equal(existsSync(join(project.folder, "out.txt")), false);
  }),
);

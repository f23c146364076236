import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FakeProject, withProject } from "./_test_helpers.ts";
import { type ChildOptions, runChild } from "./run_child.ts";

function options(project: FakeProject): ChildOptions {
  return {
    cwd: project.folder,
    env: process.env,
    log: join(project.folder, "child.log"),
    action: "make it",
    mend: "mend it",
  };
}

Deno.test(
  "runChild() hands over every line and keeps a log",
  withProject(async (project) => {
    const program = project.program("talk", 'echo one; sleep 0.05; echo two >&2; sleep 0.05; echo "$1"');
    const lines: string[] = [];
    const output = await runChild(program, ["a  b"], {
      ...options(project),
      onLine: (line) => lines.push(line),
    });
    assert.equal(output, "one\ntwo\na  b");
    assert.deepEqual(lines.slice(1), ["one", "two", "a  b"]);
    assert.equal(readFileSync(options(project).log, "utf8"), `$ ${program} a  b\none\ntwo\na  b\n`);
  }),
);

Deno.test(
  "runChild() quotes what a failed program complained of",
  withProject(async (project) => {
    const program = project.program(
      "fail",
      "echo start; echo 'a.cc:1: error: no such thing' >&2; echo end; exit 3",
    );
    await assert.rejects(runChild(program, [], options(project)), {
      name: "TypeError",
      message: `Cannot make it: it must end with code 0, got 3: "a.cc:1: error: no such thing" ` +
        `(mend it; all it said is in ${options(project).log})`,
    });
  }),
);

Deno.test({
  name: "runChild() outlives a log that cannot be written, and names the cause if the program fails",
  ignore: !existsSync("/dev/full"),
  fn: withProject(async (project) => {
    const full = { ...options(project), log: "/dev/full" };
    const [works, fails] = [project.program("works", "echo done"), project.program("fails", "exit 1")];
    assert.equal(await runChild(works, [], full), "done");
    await assert.rejects(runChild(fails, [], full), {
      name: "TypeError",
      message: /^Cannot make it: the disk must have room, got (ENOSPC|No space left on device) /,
    });
  }),
});

Deno.test(
  "runChild() tells a missing network and a full disk from other failures",
  withProject(async (project) => {
    const { log } = options(project);
    const offline = project.program("offline", "echo 'npm error reason: getaddrinfo ENOTFOUND host'; exit 1");
    await assert.rejects(runChild(offline, [], options(project)), {
      name: "TypeError",
      message: "Cannot make it: the package registry must be reachable, got ENOTFOUND " +
        `(try again when it is: deno task setup; what was fetched is kept; all it said is in ${log})`,
    });
    const full = project.program("full", "echo 'OSError: [Errno 28] No space left on device' >&2; exit 1");
    await assert.rejects(runChild(full, [], options(project)), {
      message: "Cannot make it: the disk must have room, got No space left on device " +
        `(make room, then: deno task setup; all it said is in ${log})`,
    });
  }),
);

Deno.test(
  "runChild() names a program that cannot be run",
  withProject(async (project) => {
    const error = await runChild(join(project.folder, "nowhere"), [], options(project)).catch((error) =>
      error
    );
    assert.equal(error.name, "TypeError");
    assert.match(
      error.message,
      /^Cannot make it: it must end with code 0, got 127: ".*nowhere.*" \(mend it; /,
    );
  }),
);

Deno.test(
  "runChild() leaves no program behind when its own process is killed",
  withProject(async (project) => {
    const beat = join(project.folder, "beat");
    const program = project.program("long", `while :; do date > '${beat}'; sleep 0.05; done`);
    const module = fileURLToPath(new URL("./run_child.ts", import.meta.url));
    const script = `import { runChild } from ${JSON.stringify(module)};
      await runChild(${JSON.stringify(program)}, [], { cwd: "/", env: process.env,
        log: ${JSON.stringify(options(project).log)}, action: "", mend: "" });`;
    const path = project.write("parent.ts", script);
    const parent = spawn(Deno.execPath(), ["run", "-A", "--no-config", path], { stdio: "ignore" });
    for (let i = 0; i < 200 && !existsSync(beat); i++) await sleep(50);
    assert.ok(existsSync(beat), "the program must have started");
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await sleep(500);
    const after = Deno.statSync(beat).mtime;
    await sleep(500);
    assert.deepEqual(Deno.statSync(beat).mtime, after, "the program must be gone");
  }),
);

import assert from "node:assert/strict";
import process from "node:process";
import { type FakeProject, withProject } from "./_test_helpers.ts";
import { choosePython } from "./choose_python.ts";

function fakePython(project: FakeProject, name: string, version: string, canMakeVenv = true): string {
  return project.program(name, `echo '["${version}", ${canMakeVenv}]'`);
}

const MEND = process.platform === "darwin"
  ? { none: "brew install python@3.13", venv: "brew install python@3.13" }
  : {
    none: "sudo apt-get install python3 python3-venv, or set PYTHON to one",
    venv: "sudo apt-get install python3-venv, or python3.11-venv",
  };

function message(found: string, mend: string): string {
  return `Cannot make .venv: Python 3.10 to 3.13 with its venv module is needed, found ${found} (${mend})`;
}

Deno.test(
  "choosePython() takes python3 if it will do",
  withProject((project) => {
    const path = fakePython(project, "python3", "3.12.4");
    fakePython(project, "python3.13", "3.13.0");
    assert.deepEqual(choosePython(project), { path, version: "3.12.4" });
  }),
);

Deno.test(
  "choosePython() takes $PYTHON before all, by name or by path",
  withProject((project) => {
    fakePython(project, "python3", "3.12.4");
    const path = fakePython(project, "my-python", "3.10.13");
    for (const PYTHON of ["my-python", path]) {
      const asked = { ...project, env: { ...project.env, PYTHON } };
      assert.deepEqual(choosePython(asked), { path, version: "3.10.13" });
    }
  }),
);

Deno.test(
  "choosePython() refuses a $PYTHON that will not do, whatever else is there",
  withProject((project) => {
    fakePython(project, "python3", "3.12.4");
    const old = fakePython(project, "old-python", "3.9.18");
    for (const [PYTHON, found] of [[old, `${old} 3.9.18`], ["nowhere", "no Python at PYTHON=nowhere"]]) {
      const asked = { ...project, env: { ...project.env, PYTHON } };
      assert.throws(() => choosePython(asked), { name: "TypeError", message: message(found, MEND.none) });
    }
  }),
);

Deno.test(
  "choosePython() passes over versions too old and too new, one without venv and one that fails",
  withProject((project) => {
    fakePython(project, "python3", "3.14.0");
    project.program("python3.13", "exit 127");
    fakePython(project, "python3.12", "3.12.1", false);
    const path = fakePython(project, "python3.11", "3.11.9");
    assert.deepEqual(choosePython(project), { path, version: "3.11.9" });
  }),
);

Deno.test(
  "choosePython() passes over what is older than asked",
  withProject((project) => {
    fakePython(project, "python3", "3.10.4");
    assert.throws(() => choosePython(project, 11), {
      name: "TypeError",
      message:
        /^Cannot make a virtual environment: Python 3\.11 to 3\.13 with its venv module is needed, found python3 3\.10\.4 /,
    });
    const path = fakePython(project, "python3.12", "3.12.0");
    assert.deepEqual(choosePython(project, 11), { path, version: "3.12.0" });
  }),
);

Deno.test(
  "choosePython() says that there is no Python",
  withProject((project) => {
    assert.throws(() => choosePython(project), {
      name: "TypeError",
      message: message("no Python", MEND.none),
    });
  }),
);

Deno.test(
  "choosePython() names what was found when no version fits",
  withProject((project) => {
    fakePython(project, "python3", "3.9.18");
    fakePython(project, "python3.12", "3.12.1", false);
    assert.throws(() => choosePython(project), {
      message: /needed, found python3 3\.9\.18, python3\.12 3\.12\.1 without venv \(/,
    });
  }),
);

Deno.test(
  "choosePython() names the package that brings venv",
  withProject((project) => {
    fakePython(project, "python3", "3.11.2", false);
    assert.throws(() => choosePython(project), {
      message: message("python3 3.11.2 without venv", MEND.venv),
    });
  }),
);

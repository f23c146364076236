import assert from "node:assert/strict";
import { modeLine, parameters } from "./modes.ts";

const MODES = {
  quick: { seconds: 40, SAMPLES: 64 },
  full: { seconds: 400, SAMPLES: 256 },
  paper: { seconds: 9000, SAMPLES: 1024 },
};

Deno.test("parameters() is quick unless told otherwise", () => {
  assert.deepEqual(parameters(MODES, { overrides: "{}" }), {
    seconds: 40,
    SAMPLES: 64,
    mode: "quick",
    changed: [],
  });
});

Deno.test("parameters() takes the mode from the overrides, and RD_MODE before it", () => {
  assert.equal(parameters(MODES, { overrides: '{"mode": "full"}' }).SAMPLES, 256);
  assert.equal(parameters(MODES, { overrides: '{"mode": "full"}', mode: "paper" }).SAMPLES, 1024);
});

Deno.test("parameters() replaces what the overrides name and passes over what it does not know", () => {
  const chosen = parameters(MODES, { overrides: '{"SAMPLES": 8, "LEVELS": 5}' });
  assert.deepEqual(chosen, { seconds: 40, SAMPLES: 8, mode: "quick", changed: ["SAMPLES"] });
});

Deno.test("parameters() refuses an unknown mode and sizes that are no numbers", () => {
  assert.throws(
    () => parameters(MODES, { mode: "fast" }),
    { name: "RangeError", message: 'Cannot choose the mode "fast": it must be one of quick, full, paper' },
  );
  assert.throws(
    () => parameters(MODES, { overrides: '{"SAMPLES": "8"}' }),
    { name: "TypeError", message: 'Cannot read RD_PARAMETERS: SAMPLES must be a number, got "8"' },
  );
  assert.throws(
    () => parameters(MODES, { overrides: "[1]" }),
    { name: "TypeError", message: "Cannot read RD_PARAMETERS: it must be a JSON object, got [1]" },
  );
});

Deno.test("modeLine() tells mode, time and how to choose another", () => {
  const line = modeLine(parameters(MODES, { mode: "full", overrides: "{}" }));
  assert.match(line, /^Mode `full`: about \*\*6 min 40 s\*\* on two cores.*For `quick` or `paper`, set/);
});

Deno.test("modeLine() names the sizes that are not the mode's own", () => {
  const line = modeLine(parameters(MODES, { mode: "quick", overrides: '{"SAMPLES": 8}' }));
  assert.match(line, /^Mode `quick`, but for `SAMPLES`, about \*\*40 s\*\*/);
});

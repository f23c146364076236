import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../lib/_test_helpers.ts";

const CIFAR10 = fileURLToPath(new URL("../data/cache/cifar10/test_images.bin", import.meta.url));
const SCRIPT = fileURLToPath(new URL("iterate.ts", import.meta.url));

Deno.test({
  name: "iterate leaves no lock to SIGTERM, so that another machine can go on (left out without CIFAR-10)",
  ignore: !existsSync(CIFAR10),
  fn: inTemporaryFolder(async (folder) => {
    const out = join(folder, "chain");
    const trial = ["--rounds", "2", "--protocol", "quick", "--threads", "1", "--out", out];
    const child = spawn(process.execPath, ["run", "-A", SCRIPT, "--model", "resnet32", ...trial], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "close");
    let told = "";
    child.stderr!.on("data", (text) => told += text);
    // once it says how many rounds are done, it computes
    while (!told.includes("rounds done") && child.exitCode === null) await sleep(20);
    assert.ok(existsSync(join(out, ".lock")), told);
    process.kill(child.pid!, "SIGTERM");
    const [code] = await ended;
    assert.equal(code, 128 + 15, told);
    assert.ok(!existsSync(join(out, ".lock")));
  }),
});

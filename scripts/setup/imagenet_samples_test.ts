/** The fetch of the photographs, from a repository that this test serves over HTTP. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { gitEnvironment } from "../../lib/git_environment.ts";
import { ignore, withProject } from "./_test_helpers.ts";
import { imagenetSamplesFolder, samplesStep } from "./imagenet_samples.ts";
import { findProgram } from "./project.ts";
import { doStep, isDone } from "./step.ts";
import { currentProject } from "./steps.ts";

const hasGit = findProgram(currentProject(), ["git"]) !== null;
if (!hasGit) console.warn("imagenet_samples: not tested, git is not on PATH");

function git(folder: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
  const env = gitEnvironment(process.env); // run within a hook it must not write into the hook's repository
  return execFileSync("git", [...identity, ...args], { cwd: folder, env, encoding: "utf8", stdio: "pipe" })
    .trim();
}

/** A repository of a photograph a class; then one file changes, so that the tip is another commit than the pinned one. */
function makeRepository(folder: string): { commit: string; tip: string } {
  mkdirSync(folder);
  git(folder, "init", "--quiet");
  git(folder, "config", "uploadpack.allowAnySHA1InWant", "true"); // as public servers do
  for (let k = 0; k < 1000; k++) {
    writeFileSync(join(folder, `n${String(k).padStart(8, "0")}_thing.JPEG`), `photograph ${k}`);
  }
  git(folder, "add", ".");
  git(folder, "commit", "--quiet", "-m", "photographs");
  const commit = git(folder, "rev-parse", "HEAD");
  rmSync(join(folder, "n00000007_thing.JPEG"));
  git(folder, "commit", "--quiet", "-am", "one less");
  return { commit, tip: git(folder, "rev-parse", "HEAD") };
}

/** Git's own server program behind HTTP, as CGI has it. */
function serve(root: string): { address: string; close: () => Promise<void> } {
  const program = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const packed = request.headers.get("content-encoding") ?? "";
    const child = new Deno.Command(program, {
      env: {
        ...{
          GIT_PROJECT_ROOT: root,
          GIT_HTTP_EXPORT_ALL: "1",
          PATH_INFO: pathname,
          HTTP_CONTENT_ENCODING: packed,
        },
        ...{ QUERY_STRING: search.slice(1), REQUEST_METHOD: request.method },
        ...{ CONTENT_TYPE: request.headers.get("content-type") ?? "" },
        GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
      },
      ...{ stdin: "piped", stdout: "piped", stderr: "null" } as const,
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(new Uint8Array(await request.arrayBuffer()));
    await input.close();
    const { stdout } = await child.output();
    const end = stdout.findIndex((_, i) =>
      new TextDecoder().decode(stdout.subarray(i, i + 4)) === "\r\n\r\n"
    );
    const lines = new TextDecoder().decode(stdout.subarray(0, end)).split("\r\n");
    const headers = new Headers(lines.map((line) => line.split(": ") as [string, string]));
    const status = parseInt(headers.get("status") ?? "200");
    headers.delete("status");
    return new Response(stdout.subarray(end + 4), { status, headers });
  });
  return { address: `http://127.0.0.1:${server.addr.port}/photographs/.git`, close: () => server.shutdown() };
}

Deno.test({
  name:
    "imagenetSamples are fetched over HTTP at their pinned commit, anew after a killed run, and refused otherwise",
  ignore: !hasGit,
  fn: withProject(async (fake) => {
    const home = mkdtempSync(join(tmpdir(), "rd-samples-"));
    const bystander = join(home, "bystander"); // as within one of its hooks: it must be left alone
    mkdirSync(bystander);
    git(bystander, "init", "--quiet");
    const project = {
      ...fake,
      env: { ...fake.env, PATH: process.env.PATH, GIT_DIR: join(bystander, ".git") },
    };
    const { commit, tip } = makeRepository(join(home, "photographs"));
    const { address, close } = serve(home);
    const folder = imagenetSamplesFolder(project);
    const refused = async (source: { repository: string; commit: string }, message: RegExp) => {
      await assert.rejects(doStep(samplesStep(source), project, ignore), { name: "TypeError", message });
      assert.equal(existsSync(folder), false);
    };
    try {
      // what the tip holds is no class short of a thousand; a commit that is not there; no server at all
      await refused(
        { repository: address, commit: tip },
        /one photograph of each of 1000 classes, got 999 of 999/,
      );
      await refused(
        { repository: address, commit: "0".repeat(39) + "1" },
        /^Cannot fetch ImageNet samples from http:.*not our ref.*name a folder of images: --root DIR/s,
      );
      await refused(
        { repository: "http://127.0.0.1:1/photographs", commit },
        /^Cannot fetch ImageNet samples from http:\/\/127\.0\.0\.1:1\/.*--root DIR/s,
      );

      const step = samplesStep({ repository: address, commit });
      fake.write("data/cache/imagenet_samples.part/.git/half"); // of a run that was killed
      assert.equal(await doStep(step, project, ignore), true);
      assert.equal(isDone(step, project), true);
      const names = readdirSync(folder);
      assert.equal(names.length, 1001); // with labels.csv, without .git
      assert.equal(readFileSync(join(folder, "n00000007_thing.JPEG"), "utf8"), "photograph 7");
      assert.match(
        readFileSync(join(folder, "labels.csv"), "utf8"),
        /^n00000999_thing\.JPEG,n00000999,999$/m,
      );
      assert.equal(existsSync(`${folder}.part`), false);

      rmSync(join(folder, "n00000007_thing.JPEG"));
      assert.equal(isDone(step, project), false);
      const elsewhere = samplesStep({ repository: "http://127.0.0.1:1/photographs", commit });
      await assert.rejects(doStep(elsewhere, project, ignore), TypeError);
      assert.equal(readdirSync(folder).length, 1000, "what was there stays until there is another");
      assert.throws(() => git(bystander, "rev-parse", "--verify", "HEAD"));
    } finally {
      await close();
      rmSync(home, { recursive: true });
    }
  }),
});

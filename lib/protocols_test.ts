import assert from "node:assert/strict";
import { PROTOCOL_NAMES, protocolNamed } from "./protocols.ts";

Deno.test("protocolNamed() follows the paper's steps on CIFAR-10, and comes within 4 % of the most of them on ImageNet", () => {
  const cifar10 = protocolNamed("paper", "resnet32").fineTuning!;
  assert.equal(cifar10.recipe.epochs * cifar10.images / cifar10.recipe.batch, 80_000);
  const imagenet = protocolNamed("paper", "resnet50", "imagenet");
  const { images, recipe } = imagenet.fineTuning!;
  const steps = recipe.epochs * Math.floor(images / recipe.batch); // 6 · 12,811
  assert.equal(steps, 76_866);
  assert.ok(Math.abs(steps / 80_000 - 1) < Math.abs((recipe.epochs + 1) * 12_811 / 80_000 - 1));
  assert.equal(imagenet.calibration.samples, 256); // section 4
  assert.deepEqual([recipe.optimizer, recipe.peak, recipe.weightDecay], ["adamw", 3e-4, 0.01]);
});

Deno.test("protocolNamed() names what its images are, and knows every name for both", () => {
  for (const name of PROTOCOL_NAMES) {
    assert.equal(protocolNamed(name, "resnet32").name, name);
    assert.equal(protocolNamed(name, "anything", "imagenet").name, `${name} on ImageNet`);
  }
  for (const data of ["cifar10", "imagenet"] as const) {
    assert.throws(() => protocolNamed("long", "resnet32", data), {
      name: "RangeError",
      message: 'Cannot find the protocol "long": it must be one of paper, scaled, quick',
    });
  }
});

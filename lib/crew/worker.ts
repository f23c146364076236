/**
 * A process that computes its share of every batch; started by `crew_stepper.ts`, which speaks to it over its standard
 * input and output.
 */
import process from "node:process";
import { deserialize } from "node:v8";
import { loadEngine } from "../engine.ts";
import { createStepper } from "../training_step.ts";
import { bytesOf, createFrameReader, floatsOf, jsonOf, writeFrame } from "./frames.ts";
import type { Job, StepHeader } from "./job.ts";

const input = createFrameReader(process.stdin);

async function work(): Promise<void> {
  const first = await input.read();
  if (first === null) return;
  const { architecture, state, masks, ...engineOptions } = deserialize(first) as Job;
  const engine = await loadEngine(engineOptions);
  const stepper = createStepper(engine, architecture, state, { masks, allReduce });
  for (let next = await input.read(); next !== null; next = await input.read()) {
    const { count, time } = jsonOf(next) as StepHeader;
    const [images, targets] = [await input.read(), await input.read()];
    if (images === null || targets === null) return;
    await stepper.step({ count, images: floatsOf(images), targets: floatsOf(targets) }, time);
  }
}

async function allReduce(own: Float32Array): Promise<Float32Array> {
  await writeFrame(process.stdout, bytesOf(own));
  const mean = await input.read();
  if (mean === null) process.exit(0); // the run was given up in the middle of a step
  return floatsOf(mean);
}

await work();
process.exit(0); // the engine's threads would keep the process

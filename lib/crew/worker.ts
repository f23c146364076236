/**
 * A process that computes its share; started by `processes.ts`, which speaks to it over its standard input and output.
 */
import process from "node:process";
import { deserialize } from "node:v8";
import { atPrecision, loadEngine } from "../engine.ts";
import { openForward } from "../forward_batch.ts";
import { createStepper } from "../training_step.ts";
import { bytesOf, createFrameReader, floatsOf, jsonOf, writeFrame } from "./frames.ts";
import type { Job, LogitHeader, LogitJob, StepHeader, TrainingJob } from "./job.ts";

const input = createFrameReader(process.stdin);

async function work(): Promise<void> {
  const first = await input.read();
  if (first === null) return;
  const job = deserialize(first) as Job;
  await (job.task === "training" ? trainShares(job) : giveLogits(job));
}

async function trainShares({ architecture, state, masks, ...engineOptions }: TrainingJob): Promise<void> {
  const engine = await atPrecision(await loadEngine(engineOptions), state.recipe.precision);
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

async function giveLogits({ network, ...engineOptions }: LogitJob): Promise<void> {
  const forward = openForward(await loadEngine(engineOptions), network);
  for (let next = await input.read(); next !== null; next = await input.read()) {
    const { count } = jsonOf(next) as LogitHeader;
    const images = await input.read();
    if (images === null) return;
    await writeFrame(process.stdout, bytesOf(await forward.run(floatsOf(images), count)));
  }
}

await work();
process.exit(0); // the engine's threads would keep the process

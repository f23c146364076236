/**
 * The cases `workers` and `inference-workers` as a program: trains or classifies, in several processes of one thread
 * each, on command.
 *
 * The benchmark's own process holds an engine of all threads, and libtensorflow's threads are set once a process; so
 * the first worker needs one of its own.
 *
 *     {"do": "open", "passes": "training", "model": "resnet32", "batch": 128, "workers": 2}   {"values": [first losses]}
 *     {"do": "run", "seconds": 3}                                             {"images": 3840, "seconds": 3.01}
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { loadEngine } from "../../lib/engine.ts";
import { createWorkload, type Kind, openInferenceCrew, openTraining, type Runner } from "./engine_cases.ts";

export interface OpenCommand {
  readonly do: "open";
  readonly passes: Kind["peer"];
  readonly model: string;
  readonly batch: number;
  readonly workers: number;
}

interface RunCommand {
  readonly do: "run";
  readonly seconds: number;
}

let runner: Runner | undefined;

async function answer(command: OpenCommand | RunCommand): Promise<object> {
  if (command.do === "run") return await runner!.run(command.seconds);
  const { passes, model, batch, workers } = command;
  const engine = await loadEngine({ engine: "tensorflow", threads: 1 });
  const open = passes === "training" ? openTraining : openInferenceCrew;
  runner = await open(engine, await createWorkload(engine, model, batch), workers);
  return { values: Array.from(runner.values) };
}

for await (const line of createInterface({ input: process.stdin })) {
  let result: object;
  try {
    result = await answer(JSON.parse(line));
  } catch (error) {
    result = { error: (error as Error).message };
  }
  console.log(JSON.stringify(result));
}
runner?.close();

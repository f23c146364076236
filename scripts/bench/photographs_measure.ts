/** Measures whether photographs are decoded fast enough that compute never waits for them. */
import { cpus } from "node:os";
import type { Engine } from "../../lib/engine.ts";
import { evaluateSource, type LabelledSource } from "../../lib/evaluate.ts";
import type { ImageFolder } from "../../lib/image_folder.ts";
import { openImageReader } from "../../lib/image_reader.ts";
import { type Network, sizeOf } from "../../lib/network.ts";
import { provenance } from "../../lib/store.ts";
import { type PhotographsBench, SPEEDS } from "./photographs_file.ts";
import { spread } from "./statistics.ts";
import { ownCommand } from "./own_command.ts";

export interface PhotographsPlan {
  /** Turns of each of the three. */
  readonly repetitions: number;
  /** Images in one forward pass. */
  readonly batch: number;
  readonly threads: number;
}

/** One turn: images per second, and what share of the time compute waited. */
interface Turn {
  readonly speed: number;
  readonly waiting: number;
}

/**
 * Three turns, again and again: reading the folder alone; computing alone, on one batch read before; and both, as
 * evaluation runs them, the time counted that it waits for images.
 *
 * Decoding and computing share the cores, so both together are slower than computing alone though nothing waits.
 */
export async function measurePhotographs(
  engine: Engine,
  network: Network,
  folder: ImageFolder,
  { repetitions, batch, threads }: PhotographsPlan,
): Promise<PhotographsBench> {
  const turns = { decoding: [] as Turn[], computing: [] as Turn[], together: [] as Turn[] };
  const compute = (source: LabelledSource) => evaluateSource(engine, network, source, { batch });
  const first = openImageReader(network, folder);
  const held = await first.read(0, Math.min(batch, first.count));
  const size = sizeOf(first.shape);
  const still: LabelledSource = { ...first, read: (_, count) => held.subarray(0, count * size) };
  await compute({ ...still, count: Math.min(batch, first.count) }); // warm
  for (let k = 0; k < repetitions; k++) {
    turns.decoding.push(await timed(openImageReader(network, folder), (source) => readAll(source, batch)));
    turns.computing.push(await timed(still, compute));
    turns.together.push(await timed(openImageReader(network, folder), compute));
  }
  const speeds = SPEEDS.map((name) => [name, spread(turns[name].map(({ speed }) => speed))]);
  return {
    format: "rd-bench-photographs/1",
    machine: { processor: cpus()[0].model.trim(), cores: cpus().length, threads },
    model: network.model,
    batch,
    repetitions,
    images: folder.files.length,
    ...Object.fromEntries(speeds) as Pick<PhotographsBench, typeof SPEEDS[number]>,
    waiting: spread(turns.together.map(({ waiting }) => waiting)),
    provenance: provenance({
      engine: engine.description,
      seed: 1,
      protocol: `random weights; ${folder.name}: read, computed, and both as evaluation does, in turns`,
      samples: folder.files.length,
      command: ownCommand(),
    }),
  };
}

async function readAll({ count, read }: LabelledSource, batch: number): Promise<void> {
  for (let first = 0; first < count; first += batch) await read(first, Math.min(batch, count - first));
}

/** Runs something over a source and times it, and its waits for the source. */
async function timed(
  source: LabelledSource,
  run: (source: LabelledSource) => Promise<unknown>,
): Promise<Turn> {
  let waited = 0;
  const read = async (first: number, count: number) => {
    const began = performance.now();
    const inputs = await source.read(first, count);
    waited += performance.now() - began;
    return inputs;
  };
  const began = performance.now();
  await run({ ...source, read });
  const elapsed = performance.now() - began;
  return { speed: 1000 * source.count / elapsed, waiting: waited / elapsed };
}

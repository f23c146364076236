/** What `deno task curves` prints at its end. */
import type { RdCurves } from "../../lib/rd_curve.ts";
import { type MemoryFacts, memoryText } from "./peak_memory.ts";
import { percent } from "../command_line.ts";

export interface Summary {
  /** For people. */
  readonly text: string;
  /** For machines. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface RunFacts {
  readonly engine: string;
  readonly seconds: number;
  readonly memory: MemoryFacts;
  readonly out: string;
}

/** Levels measured, held-out error and certificates, where there are any. */
export function summariseCurves(
  { model, layers, levels, samples, heldOut, certified }: RdCurves,
  { engine, seconds, memory, out }: RunFacts,
): Summary {
  const lines = [
    `${out}: ${layers.length} layers × ${levels.length} levels, ${samples} inputs, ${seconds} s${
      memoryText(memory)
    }`,
  ];
  if (heldOut) {
    const measured = layers.reduce((sum, { knots }) => sum + knots.length - 1, 0);
    const all = layers.length * (levels.length - 1);
    lines.push(
      `${measured} of ${all} levels at hand (${percent(measured / all)}), the others interpolated; ` +
        `${heldOut.levels.length} held out: worst error ${
          percent(heldOut.worstError)
        } of the network's distortion ` +
        `where the level is taken, ${percent(heldOut.worstRelative)} of the layer's own` +
        (heldOut.rechecked > 0
          ? `; ${heldOut.rechecked} layers failed a first check, were measured further and checked again`
          : ""),
    );
  }
  for (const { sparsity, distortion, gap } of certified?.certificates ?? []) {
    const found = `sparsity ${sparsity}: distortion ${distortion.toPrecision(6)}`;
    lines.push(`${found}, within ${percent(gap)} of the optimum of all levels if curves rise`);
  }
  if (certified) {
    const { measured, grid, falls } = certified;
    const warning = falls > 0 ? `; ${falls} of them below the one before: these curves do not only rise` : "";
    lines.push(`${measured} of ${grid} levels measured (${percent(measured / grid)})${warning}`);
  }
  const counts = { layers: layers.length, levels: levels.length, samples };
  const facts = { model, ...counts, engine, seconds, memoryMiB: memory };
  return {
    text: lines.join("\n"),
    facts: {
      ...facts,
      ...(heldOut && {
        worstError: heldOut.worstError,
        worstRelative: heldOut.worstRelative,
        rechecked: heldOut.rechecked,
      }),
      ...(certified && { certified }),
      out,
    },
  };
}

/** Pruning that lets nothing of the input through. */
import { isPrunable, type Network } from "./network.ts";

/**
 * Layers at which the input ends: all of their weights are 0, and no way around leads on to the logits, which are then
 * the same for every image. None where the logits still depend on the input.
 *
 * An empty layer is harmless where a shortcut goes round it, as in a residual block.
 */
export function severedAt(network: Network): string[] {
  const reached = new Set(["input"]);
  const ends: string[] = [];
  for (const node of network.nodes) {
    if (!node.inputs.some((name) => reached.has(name))) continue;
    if (
      isPrunable(node) && network.weights.get(`${node.name}.weight`)!.data.every((weight) => weight === 0)
    ) {
      ends.push(node.name);
    } else {
      reached.add(node.name);
    }
  }
  return reached.has(network.nodes[network.nodes.length - 1].name) ? [] : ends;
}

/** What to say of it, and to do; null where the logits still depend on the input. */
export function severedText(network: Network): string | null {
  const layers = severedAt(network);
  if (layers.length === 0) return null;
  return `no weight is left in ${layers.join(", ")}: the logits are the same for every image; ` +
    "measure its curve on finer levels (--levels fine), or set it a ceiling (allocate --ceiling)";
}

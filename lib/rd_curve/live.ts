/** Which outputs a forward pass still needs at a point: what must be held to run on from there. */
import type { NetworkNode } from "../network.ts";

/** Names of outputs (or `"input"`) made before node `from` that some node from there on reads. */
export function liveAt(nodes: readonly NetworkNode[], from: number): Set<string> {
  const made = new Set(["input", ...nodes.slice(0, from).map(({ name }) => name)]);
  return new Set(nodes.slice(from).flatMap(({ inputs }) => inputs.filter((name) => made.has(name))));
}

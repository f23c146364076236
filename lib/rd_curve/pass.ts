/** One micro-batch on its way through the dense network. */
import type * as tf from "@tensorflow/tfjs";
import type { Ops } from "../engine/ops.ts";
import { forward } from "../forward.ts";
import type { Network } from "../network.ts";
import type { Variables } from "../variables.ts";
import type { SampleRange } from "./batch_size.ts";
import { liveAt } from "./live.ts";

/** Outputs that later nodes still read, by node; `input` among them. */
export type Live = Map<string, tf.Tensor>;

export interface Pass {
  readonly ops: Ops;
  readonly network: Network;
  readonly variables: Variables;
  readonly range: SampleRange;
  readonly onWork: (macs: number) => void;
}

/** Runs the dense network from node `from` up to node `to`, keeping only what is needed from there on. */
export function advance({ ops, network, variables }: Pass, live: Live, from: number, to: number): Live {
  if (from === to) return live;
  const last = network.nodes[network.nodes.length - 1].name;
  const needed = to === network.nodes.length ? new Set([last]) : liveAt(network.nodes, to);
  const made = forward(ops, network.nodes.slice(0, to), variables, live, { from, keep: needed });
  const next: Live = new Map();
  for (const [name, tensor] of [...live, ...made]) {
    if (needed.has(name)) next.set(name, tensor);
    else tensor.dispose();
  }
  live.clear(); // its tensors have moved on or are gone
  return next;
}

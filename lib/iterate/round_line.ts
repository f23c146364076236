/** What rounds.jsonl holds: one line for each round, complete in itself. */
import type { Network } from "../network.ts";
import type { ChainPlan, ChainState, RoundResult } from "../iterate.ts";
import type { Protocol } from "../protocols.ts";

export interface RoundLine extends RoundResult, Omit<ChainPlan, "protocol" | "targets"> {
  readonly model: string;
  /** By name. */
  readonly protocol: string;
  readonly denseTop1: number;
  /** The protocol in full. */
  readonly settings: Protocol;
}

/** A chain's rounds so far. */
export function roundLines(plan: ChainPlan, dense: Network, { denseTop1, rounds }: ChainState): RoundLine[] {
  const { protocol, targets: _, ...rest } = plan;
  return rounds.map((round) => ({
    model: dense.model,
    ...rest,
    protocol: protocol.name,
    denseTop1,
    ...round,
    settings: protocol,
  }));
}

/** Top-1 after the round's last step: fine-tuning where there was some. */
export function lastTop1({ top1 }: Pick<RoundLine, "top1">): number {
  return top1.tuned ?? top1.recovered;
}

/** Says, beside a result, where pruning lets nothing of the input through. */
import type { Network } from "../lib/network.ts";
import { severedText } from "../lib/severed.ts";

/** @param who What the line begins with, such as `prune`. */
export function tellSevered(who: string, network: Network): void {
  const text = severedText(network);
  if (text !== null) console.error(`${who}: ${text}`);
}

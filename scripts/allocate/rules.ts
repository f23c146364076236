/** Limits and constraints as a user types them. */
import type { Constraints, CostTable } from "../../lib/allocation.ts";
import { byteCosts, macCosts, timeCosts, weightCosts } from "../../lib/costs.ts";
import { type CurvesFile, readAllocation, readTimes } from "../../lib/rd_files.ts";
import { type Command, finiteNumber, UsageError, wholeNumber } from "../command_line.ts";

export const COST_NAMES = ["weights", "macs", "bytes", "ms"] as const;
export type CostName = typeof COST_NAMES[number];

/** A limit as typed: a share of what the dense network costs, or an amount in the cost's unit. */
export interface TypedLimit {
  readonly cost: CostName;
  readonly amount: number;
  readonly isShare: boolean;
}

interface TypedRule {
  readonly pattern: string;
  readonly sparsity: number;
}

export interface RuleFlags {
  limit?: TypedLimit[];
  times?: string;
  pin?: TypedRule[];
  floor?: TypedRule[];
  ceiling?: TypedRule[];
  freeze?: string[];
  tie?: string[];
  state?: string;
  keepAlive?: number;
}

export function addRuleOptions(command: Command): Command {
  const collect =
    <T>(parse: (text: string) => T) => (text: string, before: T[] = []) => [...before, parse(text)];
  return command
    .option(
      "--limit <cost=most>",
      "what may be left of weights, macs, bytes (of these weights in prune's --compact file) or ms (of --times): a share such as " +
        "macs=35%, or an amount such as bytes=200000; again for a second limit",
      collect(parseLimit),
    )
    .option("--times <file>", "measured milliseconds of each layer at some levels (JSON, rd-times/1)")
    .option(
      "--pin <layer=sparsity>",
      "a layer's sparsity; * in a name stands for anything; repeatable, and all rules on a layer hold",
      collect(parseRule),
    )
    .option("--floor <layer=sparsity>", "least sparsity of a layer; repeatable", collect(parseRule))
    .option("--ceiling <layer=sparsity>", "largest sparsity of a layer; repeatable", collect(parseRule))
    .option("--freeze <layer>", "a layer that stays as it is; repeatable", collect(String))
    .option(
      "--tie <layers>",
      "layers that share one level, such as a,b,c or a pattern; repeatable",
      collect(String),
    )
    .option("--state <file>", "an allocation whose pruned weights never grow back")
    .option("--keep-alive <n>", "weights that every layer keeps at least", wholeNumber(0));
}

function parseLimit(text: string): TypedLimit {
  const [cost, most = ""] = text.split("=");
  const isShare = most.endsWith("%");
  const amount = finiteNumber(isShare ? most.slice(0, -1) : most);
  if (!COST_NAMES.includes(cost as CostName) || amount < 0) {
    throw new UsageError(
      `Cannot read the limit "${text}": it must be ${
        COST_NAMES.join(", ")
      } = a share (35%) or an amount from 0`,
    );
  }
  return { cost: cost as CostName, amount: isShare ? amount / 100 : amount, isShare };
}

function parseRule(text: string): TypedRule {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new UsageError(`Cannot read "${text}": it must be a layer, =, and a sparsity in [0, 1]`);
  return { pattern: text.slice(0, at), sparsity: finiteNumber(text.slice(at + 1)) };
}

/** The cost of every layer at every level of the curves. */
export function costTable(curves: CurvesFile, cost: CostName, times?: string): CostTable {
  const { layers, levels } = curves;
  if (cost === "weights") return weightCosts(layers, levels);
  if (cost === "macs") return macCosts(layers, levels);
  if (cost === "bytes") return byteCosts(layers, levels);
  if (times === undefined) {
    throw new UsageError("Cannot limit ms: --times must name a table of measured times");
  }
  return timeCosts(layers, levels, readTimes(times));
}

/** The most that a limit leaves, in the table's whole units. */
export function mostOf({ cost, amount, isShare }: TypedLimit, table: CostTable): number {
  if (!isShare) return Math.floor(cost === "ms" ? 1e6 * amount : amount);
  return Math.floor(amount * table.cost.reduce((sum, [dense]) => sum + dense, 0));
}

/** Sparsities by layer; where several rules meet in one layer all of them hold, as `both` says. */
function byName(
  names: readonly string[],
  rules: readonly TypedRule[] = [],
  both: (name: string, one: number, other: number) => number,
): Record<string, number> {
  const sparsities = new Map<string, number>();
  for (const { pattern, sparsity } of rules) {
    for (const name of matching(names, pattern)) {
      const before = sparsities.get(name);
      sparsities.set(name, before === undefined ? sparsity : both(name, before, sparsity));
    }
  }
  return Object.fromEntries(sparsities);
}

function refuseSecondPin(name: string, one: number, other: number): number {
  if (one === other) return one;
  throw new RangeError(
    `Cannot pin layer ${name}: a layer can be pinned at one sparsity, current pins are ${one} and ${other}`,
  );
}

/** Constraints by layer name; undefined where none is asked for. */
export function constraintsOf(flags: RuleFlags, curves: CurvesFile): Constraints | undefined {
  const names = curves.layers.map(({ name }) => name);
  const { pin, floor, ceiling, freeze, tie, state, keepAlive } = flags;
  const given = [pin, floor, ceiling, freeze, tie, state, keepAlive];
  if (given.every((flag) => flag === undefined)) return undefined;
  return {
    pin: byName(names, pin, refuseSecondPin),
    floor: byName(names, floor, (_, one, other) => Math.max(one, other)),
    ceiling: byName(names, ceiling, (_, one, other) => Math.min(one, other)),
    frozen: freeze?.flatMap((pattern) => matching(names, pattern)),
    tied: tie?.map((list) => list.split(",").flatMap((pattern) => matching(names, pattern))),
    state: state === undefined
      ? undefined
      : Object.fromEntries(readAllocation(state).layers.map(({ name, pruned }) => [name, pruned])),
    keepAlive,
  };
}

/** Layers that a name with `*` stands for; a plain name is passed on, for the solver to refuse. */
function matching(names: readonly string[], pattern: string): string[] {
  if (!pattern.includes("*")) return [pattern];
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const found = names.filter((name) => new RegExp(`^${parts.join(".*")}$`).test(name));
  if (found.length > 0) return found;
  throw new RangeError(`Cannot find a layer like ${pattern}: it must match one of ${names.join(", ")}`);
}

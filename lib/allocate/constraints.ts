/** What an allocation must respect layer by layer: pins, floors, ceilings, frozen and tied layers, no regrowth. */

import { type ProblemLayer, prunedAtLevel } from "../allocation.ts";

/** Rules by layer name; sparsities in [0, 1] are meant in whole weights, round(sparsity · n). */
export interface Constraints {
  /** Sparsity that a layer must have; its curve needs a level that prunes exactly as much. */
  readonly pin?: Readonly<Record<string, number>>;
  /** Least sparsity of a layer. */
  readonly floor?: Readonly<Record<string, number>>;
  /** Largest sparsity of a layer. */
  readonly ceiling?: Readonly<Record<string, number>>;
  /** Layers that stay as they are: dense, or at their `state`. */
  readonly frozen?: readonly string[];
  /** Groups of layers that share one level; their curves need the same levels. */
  readonly tied?: readonly (readonly string[])[];
  /** Weights that are pruned already; none of them grows back. */
  readonly state?: Readonly<Record<string, number>>;
  /** Weights that every layer keeps at least; 1 is enough that no layer vanishes. */
  readonly keepAlive?: number;
}

/** One rule on one layer, as a check of how many weights it prunes. */
export interface Rule {
  readonly layer: number;
  /** How a message calls it, such as "its ceiling of 0.5". */
  readonly text: string;
  readonly allows: (pruned: number) => boolean;
  /** The one number of weights it allows, if it is that strict. */
  readonly exactly?: number;
}

/**
 * Turns constraints into rules, layer by layer.
 *
 * @throws {RangeError} If a layer is unknown or shares its name, or a number is outside its range.
 */
export function rulesOf(layers: readonly ProblemLayer[], constraints: Constraints): Rule[] {
  const { pin = {}, floor = {}, ceiling = {}, frozen = [], state = {}, keepAlive = 0 } = constraints;
  const indexOf = layerIndex(layers);
  const countAt = (kind: string, name: string, sparsity: number) => {
    if (!(sparsity >= 0 && sparsity <= 1)) {
      throw new RangeError(
        `Cannot allocate: the ${kind} of layer ${name} must be in [0, 1], current value is ${sparsity}`,
      );
    }
    return prunedAtLevel(sparsity, layers[indexOf(name, kind)].weightCount);
  };
  const rules: Rule[] = [];
  for (const [name, sparsity] of Object.entries(pin)) {
    const exactly = countAt("pin", name, sparsity);
    rules.push({
      layer: indexOf(name, "pin"),
      text: `its pin at ${sparsity}`,
      allows: (n) => n === exactly,
      exactly,
    });
  }
  for (const [name, sparsity] of Object.entries(floor)) {
    const least = countAt("floor", name, sparsity);
    rules.push({
      layer: indexOf(name, "floor"),
      text: `its floor of ${sparsity}`,
      allows: (n) => n >= least,
    });
  }
  for (const [name, sparsity] of Object.entries(ceiling)) {
    const most = countAt("ceiling", name, sparsity);
    rules.push({
      layer: indexOf(name, "ceiling"),
      text: `its ceiling of ${sparsity}`,
      allows: (n) => n <= most,
    });
  }
  for (const [name, pruned] of Object.entries(state)) {
    const layer = indexOf(name, "state");
    const { weightCount } = layers[layer];
    if (!(Number.isSafeInteger(pruned) && pruned >= 0 && pruned <= weightCount)) {
      throw new RangeError(
        `Cannot allocate: the state of layer ${name} must be a whole number in [0, ${weightCount}], current value is ${pruned}`,
      );
    }
    if (pruned > 0) {
      rules.push({
        layer,
        text: `its state of ${pruned} pruned weights (no regrowth)`,
        allows: (n) => n >= pruned,
      });
    }
  }
  for (const name of frozen) {
    const layer = indexOf(name, "freeze");
    const exactly = Object.hasOwn(state, name) ? state[name] : 0;
    rules.push({
      layer,
      text: `being frozen at ${exactly} pruned weights`,
      allows: (n) => n === exactly,
      exactly,
    });
  }
  return [...rules, ...aliveRules(layers, keepAlive)];
}

function aliveRules(layers: readonly ProblemLayer[], keepAlive: number): Rule[] {
  if (!(Number.isSafeInteger(keepAlive) && keepAlive >= 0)) {
    throw new RangeError(
      `Cannot allocate: keepAlive must be a whole number of at least 0, current value is ${keepAlive}`,
    );
  }
  if (keepAlive === 0) return [];
  return layers.map(({ weightCount }, layer) => ({
    layer,
    text: `keeping ${keepAlive} of its weights alive`,
    allows: (n) => weightCount - n >= keepAlive,
  }));
}

/**
 * Splits the layers into what is chosen as one: tied groups in order of their first layer, else single layers.
 *
 * @throws {RangeError} If a layer is unknown or in two groups.
 * @throws {TypeError} If tied layers have different levels.
 */
export function groupsOf(
  layers: readonly ProblemLayer[],
  { tied = [] }: Constraints,
): (readonly number[])[] {
  const indexOf = layerIndex(layers);
  const groupOf = new Map<number, readonly number[]>();
  for (const names of tied) {
    const group = names.map((name) => indexOf(name, "tie")).sort((a, b) => a - b);
    for (const [at, layer] of group.entries()) {
      const { name, levels } = layers[layer];
      if (groupOf.has(layer) || group[at - 1] === layer) {
        throw new RangeError(`Cannot allocate: layer ${name} must be tied once, current count is 2 or more`);
      }
      groupOf.set(layer, group);
      const first = layers[group[0]];
      if (levels !== first.levels && levels.join() !== first.levels.join()) {
        throw new TypeError(
          `Cannot allocate: tied layers must have the same levels, those of ${first.name} and ${name} differ`,
        );
      }
    }
  }
  const all = layers.map((_, layer) => groupOf.get(layer) ?? [layer]);
  return all.filter((group, layer) => group[0] === layer);
}

function layerIndex(layers: readonly ProblemLayer[]): (name: string, kind: string) => number {
  const indices = new Map(layers.map(({ name }, i) => [name, i]));
  return (name, kind) => {
    const index = indices.get(name);
    if (index !== undefined && layers.findIndex((layer) => layer.name === name) !== index) {
      throw new RangeError(
        `Cannot allocate: the ${kind} names layer ${name}, which must be one layer, current count is 2 or more`,
      );
    }
    if (index !== undefined) return index;
    const names = layers.length <= 40 ? `: ${layers.map((layer) => layer.name).join(", ")}` : "";
    throw new RangeError(
      `Cannot allocate: the ${kind} names layer ${name}, which must be one of the ${layers.length} layers${names}`,
    );
  };
}

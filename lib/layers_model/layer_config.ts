/** A layer of a TensorFlow.js topology, its fields read with errors that name it. */
import { quote } from "../strict_json.ts";

export interface LayerConfig {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers it reads, in order. */
  readonly inbound: readonly string[];
}

/** @throws {TypeError} Always: the layer cannot be taken, and why. */
export function refuse({ name, className }: Pick<LayerConfig, "name" | "className">, why: string): never {
  throw new TypeError(`Cannot import layer ${quote(name)} (${className}): ${why}`);
}

type Rule<T> = (value: unknown) => value is T;

/** A field that must follow a rule; the default where it is absent or null. */
function field<T>(layer: LayerConfig, key: string, rule: Rule<T>, is: string, or?: T): T {
  const value = layer.config[key];
  if ((value === undefined || value === null) && or !== undefined) return or;
  return rule(value) ? value : refuse(layer, `${key} must be ${is}, got ${quote(value)}`);
}

const isWhole: Rule<number> = (value): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1;
const isFinite: Rule<number> = (value): value is number => Number.isFinite(value);
const isTruth: Rule<boolean> = (value): value is boolean => typeof value === "boolean";

export function whole(layer: LayerConfig, key: string, or?: number): number {
  return field(layer, key, isWhole, "a whole number from 1", or);
}

export function finite(layer: LayerConfig, key: string, or?: number): number {
  return field(layer, key, isFinite, "a finite number", or);
}

export function truth(layer: LayerConfig, key: string, or?: boolean): boolean {
  return field(layer, key, isTruth, "true or false", or);
}

/** A size along both axes; unequal ones are refused. */
export function square(layer: LayerConfig, key: string, or?: number): number {
  const value = layer.config[key] ?? or;
  const [height, width] = Array.isArray(value) ? value : [value, value];
  if (isWhole(height) && height === width) return height;
  return refuse(layer, `${key} must be one size for both axes, got ${quote(value)}`);
}

/** Refuses a field whose value is none of those allowed; one that is absent stands for its default. */
export function only(layer: LayerConfig, key: string, allowed: readonly unknown[]): void {
  const value = layer.config[key];
  if (value === undefined || allowed.some((one) => JSON.stringify(one) === JSON.stringify(value))) return;
  refuse(layer, `${key} must be ${allowed.map(quote).join(" or ")}, got ${quote(value)}`);
}

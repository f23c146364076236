/** What Node 20 can, or language.cjs adds, and TypeScript 5.0, which checks tslab's cells, does not know yet. */

type Order<T> = (a: T, b: T) => number;

interface ReadonlyArray<T> {
  toReversed(): T[];
  toSorted(compare?: Order<T>): T[];
  toSpliced(start: number, deleteCount?: number, ...items: T[]): T[];
  with(index: number, value: T): T[];
}

interface Array<T> {
  toReversed(): T[];
  toSorted(compare?: Order<T>): T[];
  toSpliced(start: number, deleteCount?: number, ...items: T[]): T[];
  with(index: number, value: T): T[];
}

interface Copying<A, T> {
  toReversed(): A;
  toSorted(compare?: Order<T>): A;
  with(index: number, value: T): A;
}

interface Int8Array extends Copying<Int8Array, number> {}
interface Uint8Array extends Copying<Uint8Array, number> {}
interface Uint8ClampedArray extends Copying<Uint8ClampedArray, number> {}
interface Int16Array extends Copying<Int16Array, number> {}
interface Uint16Array extends Copying<Uint16Array, number> {}
interface Int32Array extends Copying<Int32Array, number> {}
interface Uint32Array extends Copying<Uint32Array, number> {}
interface Float32Array extends Copying<Float32Array, number> {}
interface Float64Array extends Copying<Float64Array, number> {}

interface MapConstructor {
  groupBy<T, K>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]>;
}

interface ObjectConstructor {
  groupBy<T, K extends PropertyKey>(
    items: Iterable<T>,
    keyOf: (item: T, index: number) => K,
  ): Partial<Record<K, T[]>>;
}

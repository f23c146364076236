/** Where a step's time goes: libtensorflow's calls by operation, and the JavaScript around them. */
import * as tf from "@tensorflow/tfjs";

export interface OperationTime {
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
}

export interface NativeTime {
  readonly seconds: number;
  /** Within calls of the library; the rest is JavaScript. */
  readonly nativeSeconds: number;
  /** By TensorFlow's names, and the addon's own for moving and freeing tensors; the longest first. */
  readonly operations: readonly OperationTime[];
}

type Binding = Record<string, (...args: unknown[]) => unknown>;

/** The addon's functions that work; all others only tell constants. */
const WORKING = ["executeOp", "createTensor", "deleteTensor", "tensorDataSync"];

/**
 * Runs some work on the engine `tensorflow` with a clock around every call into the library.
 *
 * @throws {TypeError} If another engine is active, or no call was seen: then the share would say nothing.
 */
export async function timeNativeCalls(work: () => Promise<unknown>): Promise<NativeTime> {
  const backend = tf.backend() as unknown as { binding?: Binding };
  const { binding } = backend;
  if (binding === undefined) {
    throw new TypeError(`Cannot time native calls: the engine must be tensorflow, got ${tf.getBackend()}`);
  }
  const operations = new Map<string, { calls: number; seconds: number }>();

  function timed(name: string, call: () => unknown): unknown {
    const began = performance.now();
    const result = call();
    const sum = operations.get(name) ?? { calls: 0, seconds: 0 };
    operations.set(name, sum);
    sum.seconds += (performance.now() - began) / 1000;
    sum.calls++;
    return result;
  }

  const clocks = WORKING.map((name) => [
    name,
    {
      value: (...args: unknown[]) =>
        timed(name === "executeOp" ? String(args[0]) : name, () => binding[name](...args)),
    },
  ]);
  // The addon's own properties cannot be written, but an object that inherits them can hold others.
  backend.binding = Object.create(binding, Object.fromEntries(clocks));
  const began = performance.now();
  try {
    await work();
  } finally {
    backend.binding = binding;
  }
  const seconds = (performance.now() - began) / 1000;
  if (![...operations.keys()].some((name) => !WORKING.includes(name))) {
    throw new TypeError(
      "Cannot time native calls: operations must pass through the backend's binding, saw none",
    );
  }
  return {
    seconds,
    nativeSeconds: [...operations.values()].reduce((sum, operation) => sum + operation.seconds, 0),
    operations: [...operations].map(([name, sum]) => ({ name, ...sum })).sort((a, b) =>
      b.seconds - a.seconds
    ),
  };
}

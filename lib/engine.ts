/**
 * Chooses, loads and checks the tensor backend. Nothing else in the project names one.
 *
 * - `tensorflow`: libtensorflow through tfjs-node-gpu's addon (CPU, or an NVIDIA GPU with that wheel);
 * - `webgpu`: any GPU, under Deno, without CUDA or a compiler;
 * - `wasm`: inference and curves only, no training;
 * - `cpu`: plain JavaScript, for tiny networks and as a reference.
 */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import util from "node:util";
import * as tf from "@tensorflow/tfjs";
import { processorHasBfloat16 } from "./engine/bfloat16.ts";
import { type Precision, PRECISIONS } from "./engine/precision.ts";
import { portableOps } from "./engine/portable_ops.ts";
import { nativeBackend } from "./engine/native_backend.ts";
import { createTensorflowOps } from "./engine/tensorflow_ops.ts";
import { type SelfCheck, selfCheck } from "./engine/self_check.ts";
import type { Ops } from "./engine/ops.ts";

export type EngineName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/** In order of preference. */
export const ENGINES: readonly EngineName[] = ["tensorflow", "webgpu", "wasm", "cpu"];

export interface Engine {
  readonly name: EngineName;
  /** One line for people: engine, version, threads. */
  readonly description: string;
  readonly canTrain: boolean;
  readonly ops: Ops;
  readonly check: SelfCheck | null;
  /** Why each engine before this one was passed over, as `name: reason`; empty if this one was asked for. */
  readonly passedOver: readonly string[];
}

export interface EngineOptions {
  /** One of {@link ENGINES}; by default `RD_ENGINE`, else the first that loads. */
  readonly engine?: string;
  /** Threads of libtensorflow; by default all cores. Takes effect in the first call of a process only. */
  readonly threads?: number;
  /** Compare the operations with float64 references before handing the engine out. @default true */
  readonly selfCheck?: boolean;
}

let loaded: Promise<Engine> | undefined;
let loadedAs: string | undefined;

/**
 * Loads the engine once per process and checks it.
 *
 * @throws {RangeError} If the name is unknown, or another engine is already loaded in this process.
 * @throws {TypeError} If the engine asked for cannot be loaded here, or its numbers are wrong.
 */
export function loadEngine(options: EngineOptions = {}): Promise<Engine> {
  const asked = options.engine || process.env.RD_ENGINE || undefined;
  if (asked !== undefined && !ENGINES.includes(asked as EngineName)) {
    return Promise.reject(
      new RangeError(`Cannot load the engine: the name must be one of ${ENGINES.join(", ")}, got "${asked}"`),
    );
  }
  if (loaded !== undefined && asked !== undefined && loadedAs !== asked) {
    return loaded.then((engine) => {
      if (engine.name === asked) return engine;
      throw new RangeError(`Cannot load the engine "${asked}": this process already runs "${engine.name}"`);
    });
  }
  loadedAs ??= asked;
  loaded ??= start(asked as EngineName | undefined, options).catch((error) => {
    loaded = loadedAs = undefined; // a failed start may be tried again with another engine
    throw error;
  });
  return loaded;
}

/**
 * @param task What cannot be done without gradients, after "Cannot".
 * @throws {TypeError} If the engine has none (wasm), with why better ones were passed over.
 */
export function checkGradients({ canTrain, name, passedOver }: Engine, task: string): void {
  if (canTrain) return;
  const reasons = passedOver.length === 0 ? "" : ` (${passedOver.join("; ")})`;
  throw new TypeError(
    `Cannot ${task} on the engine ${name}: it has no gradients, use tensorflow, webgpu or cpu${reasons}`,
  );
}

const inBfloat16 = new WeakMap<Engine, Promise<Engine>>();

/**
 * The same engine with convolutions, their gradients too, in another precision; checked once.
 *
 * In bfloat16, on two cores with AMX, a step of ResNet-18 takes 0.55 of its time in float32 and one of VGG-16 0.58;
 * the convolutions of ResNet-32 and DenseNet-121 are too small to gain. The numbers differ by what 8 bits of a factor
 * allow: for training, not for measuring.
 *
 * @throws {RangeError} If there is no such precision.
 * @throws {TypeError} If the engine or the processor cannot multiply in it, or its numbers are wrong.
 */
export function atPrecision(engine: Engine, precision: Precision = "float32"): Promise<Engine> {
  if (!PRECISIONS.includes(precision)) {
    return Promise.reject(
      new RangeError(
        `Cannot compute in "${precision}": the precision must be one of ${PRECISIONS.join(", ")}`,
      ),
    );
  }
  if (precision === "float32") return Promise.resolve(engine);
  const made = inBfloat16.get(engine) ?? makeBfloat16(engine);
  inBfloat16.set(engine, made);
  return made;
}

async function makeBfloat16(engine: Engine): Promise<Engine> {
  const refuse = (why: string) => new TypeError(`Cannot compute in bfloat16: ${why}, use float32`);
  if (engine.name !== "tensorflow") throw refuse(`the engine ${engine.name} has no such numbers`);
  if (nativeBackend().isUsingGpuDevice) {
    throw refuse("it was made for processors, and this engine runs on a GPU");
  }
  if (!processorHasBfloat16()) {
    throw refuse("this processor has no instructions for it (amx_bf16, avx512_bf16)");
  }
  const { ops } = createTensorflowOps("bfloat16");
  const check = await selfCheck(ops, { withGradients: true, tolerance: BFLOAT16_TOLERANCE });
  return { ...engine, ops, check, description: `${engine.description}, convolutions in bfloat16` };
}

/** Factors and results carry 2⁻⁹ of rounding each; an error of indexing is of the order of 1. */
const BFLOAT16_TOLERANCE = 2 ** -6;

async function start(asked: EngineName | undefined, options: EngineOptions): Promise<Engine> {
  const failures: string[] = [];
  for (const name of asked ? [asked] : ENGINES) {
    try {
      const { ops, description } = await LOADERS[name]({ ...options, engine: asked });
      const check = options.selfCheck === false
        ? null
        : await selfCheck(ops, { withGradients: name !== "wasm" });
      return { name, description, canTrain: name !== "wasm", ops, check, passedOver: failures };
    } catch (error) {
      failures.push(`${name}: ${firstLine(error)}`);
    }
  }
  throw new TypeError(
    `Cannot load ${asked ? "the" : "any"} engine: ${failures.join("; ")} (run "deno task doctor")`,
  );
}

type Loader = (options: EngineOptions) => Promise<{ ops: Ops; description: string }>;

const LOADERS: Record<EngineName, Loader> = {
  tensorflow: async ({ threads }) => {
    if (threads !== undefined) {
      process.env.TF_NUM_INTRAOP_THREADS = process.env.OMP_NUM_THREADS = String(threads);
    }
    const native = await loadTensorflow();
    await tf.setBackend("tensorflow");
    const used = process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism();
    const { ops, isFused } = createTensorflowOps();
    const device = native.backend().isUsingGpuDevice ? "GPU" : `CPU, ${used} threads`;
    const kernels = isFused ? ", fused" : "";
    return {
      ops,
      description: `libtensorflow ${native.backend().binding.TF_Version} (${device}${kernels})`,
    };
  },
  webgpu: async ({ engine }) => {
    const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
    const adapter = await gpu?.requestAdapter();
    if (!adapter) throw new TypeError("Cannot use WebGPU: this machine shows no adapter");
    const device = adapter.info?.description ?? "unnamed adapter";
    if (SOFTWARE_ADAPTER.test(device) && engine !== "webgpu") {
      throw new TypeError(`Cannot choose WebGPU unasked: ${device} is no GPU and slower than wasm`);
    }
    flattenFeatures(adapter);
    await import("@tensorflow/tfjs-backend-webgpu");
    return { ops: portableOps, description: `${await useBackend("webgpu", "WebGPU")} on ${device}` };
  },
  wasm: async () => {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    const folder = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
    wasm.setWasmPaths(folder.replace(/package\.json$/, "dist/"));
    return { ops: portableOps, description: await useBackend("wasm", "WebAssembly") };
  },
  cpu: async () => {
    const description = await useBackend("cpu", "plain JavaScript");
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false; // no advertisement for another engine
    return { ops: portableOps, description };
  },
};

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

interface Adapter {
  readonly info?: { readonly description?: string };
  requestDevice(descriptor?: { requiredFeatures?: readonly (string | string[])[] }): Promise<unknown>;
}

/**
 * Lets TensorFlow.js start on adapters that know `bgra8unorm-storage`: it asks for that feature as a list within the
 * list, which a browser reads as its name and Deno refuses.
 */
function flattenFeatures(adapter: Adapter): void {
  const adapters: Adapter = Object.getPrototypeOf(adapter); // the backend asks for an adapter of its own
  const { requestDevice } = adapters;
  adapters.requestDevice = function (this: Adapter, descriptor = {}) {
    const requiredFeatures = descriptor.requiredFeatures?.flat();
    return requestDevice.call(this, { ...descriptor, requiredFeatures });
  };
}

/** Vulkan on the processor: right for tests, wrong as a choice. */
const SOFTWARE_ADAPTER = /llvmpipe|lavapipe|swiftshader|software/i;

async function useBackend(backend: string, title: string): Promise<string> {
  if (!(await tf.setBackend(backend))) throw new TypeError(`Cannot start ${title}: it did not initialise`);
  await tf.ready();
  return `${title}, TensorFlow.js ${tf.version_core}`;
}

interface NativeModule {
  backend(): { isUsingGpuDevice: boolean; binding: { TF_Version: string } };
}

/**
 * Loads tfjs-node-gpu with what it lacks on today's runtimes.
 *
 * Two functions it calls are gone from `node:util` (Node 23, Deno), and libtensorflow's start-up notices would
 * stand in every notebook: the first are put back, standard error is closed while the library loads.
 */
async function loadTensorflow(): Promise<NativeModule> {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1"; // unasked, only where AVX-512 has VNNI; elsewhere training takes 2.6 times as long
  process.env.NVIDIA_TF32_OVERRIDE ??= "0"; // unasked, convolutions on Ampere and later keep 10 bits of each factor

  const require = createRequire(import.meta.url);
  const quietPath = require.resolve("@tensorflow/tfjs-node-gpu/package.json")
    .replace(/package\.json$/, "lib/napi-v8/quiet_stderr.node");
  const quiet = existsSync(quietPath) ? require(quietPath) as { mute(): void; unmute(): void } : null;
  quiet?.mute();
  try {
    const module = await import("@tensorflow/tfjs-node-gpu");
    return (module.default ?? module) as unknown as NativeModule;
  } finally {
    quiet?.unmute();
  }
}

function firstLine(error: unknown): string {
  return String((error as Error).message ?? error).split("\n")[0];
}

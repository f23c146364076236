/** Layer-wise least squares: the surviving weights of one layer solved anew for the dense network's outputs. */
import * as tf from "@tensorflow/tfjs";
import type { ConvNode, DepthwiseNode, Parameter, PrunableNode } from "../network.ts";
import { fromEngineLayout, toEngineLayout } from "../variables.ts";
import { type GramMatrices, gramMatrices } from "./gram.ts";
import { removalCosts, solveRidge } from "./ridge.ts";
import { type LayerSolver, solveInStages, type Staging } from "./stages.ts";
import type { NodeView } from "./walk.ts";

export interface SolveOptions {
  /** Ridge as a share of the Gram matrix's mean diagonal. @default 1e-3 */
  readonly ridge?: number;
  /**
   * What the ridge pulls the weights towards: 0, or where they are.
   *
   * @default "zero"; "present" for a layer with fewer than {@linkcode ROWS_PER_UNKNOWN} rows an unknown
   */
  readonly towards?: "zero" | "present";
  /** Multiply–adds in a layer that direct solves may take; beyond, conjugate gradients run. @default 4e9 */
  readonly directLimit?: number;
}

/**
 * Rows for each unknown below which what the images leave open outweighs what they say. There a pull towards 0 unlearns
 * it: 64 photographs know 64 of ImageNet's 1,000 classes, and a classifier solved from them alone knows no other.
 */
export const ROWS_PER_UNKNOWN = 8;

/**
 * The layer's weights of least Σ ‖W x − y‖² + λ ‖W − towards‖², x what the pruned network gives the layer, y what the dense
 * network makes of its own inputs there; weights at 0 stay 0.
 *
 * The Gram matrix of x is summed on the engine a few thousand rows at a time and in float64 over those. A bias stays.
 * With `staging` the layer is pruned anew, to as many zeros as it has, by {@link solveInStages}; the matrices are the
 * same for all stages.
 */
export async function solveLayer(
  { node, inputs, denseOutputs, weights, staging }: NodeView & {
    readonly node: PrunableNode;
    readonly staging?: Staging;
  },
  options: SolveOptions = {},
): Promise<Map<string, Parameter>> {
  const weight = weights.get(`${node.name}.weight`)!;
  const bias = weights.get(`${node.name}.bias`);
  const targets = bias === undefined ? denseOutputs : withoutBias(denseOutputs, bias);
  try {
    const solver = await solverOf(node, { inputs, targets }, options);
    const solution = staging === undefined
      ? await solver.solve(Float64Array.from(toEngineLayout(weight)))
      : await solveInStages(weight, staging, solver);
    const data = fromEngineLayout(weight.shape, solution);
    return new Map([[`${node.name}.weight`, { shape: weight.shape, data }]]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot recover layer ${node.name}: ${error.message}`, { cause: error });
  } finally {
    if (targets !== denseOutputs) tf.dispose([...targets]);
  }
}

/** What solves a layer's kept weights, for any weights that say which are kept. */
async function solverOf(
  node: PrunableNode,
  { inputs, targets }: { readonly inputs: readonly tf.Tensor[]; readonly targets: readonly tf.Tensor[] },
  options: SolveOptions,
): Promise<LayerSolver> {
  if (node.op === "depthwise") return channelSolver(node, { inputs, targets }, options);
  const matrices = await gramMatrices(node, inputs, targets);
  return {
    solve: (present) => solveFrom(matrices, present, options),
    removalCosts: (solution) => Promise.resolve(costsFrom(matrices, solution, options)),
  };
}

/** Where all inputs are dead the weights stay as they are: any would do, and there is no scale for a ridge. */
async function solveFrom(
  matrices: GramMatrices,
  present: Float64Array,
  options: SolveOptions,
): Promise<Float64Array> {
  return matrices.gram.every((value) => value === 0)
    ? present
    : await solveWeights(matrices, present, options);
}

function costsFrom(matrices: GramMatrices, solution: Float64Array, options: SolveOptions): Float64Array {
  return removalCosts({ ...matrices, mask: keptOf(solution), anchor: solution }, solution, options);
}

function keptOf(weights: Float64Array): Uint8Array {
  return Uint8Array.from(weights, (value) => value === 0 ? 0 : 1);
}

/** Each channel of a depthwise convolution is a problem of its own, of k² unknowns an output. */
function channelSolver(
  { name, multiplier, kernel, stride, padding }: DepthwiseNode,
  { inputs, targets }: { readonly inputs: readonly tf.Tensor[]; readonly targets: readonly tf.Tensor[] },
  options: SolveOptions,
): LayerSolver {
  const channels = inputs[0].shape[3]!;
  const outputs = channels * multiplier;
  const node: ConvNode = {
    op: "conv",
    name,
    inputs: [],
    outChannels: multiplier,
    kernel,
    stride,
    padding,
    bias: false,
  };

  async function eachChannel(
    weights: Float64Array,
    use: (matrices: GramMatrices, own: Float64Array) => Float64Array | Promise<Float64Array>,
  ): Promise<Float64Array> {
    const result = weights.slice();
    for (let c = 0; c < channels; c++) {
      const own = weights.filter((_, i) => Math.floor((i % outputs) / multiplier) === c);
      const x = inputs.map((tensor) => tf.slice(tensor, [0, 0, 0, c], [-1, -1, -1, 1]));
      const y = targets.map((tensor) =>
        tf.slice(tensor, [0, 0, 0, c * multiplier], [-1, -1, -1, multiplier])
      );
      const values = await gramMatrices(node, x, y).finally(() => tf.dispose([...x, ...y]))
        .then((matrices) => use(matrices, own));
      for (let k = 0; k < kernel ** 2; k++) {
        for (let m = 0; m < multiplier; m++) {
          result[k * outputs + c * multiplier + m] = values[k * multiplier + m];
        }
      }
    }
    return result;
  }

  return {
    solve: (present) => eachChannel(present, (matrices, own) => solveFrom(matrices, own, options)),
    removalCosts: (solution) => eachChannel(solution, (matrices, own) => costsFrom(matrices, own, options)),
  };
}

/**
 * The kept weights of least Σ ‖W x − y‖² + λ ‖W‖² (`towards: "present"`: λ ‖W − present‖²); see {@link solveRidge}.
 *
 * Weights of an input that is 0 in every row stay as they are, whatever the pull: 0 would prune them for good.
 *
 * @param matrices Σ x xᵀ and Σ x yᵀ.
 * @param present The weights as they are, 0 where pruned, [K · O] as the engine lays them.
 * @returns [K · O], 0 where pruned.
 * @throws {RangeError} If a number is not finite.
 */
export async function solveWeights(
  { size, outputs, gram, cross, rows }: GramMatrices,
  present: Float64Array,
  { ridge, towards = rows < ROWS_PER_UNKNOWN * size ? "present" : "zero", directLimit }: SolveOptions = {},
): Promise<Float64Array> {
  const mask = keptOf(present);
  const isDead = (input: number) => gram[input * size + input] === 0;
  const anchor = towards === "present"
    ? present
    : present.map((value, at) => isDead(Math.floor(at / outputs)) ? value : 0);
  const multiplier = engineProduct(gram, size, outputs);
  try {
    return await solveRidge(
      { size, outputs, gram, cross, mask, anchor },
      { ridge, directLimit, multiply: multiplier.multiply },
    );
  } finally {
    multiplier.dispose();
  }
}

function withoutBias(outputs: readonly tf.Tensor[], { data }: Parameter): tf.Tensor[] {
  return outputs.map((output) => tf.tidy(() => tf.sub(output, tf.tensor1d(data))));
}

/** gram · p in the engine's float32, uploaded at the first use: conjugate gradients forgive its rounding. */
function engineProduct(
  gram: Float64Array,
  size: number,
  outputs: number,
): { multiply: (p: Float64Array) => Promise<Float64Array>; dispose: () => void } {
  let matrix: tf.Tensor2D | undefined;
  return {
    multiply: async (p) => {
      matrix ??= tf.tensor2d(new Float32Array(gram), [size, size]);
      const product = tf.tidy(() => tf.matMul(matrix!, tf.tensor2d(new Float32Array(p), [size, outputs])));
      const values = new Float64Array(await product.data());
      product.dispose();
      return values;
    },
    dispose: () => matrix?.dispose(),
  };
}

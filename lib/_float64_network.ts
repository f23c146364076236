/**
 * For tests: a network's forward pass in float64, written as plain loops from the definitions of the operations.
 *
 * Slow, and shares no line with forward.ts: the oracle for outputs, and for gradients by finite differences. Weights
 * stay in PyTorch's layout (O-I-H-W), images are N-H-W-C.
 */
import { type Architecture, inferShapes, type NetworkNode, sizeOf } from "./network.ts";

export type Float64Weights = ReadonlyMap<string, Float64Array>;

export interface Float64Options {
  /** Batch normalisation by the batch's own mean and biased variance instead of the running ones. */
  readonly isTraining?: boolean;
}

/** Outputs of every node by name, each [count · h · w · c] or [count · features]. */
export function float64Forward(
  architecture: Architecture,
  weights: Float64Weights,
  images: ArrayLike<number>,
  { isTraining = false }: Float64Options = {},
): Map<string, Float64Array> {
  const shapes = inferShapes(architecture);
  const count = images.length / sizeOf(architecture.inputShape);
  const outputs = new Map([["input", Float64Array.from(images)]]);
  for (const node of architecture.nodes) {
    const inputs = node.inputs.map((name) => ({ data: outputs.get(name)!, shape: shapes.get(name)! }));
    const own = (field: string) => weights.get(`${node.name}.${field}`)!;
    const y = new Float64Array(count * sizeOf(shapes.get(node.name)!));
    compute(node, { inputs, own, count, isTraining, shape: shapes.get(node.name)! }, y);
    outputs.set(node.name, y);
  }
  return outputs;
}

/** Mean cross-entropy with target distributions. */
export function float64Loss(logits: Float64Array, targets: ArrayLike<number>, classes: number): number {
  let loss = 0;
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = Math.max(...row);
    const logSum = largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    row.forEach((value, k) => loss += targets[start + k] * (logSum - value));
  }
  return loss / (logits.length / classes);
}

interface Task {
  readonly inputs: readonly { readonly data: Float64Array; readonly shape: readonly number[] }[];
  readonly own: (field: string) => Float64Array;
  readonly count: number;
  readonly isTraining: boolean;
  readonly shape: readonly number[];
}

function compute(node: NetworkNode, task: Task, y: Float64Array): void {
  const [{ data: x, shape: inShape }] = task.inputs;
  const channels = inShape[inShape.length - 1];
  switch (node.op) {
    case "conv": {
      const weight = task.own("weight");
      const area = node.kernel ** 2;
      eachWindow(node, task, (to, pixels) => {
        for (let o = 0; o < node.outChannels; o++) {
          let sum = node.bias ? task.own("bias")[o] : 0;
          for (const { from, place } of pixels) {
            for (let c = 0; c < channels; c++) sum += x[from + c] * weight[(o * channels + c) * area + place];
          }
          y[to + o] = sum;
        }
      });
      break;
    }
    case "depthwise": {
      const weight = task.own("weight");
      const area = node.kernel ** 2;
      eachWindow(node, task, (to, pixels) => {
        for (let o = 0; o < channels * node.multiplier; o++) {
          const c = Math.floor(o / node.multiplier);
          y[to + o] = node.bias ? task.own("bias")[o] : 0;
          for (const { from, place } of pixels) y[to + o] += x[from + c] * weight[o * area + place];
        }
      });
      break;
    }
    case "maxPool":
    case "avgPool":
      eachWindow(node, task, (to, pixels) => {
        for (let c = 0; c < channels; c++) {
          const values = pixels.map(({ from }) => x[from + c]);
          y[to + c] = node.op === "maxPool"
            ? Math.max(...values)
            : values.reduce((a, b) => a + b, 0) / values.length;
        }
      });
      break;
    case "linear": {
      const weight = task.own("weight");
      for (let i = 0; i < y.length; i++) {
        const [n, o] = [Math.floor(i / node.outFeatures), i % node.outFeatures];
        y[i] = node.bias ? task.own("bias")[o] : 0;
        for (let c = 0; c < channels; c++) y[i] += x[n * channels + c] * weight[o * channels + c];
      }
      break;
    }
    case "batchNorm":
      for (let c = 0; c < channels; c++) {
        const values = x.filter((_, i) => i % channels === c);
        const batchMean = values.reduce((a, b) => a + b, 0) / values.length;
        const batchVariance = values.reduce((sum, value) => sum + (value - batchMean) ** 2, 0) /
          values.length;
        const mean = task.isTraining ? batchMean : task.own("running_mean")[c];
        const variance = task.isTraining ? batchVariance : task.own("running_var")[c];
        const scale = task.own("weight")[c] / Math.sqrt(variance + node.epsilon);
        for (let i = c; i < x.length; i += channels) y[i] = (x[i] - mean) * scale + task.own("bias")[c];
      }
      break;
    case "relu":
      x.forEach((value, i) => y[i] = Math.max(0, value));
      break;
    case "add":
      x.forEach((value, i) => y[i] = value + task.inputs[1].data[i]);
      break;
    case "activation":
      y.set(activated(node.kind, node.alpha, x, channels));
      break;
    case "pad": {
      const [top, , left] = node.margins;
      const [height, width] = task.shape;
      y.fill(node.value ?? 0);
      x.forEach((value, i) => {
        const [pixel, c] = [Math.floor(i / channels), i % channels];
        const [row, column] = [Math.floor(pixel / inShape[1]), pixel % inShape[1]];
        const [n, inside] = [Math.floor(row / inShape[0]), row % inShape[0]];
        y[((n * height + inside + top) * width + column + left) * channels + c] = value;
      });
      break;
    }
    case "globalMaxPool":
      y.fill(-Infinity);
      x.forEach((value, i) => {
        const at = Math.floor(i / (inShape[0] * inShape[1] * channels)) * channels + i % channels;
        y[at] = Math.max(y[at], value);
      });
      break;
    case "reshape":
      y.set(x);
      break;
    case "flatten": {
      const pixels = inShape[0] * inShape[1];
      x.forEach((value, i) => {
        const [n, pixel, c] = [
          Math.floor(i / (pixels * channels)),
          Math.floor(i / channels) % pixels,
          i % channels,
        ];
        y[node.order === "chw" ? (n * channels + c) * pixels + pixel : i] = value;
      });
      break;
    }
    case "concat": {
      const total = task.shape[task.shape.length - 1];
      let first = 0;
      for (const { data, shape } of task.inputs) {
        const width = shape[shape.length - 1];
        data.forEach((value, i) => y[Math.floor(i / width) * total + first + i % width] = value);
        first += width;
      }
      break;
    }
    case "globalAvgPool": {
      const pixels = inShape[0] * inShape[1];
      x.forEach((value, i) =>
        y[Math.floor(i / (pixels * channels)) * channels + i % channels] += value / pixels
      );
      break;
    }
    case "padShortcut": {
      const before = (node.outChannels - channels) / 2;
      eachWindow({ kernel: 1, stride: node.stride, padding: 0 }, task, (to, [{ from }]) => {
        for (let c = 0; c < channels; c++) y[to + before + c] = x[from + c];
      });
    }
  }
}

/** From the definitions; softmax over rows of `width`. */
function activated(kind: string, alpha: number | undefined, x: Float64Array, width: number): Float64Array {
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  const below = (value: number, low: number) => value > 0 ? value : low;
  const formulas: Readonly<Record<string, (value: number) => number>> = {
    relu6: (value) => Math.min(6, Math.max(0, value)),
    leakyRelu: (value) => below(value, (alpha ?? 0.2) * value),
    elu: (value) => below(value, (alpha ?? 1) * (Math.exp(value) - 1)),
    selu: (value) => 1.0507009873554805 * below(value, 1.6732632423543772 * (Math.exp(value) - 1)),
    sigmoid,
    hardSigmoid: (value) => Math.min(1, Math.max(0, 0.2 * value + 0.5)),
    tanh: Math.tanh,
    softplus: (value) => Math.log1p(Math.exp(value)),
    softsign: (value) => value / (1 + Math.abs(value)),
    swish: (value) => value * sigmoid(value),
    softmax: Math.exp,
  };
  const y = x.map(formulas[kind]);
  if (kind !== "softmax") return y;
  return y.map((value, i) => {
    const start = i - i % width;
    return value / y.subarray(start, start + width).reduce((sum, other) => sum + other, 0);
  });
}

/** Calls `visit` for each output pixel with its first index and the input pixels under its window. */
function eachWindow(
  { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
  { inputs: [{ shape: [height, width, channels] }], shape: [outHeight, outWidth, outChannels], count }: Task,
  visit: (to: number, pixels: { from: number; place: number }[]) => void,
): void {
  for (let n = 0; n < count; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const pixels = [];
        for (let place = 0; place < kernel ** 2; place++) {
          const iy = oy * stride - padding + Math.floor(place / kernel);
          const ix = ox * stride - padding + place % kernel;
          if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
          pixels.push({ from: ((n * height + iy) * width + ix) * channels, place });
        }
        visit(((n * outHeight + oy) * outWidth + ox) * outChannels, pixels);
      }
    }
  }
}

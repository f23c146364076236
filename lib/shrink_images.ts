/** Smaller images for the cheap first epochs of a training run. */
import type { ImageSet } from "./cifar10.ts";
import { type Architecture, type NetworkNode, outputShape } from "./network.ts";

/**
 * Shrinks every image to `side` × `side` pixels, each the mean of the area it covers (box filter), rounded to a byte.
 *
 * The cost of a convolution falls with the area: at 24 of 32 pixels an epoch takes 56 % of the time, and a network with
 * global pooling goes on at full size afterwards.
 *
 * @param side In [1, the set's side]; the full side returns the set as it is.
 * @throws {RangeError} If the images are not square, or `side` is not a whole number in that range.
 */
export function shrinkImages(set: ImageSet, side: number): ImageSet {
  checkSide(set, side);
  const [height, width, channels] = set.shape;
  if (side === width) return set;
  const cover = coverage(width, side);
  const pixels = new Uint8Array(set.count * side * side * channels);
  const rows = new Float32Array(side * width * channels);
  const rowLength = width * channels;
  for (let image = 0, to = 0; image < set.count; image++) {
    const from = image * height * rowLength;
    for (let y = 0; y < side; y++) {
      for (let i = 0; i < rowLength; i++) {
        let sum = 0;
        for (const { at, share } of cover[y]) sum += share * set.pixels[from + at * rowLength + i];
        rows[y * rowLength + i] = sum;
      }
    }
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const { at, share } of cover[x]) sum += share * rows[y * rowLength + at * channels + c];
          pixels[to++] = Math.round(sum);
        }
      }
    }
  }
  return { ...set, shape: [side, side, channels], pixels };
}

/** @throws {RangeError} As {@link shrinkImages}, without its work. */
export function checkSide({ name, shape: [height, width] }: ImageSet, side: number): void {
  if (height !== width) {
    throw new RangeError(`Cannot shrink ${name}: its images must be square, got ${height}×${width}`);
  }
  if (!Number.isInteger(side) || side < 1 || side > width) {
    throw new RangeError(
      `Cannot shrink ${name}: the side must be a whole number of pixels from 1 to ${width}, got ${side}`,
    );
  }
}

/**
 * The same nodes on images of another side, less pools whose window the smaller maps no longer fill: VGG-16 at 16 pixels
 * comes to its fifth pool with one pixel, which is its own maximum. Weights are the same. Other shapes are checked where
 * they are next inferred.
 */
export function withSide(architecture: Architecture, side: number): Architecture {
  const inputShape = [side, side, architecture.inputShape[2]] as const;
  const shapes = new Map<string, readonly number[]>([["input", inputShape]]);
  const standIns = new Map<string, string>();
  const nodes: NetworkNode[] = [];
  for (const node of architecture.nodes) {
    const inputs = node.inputs.map((name) => standIns.get(name) ?? name);
    const shape = outputShape(node, inputs.map((name) => shapes.get(name)!));
    if ((node.op === "maxPool" || node.op === "avgPool") && shape[0] < 1) {
      standIns.set(node.name, inputs[0]);
      continue;
    }
    shapes.set(node.name, shape);
    nodes.push({ ...node, inputs });
  }
  return { ...architecture, inputShape, nodes };
}

/** For each new pixel of a row, the old ones beneath it and the share of its length that each fills. */
function coverage(length: number, newLength: number): { at: number; share: number }[][] {
  const step = length / newLength;
  return Array.from({ length: newLength }, (_, k) => {
    const [first, end] = [k * step, (k + 1) * step];
    const parts = [];
    for (let at = Math.floor(first); at < end - 1e-9; at++) {
      parts.push({ at, share: (Math.min(at + 1, end) - Math.max(at, first)) / step });
    }
    return parts;
  });
}

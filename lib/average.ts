/** Networks of one architecture averaged weight by weight. */
import { type Network, type Parameter, replaceWeights } from "./network.ts";
import { canonicalJson } from "./store.ts";

/**
 * The mean of several networks' tensors, summed in float64.
 *
 * Sensible for runs that share a start and have since gone their own ways: they lie in one valley of the loss
 * (Frankle et al. 2020), and the middle is lower than the sides (Izmailov et al. 2018). The running statistics of an
 * average are not the average's: measure them anew with `reestimateBatchNorm`.
 *
 * @throws {RangeError} If there are none.
 * @throws {TypeError} If they are not of one model, or its nodes, input or preprocessing differ.
 */
export function averageNetworks(networks: readonly Network[]): Network {
  const [first] = networks;
  if (first === undefined) throw new RangeError("Cannot average networks: there must be at least one, got 0");
  const other = networks.find(({ model }) => model !== first.model);
  if (other) throw new TypeError(`Cannot average networks: all must be ${first.model}, got ${other.model}`);
  const differing = networks.findIndex((network) => architectureKey(network) !== architectureKey(first));
  if (differing > 0) {
    throw new TypeError(
      "Cannot average networks: all must have the nodes, input and preprocessing of the first, " +
        `network ${differing + 1} of ${networks.length} differs`,
    );
  }
  const means = new Map<string, Parameter>();
  for (const [name, { shape, data }] of first.weights) {
    const sums = new Float64Array(data.length);
    for (const { weights } of networks) {
      const values = weights.get(name)!.data;
      for (let i = 0; i < sums.length; i++) sums[i] += values[i];
    }
    means.set(name, { shape, data: Float32Array.from(sums, (sum) => sum / networks.length) });
  }
  return replaceWeights(first, means);
}

function architectureKey({ nodes, inputShape, preprocessing }: Network): string {
  return canonicalJson({ nodes, inputShape, preprocessing });
}

/**
 * For engine_test.ts: loads the engine named on the command line in a process of its own and prints, as one line of
 * JSON, what it is and the curves it measures on the tiny network.
 */
import * as tf from "@tensorflow/tfjs";
import { noiseInputs, tinyNetwork } from "./_test_helpers.ts";
import { loadEngine } from "./engine.ts";
import { measureCurves } from "./rd_curve.ts";

const [engine] = Deno.args;
const { name, canTrain, description, check } = await loadEngine({ engine, threads: 1 });
const network = tinyNetwork();
const curves = await measureCurves(await loadEngine(), network, noiseInputs(network, 6), {
  levels: [0, 0.5, 0.9],
});
const tensors = tf.memory().numTensors;
console.log(JSON.stringify({ name, canTrain, description, check, layers: curves.layers, tensors }));
Deno.exit(0);

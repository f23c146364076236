/**
 * For engine_test.ts: loads the engine named on the command line in a process of its own and prints, as one line of
 * JSON, what it is, the curves it measures on the tiny network, and how it trains that.
 */
import * as tf from "@tensorflow/tfjs";
import { noiseInputs, tinyLosses, tinyNetwork } from "./_test_helpers.ts";
import { loadEngine } from "./engine.ts";
import { measureCurves } from "./rd_curve.ts";

const [name] = Deno.args;
const engine = await loadEngine({ engine: name, threads: 1 });
const network = tinyNetwork();
const curves = await measureCurves(engine, network, noiseInputs(network, 6), { levels: [0, 0.5, 0.9] });
const training = await tinyLosses(engine).catch((error) => `${error.name}: ${error.message}`);
const tensors = tf.memory().numTensors;
const { description, canTrain, check } = engine;
console.log(
  JSON.stringify({
    name: engine.name,
    canTrain,
    description,
    check,
    layers: curves.layers,
    training,
    tensors,
    tf32: Deno.env.get("NVIDIA_TF32_OVERRIDE"),
  }),
);
Deno.exit(0);

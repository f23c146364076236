/** A fingerprint of the code that measures: its numbers must not be taken for those of other code. */
import { readdirSync, readFileSync } from "node:fs";
import { builtFrom } from "../built.ts";
import { sha256 } from "../store.ts";

/** With the engine's operations, every file between the weights and a stored distance; a change in a comment costs a measurement, no more. */
export const SOURCES: readonly string[] = [
  "measurement.ts",
  "batch_size.ts",
  "closed_form.ts",
  "finite_outputs.ts",
  "first_order.ts",
  "layers.ts",
  "live.ts",
  "logit_gradients.ts",
  "pass.ts",
  "recovery.ts",
  "refit.ts",
  "stacking.ts",
  "steps.ts",
  "../activations.ts",
  "../distortion.ts",
  "../fold.ts",
  "../forward.ts",
  "../group_by.ts",
  "../mask.ts",
  "../read_tensor.ts",
  "../recover/gram.ts",
  "../recover/ridge.ts",
  "../recover/solve_layer.ts",
  "../recover/stages.ts",
  "../stateless_gradient.ts",
  "../variables.ts",
  "../engine.ts",
];

let version: string | undefined;

/** SHA-256 over the sources, those that a package was built from included; read once per process. */
export function codeVersion(): string {
  return version ??= builtFrom()?.curves ?? fingerprint();
}

function fingerprint(): string {
  const engine = new URL("../engine/", import.meta.url);
  const operations = readdirSync(engine).filter((name) => /(?<!_test)\.ts$/.test(name)).sort();
  const files = [...SOURCES, ...operations.map((name) => `../engine/${name}`)];
  const texts = files.map((name) => readFileSync(new URL(name, import.meta.url), "utf8"));
  return sha256(new TextEncoder().encode(texts.join("\0")));
}

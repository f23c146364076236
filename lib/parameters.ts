/** Sizes of a notebook's experiment that a run may override without editing it. */
import process from "node:process";

/**
 * The given defaults, with those replaced that the environment variable `RD_PARAMETERS` names (a JSON object of
 * numbers): tests run a notebook small, a patient reader runs it large, and both run the same cells.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parameters } from "./parameters.ts";
 *
 * assert.deepEqual(parameters({ samples: 256 }, '{"samples": 32}'), { samples: 32 });
 * ```
 * @throws {SyntaxError} If the variable is no JSON.
 * @throws {TypeError} If it is no object of numbers.
 */
export function parameters<T extends Record<string, number>>(
  defaults: T,
  overrides: string | undefined = process.env.RD_PARAMETERS,
): T {
  if (!overrides) return { ...defaults };
  const values = JSON.parse(overrides);
  if (values === null || typeof values !== "object" || Array.isArray(values)) {
    throw new TypeError(`Cannot read RD_PARAMETERS: it must be a JSON object, got ${overrides}`);
  }
  const result: Record<string, number> = { ...defaults };
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(defaults, name)) continue; // one setting may serve several notebooks
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot read RD_PARAMETERS: ${name} must be a number, got ${JSON.stringify(value)}`,
      );
    }
    result[name] = value;
  }
  return result as T;
}

/** How large a notebook runs: one parameter decides, the same for notebook, script and CI. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findRoot } from "../root.ts";
import { duration } from "../show/progress.ts";
import { readText } from "../store.ts";
import { parseStrictJson } from "../strict_json.ts";

/** `quick`: under two minutes on two cores; `full`: some ten minutes; `paper`: the paper's own sizes. */
export const MODES = ["quick", "full", "paper"] as const;
export type Mode = typeof MODES[number];

/** The sizes of one mode, and how long the notebook is expected to take with them. */
export type Sizes = Readonly<Record<string, number>> & {
  /** Of the whole notebook on two cores without AVX-512, nothing cached. */
  readonly seconds: number;
};

/** The sizes that were chosen, and the names of those that are not the mode's own. */
export type Chosen<T extends Sizes> =
  & { readonly [name in keyof T]: number }
  & { readonly mode: Mode; readonly changed: readonly string[] };

export interface ModeOptions {
  /** A JSON object: `mode`, and sizes that replace the mode's. @default {the variable RD_PARAMETERS, else notebooks/parameters.json, else {}} */
  readonly overrides?: string;
  /** @default {the variable RD_MODE} */
  readonly mode?: string;
}

/**
 * The sizes of the mode asked for, with those replaced that the overrides name.
 *
 * The mode is `RD_MODE`'s, else the overrides' `mode`, else `quick`. The overrides are the variable `RD_PARAMETERS`, else
 * the file `notebooks/parameters.json`; names that this notebook does not know are for others and are passed over.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parameters } from "./modes.ts";
 *
 * const modes = { quick: { seconds: 40, SAMPLES: 64 }, full: { seconds: 400, SAMPLES: 256 }, paper: { seconds: 4000, SAMPLES: 1024 } };
 * const { SAMPLES, mode } = parameters(modes, { mode: "full", overrides: '{"SAMPLES": 32}' });
 * assert.deepEqual([SAMPLES, mode], [32, "full"]);
 * ```
 * @throws {SyntaxError} If the overrides are no JSON.
 * @throws {TypeError} If they are no object, or a size is no number.
 * @throws {RangeError} If the mode is unknown.
 */
export function parameters<T extends Sizes>(
  modes: Readonly<Record<Mode, T>>,
  options: ModeOptions = {},
): Chosen<T> {
  const { values, source } = readOverrides(options.overrides);
  const asked = options.mode ?? (process.env.RD_MODE || values.mode) ?? "quick";
  const mode = MODES.find((known) => known === asked);
  if (mode === undefined) {
    throw new RangeError(
      `Cannot choose the mode ${JSON.stringify(asked)}: it must be one of ${MODES.join(", ")}`,
    );
  }
  const sizes: Record<string, number> = { ...modes[mode] };
  const changed: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(sizes, name)) continue; // one setting may serve several notebooks
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new TypeError(`Cannot read ${source}: ${name} must be a number, got ${JSON.stringify(value)}`);
    }
    if (value !== sizes[name]) changed.push(name);
    sizes[name] = value;
  }
  return { ...sizes, mode, changed } as Chosen<T>;
}

/** What a reader is told before anything runs: mode, expected time, and how to choose another. */
export function modeLine(
  { mode, seconds, changed }: Pick<Chosen<Sizes>, "mode" | "seconds" | "changed">,
): string {
  const others = MODES.filter((other) => other !== mode).map((other) => `\`${other}\``).join(" or ");
  const but = changed.length > 0 ? `, but for ${changed.map((name) => `\`${name}\``).join(", ")},` : ":";
  return `Mode \`${mode}\`${but} about **${
    duration(seconds)
  }** on two cores, less from the cache. For ${others}, set ` +
    '`RD_MODE` before Jupyter starts, or write `{"mode": "full"}` to `notebooks/parameters.json` and restart the kernel.';
}

function readOverrides(given: string | undefined): { values: Record<string, unknown>; source: string } {
  const root = findRoot();
  const file = root === null ? null : join(root, "notebooks", "parameters.json");
  const isFile = given === undefined && !process.env.RD_PARAMETERS && file !== null && existsSync(file);
  const source = isFile ? file : "RD_PARAMETERS";
  const text = isFile ? readText(file) : given ?? process.env.RD_PARAMETERS;
  if (!text) return { values: {}, source };
  const values = parseStrictJson(text, source);
  if (values === null || typeof values !== "object" || Array.isArray(values)) {
    throw new TypeError(`Cannot read ${source}: it must be a JSON object, got ${text}`);
  }
  return { values: values as Record<string, unknown>, source };
}

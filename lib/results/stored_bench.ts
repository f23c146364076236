/** Results of benchmarks as files, checked when written and when read. */
import type { z } from "zod";
import { readJson, writeFileWhole } from "../store.ts";
import { fieldPath, quote } from "../strict_json.ts";

/**
 * Reads what a benchmark stored.
 *
 * @throws {FileError} If the file cannot be read.
 * @throws {SyntaxError} If it is no JSON.
 * @throws {TypeError} If a field is missing or not as it must be; the message names it.
 */
export function readBench<T>(schema: z.ZodType<T>, path: string): T {
  return check(schema, readJson(path), `read ${path}`);
}

/** Saves a benchmark whole or not at all, after the same checks. */
export function writeBench<T>(schema: z.ZodType<T>, path: string, bench: T): void {
  writeFileWhole(path, `${JSON.stringify(check(schema, bench, `write ${path}`), null, 2)}\n`);
}

function check<T>(schema: z.ZodType<T>, value: unknown, action: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  const current = path.reduce<unknown>(
    (around, key) => (around as Record<PropertyKey, unknown>)?.[key],
    value,
  );
  throw new TypeError(
    `Cannot ${action}: ${fieldPath(path)} must be ${message}, current value ${quote(current)}`,
  );
}

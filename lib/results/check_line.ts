/** A line of results against what it must hold. */
import type { z } from "zod";
import { fieldPath, quote } from "../strict_json.ts";

/** @throws {TypeError} If a field is missing or wrong (where the line stands, and the field, are named). */
export function checkLine(schema: z.ZodType, input: unknown, from: string): void {
  const { error } = schema.safeParse(input);
  if (error === undefined) return;
  const [{ path, message }] = error.issues;
  const value = path.reduce(
    (around, key) => (around as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  const place = path.length === 0 ? "it" : fieldPath(path);
  throw new TypeError(`Cannot read ${from}: ${place} must be ${message}, current value ${quote(value)}`);
}

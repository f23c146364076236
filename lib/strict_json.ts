/**
 * Parses JSON and refuses what `JSON.parse` lets pass: an object that names one key twice.
 *
 * The result may own a key `__proto__`, as `JSON.parse` makes it: harmless as long as nobody assigns by that name.
 *
 * @param text The JSON text.
 * @param from What the text is, for messages, such as its path.
 * @throws {SyntaxError} If the text is no JSON or names a key twice.
 */
export function parseStrictJson(text: string, from = "JSON text"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = oneLine((error as SyntaxError).message);
    throw new SyntaxError(`Cannot read ${from}: it must be JSON, current text is not: ${reason}`);
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== null) {
    throw new SyntaxError(
      `Cannot read ${from}: a key must not appear twice, current key ${quote(duplicate)}`,
    );
  }
  return value;
}

/**
 * Shows a value in a message: on one line, short, and without control characters.
 *
 * @param value Anything, a name read from a file as well.
 */
export function quote(value: unknown): string {
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : toJson(value);
  return text.length <= 80 ? text : `${text.slice(0, 60)}… (${text.length} characters)`;
}

function toJson(value: unknown): string {
  try {
    return oneLine(JSON.stringify(value) ?? String(value));
  } catch {
    return `a value of type ${typeof value} that is no JSON`; // a cycle, a big integer within, or too deep
  }
}

/** Escapes what could break or reorder a line: control, separator and direction characters. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The first key that appears twice in one object of a text that is valid JSON. */
function findDuplicateKey(text: string): string | null {
  const open: Set<string>[] = []; // the keys seen in each object and array around the current token
  let lastString = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}\[\]:]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") lastString = token;
    else {
      const key = JSON.parse(lastString) as string;
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

/** Options of {@linkcode stringifyStrictJson}. */
export interface StringifyOptions {
  /** What is written, for messages, such as its path. @default {"JSON"} */
  to?: string;
  /** Whether the keys of an object are sorted instead of kept in order. @default {false} */
  sortKeys?: boolean;
}

/**
 * Writes JSON without blanks and refuses what `JSON.stringify` writes as null or drops: NaN, infinity, typed
 * arrays, functions. Fields that are undefined are left out.
 *
 * @throws {TypeError} If something within is no JSON value; the message names where.
 * @throws {RangeError} If a number within is NaN or infinite; the message names where.
 */
export function stringifyStrictJson(value: unknown, options: StringifyOptions = {}): string {
  const { to = "JSON", sortKeys = false } = options;

  function write(value: unknown, path: readonly PropertyKey[], around: readonly unknown[]): string {
    if (value === null || typeof value === "boolean" || typeof value === "string") {
      return JSON.stringify(value);
    }
    if (typeof value === "number") {
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw new RangeError(
        `Cannot write ${to}: ${fieldPath(path)} must be a finite number, current value ${value}`,
      );
    }
    if (around.includes(value) || !(Array.isArray(value) || isPlainObject(value))) {
      const kind = around.includes(value) ? "a cycle" : Object.prototype.toString.call(value);
      throw new TypeError(
        `Cannot write ${to}: ${fieldPath(path)} must be a JSON value, current value ${kind}`,
      );
    }
    const within = [...around, value];
    if (Array.isArray(value)) {
      return `[${Array.from(value, (item, i) => write(item, [...path, i], within)).join(",")}]`;
    }
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    if (sortKeys) entries.sort(([a], [b]) => a < b ? -1 : 1);
    return `{${
      entries.map(([key, field]) => `${JSON.stringify(key)}:${write(field, [...path, key], within)}`).join(
        ",",
      )
    }}`;
  }

  return write(value, [], []);
}

/** Names a place within a value: `layers[3].distortion[7]`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  const text = path.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    const name = String(key);
    return /^[\w-]+$/.test(name) ? `.${name}` : `[${quote(name)}]`;
  }).join("");
  return text.replace(/^\./, "") || "the value";
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Reads a file of JSON lines.
 *
 * @param path For messages.
 * @param read Gets each line that is not empty, and what to call it.
 */
export function mapJsonLines<T>(
  text: string,
  path: string,
  read: (line: string, from: string) => T,
): T[] {
  return text.split("\n").flatMap((line, i) => line === "" ? [] : [read(line, `line ${i + 1} of ${path}`)]);
}

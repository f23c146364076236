/** The library as Node and tslab read it: a JavaScript module and a declaration file for each of its sources. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { FINGERPRINTS_FILE } from "../../lib/built.ts";
import { libraryVersion } from "../../lib/notebook/library_version.ts";
import { codeVersion } from "../../lib/rd_curve/code_version.ts";

/** The part of TypeScript's interface that is used here. */
interface TypeScript {
  readonly ModuleKind: { readonly ESNext: number };
  readonly ModuleResolutionKind: { readonly Bundler: number };
  readonly ScriptTarget: { readonly ES2022: number };
  readonly NewLineKind: { readonly LineFeed: number };
  createProgram(files: readonly string[], options: Readonly<Record<string, unknown>>): Program;
  flattenDiagnosticMessageText(message: unknown, newLine: string): string;
}

interface Program {
  emit(file: undefined, write: (path: string, text: string) => void): unknown;
  getSemanticDiagnostics(): readonly {
    readonly code: number;
    readonly messageText: unknown;
    readonly file?: { readonly fileName: string };
  }[];
}

/** tslab's own TypeScript, 5.0: what it declares, cells can read. */
function tslabTypescript(): TypeScript {
  return createRequire(import.meta.url)("@tslab/typescript-for-tslab");
}

/** What Node's resolution and tslab's need to find the module. */
export const ENTRY_POINTS = {
  type: "module",
  main: "lib/mod.js",
  types: "lib/mod.d.ts",
  exports: { ".": { types: "./lib/mod.d.ts", default: "./lib/mod.js" } },
};

/** Programs that the library starts by their path, and so reaches by no import. */
const PROGRAMS = ["crew/worker.ts"];

/** tslab's cells know the language of 2022 alone, Node 20 that of 2023: declared for cells and library alike. */
const LANGUAGE = join(dirname(fileURLToPath(import.meta.url)), "language.d.ts");
const REFERENCES = '/// <reference lib="es2023" />\n/// <reference path="./language.d.ts" />\n';

export interface EmitOptions {
  /** Declare what tslab's cells may use of the language; a newer TypeScript knows it, in other words. @default true */
  readonly forCells?: boolean;
}

/**
 * Writes the package: what `lib/mod.ts` reaches and starts, with packages of npm left outside.
 *
 * Types are not checked here; what cannot be told without a newer TypeScript is `any`.
 *
 * @param library The library's folder.
 * @param out A new folder.
 */
export function emitPackage(
  library: string,
  out: string,
  { forCells = true }: EmitOptions = {},
): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const program = libraryProgram(library, join(out, "lib"));
  program.emit(undefined, (path, text) => {
    const prefix = forCells && path === join(out, "lib", "mod.d.ts") ? REFERENCES : "";
    write(path, prefix + withJsEndings(text));
  });
  if (forCells) copyFileSync(LANGUAGE, join(out, "lib", "language.d.ts"));
  const fingerprints = { library: libraryVersion(), curves: codeVersion() };
  write(join(out, FINGERPRINTS_FILE), JSON.stringify(fingerprints, null, 2) + "\n");
  const nameless = { private: true, ...ENTRY_POINTS }; // so that it is not taken for the project
  write(join(out, "package.json"), JSON.stringify(nameless, null, 2) + "\n");
}

/**
 * What the library takes for a property of the language, or of its own values, and TypeScript 5.0 does not: Node 20, for
 * which language.d.ts speaks, may lack it.
 */
export function unknownProperties(library: string): string[] {
  const ts = tslabTypescript();
  return libraryProgram(library, "unused").getSemanticDiagnostics().flatMap(({ code, messageText, file }) =>
    UNKNOWN_PROPERTY.includes(code) && file?.fileName.startsWith(library)
      ? [`${relative(library, file.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`]
      : []
  );
}

/** "Property does not exist", with and without a hint. */
const UNKNOWN_PROPERTY = [2339, 2550, 2551];

function libraryProgram(library: string, outDir: string): Program {
  const ts = tslabTypescript();
  const programs = PROGRAMS.map((path) => join(library, path)).filter((path) => existsSync(path));
  return ts.createProgram([join(library, "mod.ts"), ...programs, LANGUAGE], {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts"],
    types: ["node"],
    typeRoots: [join(dirname(library), "node_modules", "@types")],
    newLine: ts.NewLineKind.LineFeed,
    strict: true,
    skipLibCheck: true,
    declaration: true,
    rootDir: library,
    outDir,
  });
}

/** `from "./a.ts"` and `import("./a.ts")` as Node finds the files. */
export function withJsEndings(text: string): string {
  return text.replace(/(\b(?:from|import)\s*\(?\s*")(\.{1,2}\/[^"\n]+)\.ts(?=")/g, "$1$2.js");
}

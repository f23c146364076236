/** A throw-away project with fake programs, for the tests of setup's steps. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Project } from "./project.ts";

export interface FakeProject extends Project {
  /** Writes a file at a path within the project; returns its absolute path. */
  write(path: string, content?: string | Uint8Array): string;
  /** Puts a shell script on the project's PATH. */
  program(name: string, script: string): string;
}

/** A test body that gets a project whose PATH holds its own fake programs and nothing else. */
export function withProject(test: (project: FakeProject) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "setup-"));
    const write = (path: string, content: string | Uint8Array = "") => {
      const absolute = join(folder, path);
      mkdirSync(dirname(absolute), { recursive: true });
      writeFileSync(absolute, content);
      return absolute;
    };
    const program = (name: string, script: string) => {
      const path = write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    try {
      await test({ folder, gpu: false, env: { PATH: join(folder, "bin") }, write, program });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** For steps that tell how far they are. */
export function ignore(): void {}

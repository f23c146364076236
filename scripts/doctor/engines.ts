/** Which engines load here, each tried in a process of its own: one that crashes takes nothing with it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { EngineName } from "../../lib/engine.ts";
import type { SelfCheck } from "../../lib/engine/self_check.ts";
import type { Project } from "../setup/project.ts";

/** In order of preference, as lib/engine.ts has them; that file needs node_modules, this one must not. */
export const ENGINE_NAMES: readonly EngineName[] = ["tensorflow", "webgpu", "wasm", "cpu"];

export interface EngineReport {
  readonly name: string;
  readonly loads: boolean;
  readonly description?: string;
  readonly check?: SelfCheck | null;
  /** To load and to check. */
  readonly seconds?: number;
  /** Why it does not load. */
  readonly reason?: string;
}

const TIMEOUT_MS = 120_000;

export function tryEngine(name: string, project: Project): EngineReport {
  const probe = join(project.folder, "scripts", "doctor", "probe_engine.ts");
  const { stdout, stderr, signal, error } = spawnSync(
    Deno.execPath(),
    ["run", "-A", "--quiet", probe, name],
    {
      cwd: project.folder,
      env: { ...project.env, NO_COLOR: "1" } as Record<string, string>,
      encoding: "utf8",
      timeout: TIMEOUT_MS,
    },
  );
  const answer = lastJsonLine(stdout ?? "");
  if (answer !== null && answer.error === undefined) return { ...answer, name, loads: true };
  const reason = answer?.error ?? (signal ? `its process was ended by ${signal}` : undefined) ??
    error?.message ?? stderr.trim().split("\n")[0];
  return { name, loads: false, reason: reason || "it gave no reason" };
}

interface Answer extends Omit<EngineReport, "name" | "loads"> {
  readonly error?: string;
}

function lastJsonLine(text: string): Answer | null {
  const line = text.trim().split("\n").findLast((line) => line.startsWith("{"));
  try {
    return line === undefined ? null : JSON.parse(line) as Answer;
  } catch {
    return null;
  }
}

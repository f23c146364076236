/** For tests: runs a command as a person would, in a process of its own. */
import { fileURLToPath } from "node:url";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param name Of the command; a dash in it stands for the underscore of its file. */
export async function runScript(name: string, ...args: string[]): Promise<Outcome> {
  const script = fileURLToPath(new URL(`./${name.replace("-", "_")}.ts`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

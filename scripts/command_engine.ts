/** The engine of a command's flags; a slow one is not chosen in silence. */
import { type Engine, type EngineOptions, loadEngine } from "../lib/engine.ts";

/**
 * Loads the engine, and says on standard error where a faster one was passed over.
 *
 * @param command For the message.
 * @throws {TypeError} If the engine, or any, cannot be loaded.
 */
export async function commandEngine(command: string, options: EngineOptions): Promise<Engine> {
  const engine = await loadEngine(options);
  const warning = passedOverText(engine);
  if (warning !== null) console.error(`${command}: ${warning}`);
  return engine;
}

/** Null where the best engine loaded, or the one that was asked for. */
export function passedOverText(
  { description, passedOver }: Pick<Engine, "description" | "passedOver">,
): string | null {
  if (passedOver.length === 0) return null;
  return `computes on ${description}, since faster ones did not load: ${
    passedOver.join("; ")
  } (see "deno task doctor")`;
}

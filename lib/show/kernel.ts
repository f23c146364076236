/** The kernel that runs the cell: one small interface over Deno's and tslab's. */
import type { EventEmitter } from "node:events";
import process from "node:process";

/** Renderings of one value by MIME type, richest first. */
export type Bundle = Readonly<Record<string, unknown>>;

export interface Kernel {
  readonly name: "deno" | "tslab";
  display(bundle: Bundle): Promise<void>;
  /** A display that is written again in place. */
  updatable(): (bundle: Bundle) => Promise<void>;
  /** Calls back at every press of Jupyter's Stop. */
  onStop(listener: () => void): void;
}

/** What of `Deno.jupyter` is used here. */
interface DenoJupyter {
  display(
    bundle: Bundle,
    options: { raw: true; update?: boolean; display_id?: string },
  ): Promise<void>;
}

/** What of tslab's public interface is used here. */
interface Tslab {
  readonly display: TslabDisplay;
  newDisplay(): TslabDisplay;
}
interface TslabDisplay {
  raw(mimeType: string, content: unknown): void;
}

/** The kernel around this code; null in a plain program. */
export function findKernel(): Kernel | null {
  const { Deno, __tslab__ } = globalThis as {
    Deno?: { readonly jupyter?: DenoJupyter };
    __tslab__?: { require(name: "tslab"): Tslab };
  };
  const jupyter = denoJupyter(Deno);
  if (jupyter) return denoKernel(jupyter);
  return __tslab__ ? tslabKernel(__tslab__.require("tslab")) : null;
}

/** Outside its kernel Deno throws, or has nothing, under that name. */
function denoJupyter(deno?: { readonly jupyter?: DenoJupyter }): DenoJupyter | undefined {
  try {
    return deno?.jupyter;
  } catch {
    return undefined;
  }
}

/** Both kernels hear Stop as a signal, which reaches JavaScript only between two pieces of work. */
function denoKernel(jupyter: DenoJupyter): Kernel {
  return {
    name: "deno",
    onStop: (listener) => void process.on("SIGINT", listener),
    display: (bundle) => jupyter.display(bundle, { raw: true }),
    updatable: () => {
      const display_id = crypto.randomUUID();
      let update = false;
      return (bundle) => {
        const options = { raw: true, display_id, update } as const;
        update = true;
        return jupyter.display(bundle, options);
      };
    },
  };
}

/**
 * What scripts/tslab/kernel.cjs makes of SIGINT: tslab takes the signal's listeners away while a cell starts, and one that
 * is added just then makes the next signal kill the process.
 */
const STOP_EVENT = "rd-pruning:stop";

/** tslab sends one MIME type a message: the first of the bundle. */
function tslabKernel(tslab: Tslab): Kernel {
  const events: EventEmitter = process;
  const send = (display: TslabDisplay, bundle: Bundle) => {
    const [mimeType, content] = Object.entries(bundle)[0];
    display.raw(mimeType, content);
    return Promise.resolve();
  };
  return {
    name: "tslab",
    display: (bundle) => send(tslab.display, bundle),
    updatable: () => {
      const display = tslab.newDisplay();
      return (bundle) => send(display, bundle);
    },
    onStop: (listener) => void events.on(STOP_EVENT, listener),
  };
}

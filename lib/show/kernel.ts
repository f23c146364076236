/** The kernel that runs the cell: one small interface over Deno's and tslab's. */
import process from "node:process";
import { superviseInDeno, superviseInTslab, type Supervision } from "./supervision.ts";

/** Renderings of one value by MIME type, richest first. */
export type Bundle = Readonly<Record<string, unknown>>;

export interface Kernel {
  readonly name: "deno" | "tslab";
  display(bundle: Bundle): Promise<void>;
  /** A display that is written again in place. */
  updatable(): (bundle: Bundle) => Promise<void>;
  /** Sees to it that a computation ends when its cell is stopped. Missing where nothing can be done. */
  readonly supervise?: () => Supervision;
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

function denoKernel(jupyter: DenoJupyter): Kernel {
  const { gc } = globalThis as { gc?: () => void };
  return {
    name: "deno",
    supervise: gc && (() => superviseInDeno(gc)),
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

/** tslab sends one MIME type a message: the first of the bundle. */
function tslabKernel(tslab: Tslab): Kernel {
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
    supervise: () => superviseInTslab(process),
  };
}

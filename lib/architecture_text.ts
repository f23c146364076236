/** An architecture as JSON text: how a weights file carries a network that this project has no builder for. */
import { z } from "zod";
import { architectureNamed, MODEL_NAMES } from "./models.ts";
import { ACTIVATIONS, type Architecture, inferShapes, type NetworkNode } from "./network.ts";
import { fieldPath, parseStrictJson } from "./strict_json.ts";

const SIZE = z.int("a whole number from 1").min(1, "a whole number from 1");
const MARGIN = z.int("a whole number from 0").min(0, "a whole number from 0");
const NAME = z.string("text").min(1, "text that is not empty");
const BASE = { name: NAME, inputs: z.array(NAME, "a list of names").min(1, "a list of names") };
const WINDOW = { kernel: SIZE, stride: SIZE, padding: MARGIN };
const FINITE = z.number("a finite number");

const NODE = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("conv"), ...BASE, outChannels: SIZE, ...WINDOW, bias: z.boolean() }),
  z.strictObject({ op: z.literal("depthwise"), ...BASE, multiplier: SIZE, ...WINDOW, bias: z.boolean() }),
  z.strictObject({ op: z.literal("linear"), ...BASE, outFeatures: SIZE, bias: z.boolean() }),
  z.strictObject({ op: z.literal("batchNorm"), ...BASE, epsilon: FINITE, momentum: FINITE }),
  z.strictObject({ op: z.enum(["maxPool", "avgPool"]), ...BASE, ...WINDOW }),
  z.strictObject({ op: z.literal("padShortcut"), ...BASE, stride: SIZE, outChannels: SIZE }),
  z.strictObject({
    op: z.literal("pad"),
    ...BASE,
    margins: z.tuple([MARGIN, MARGIN, MARGIN, MARGIN], "four whole numbers from 0"),
    value: FINITE.optional(),
  }),
  z.strictObject({
    op: z.literal("activation"),
    ...BASE,
    kind: z.enum(ACTIVATIONS),
    alpha: FINITE.optional(),
  }),
  z.strictObject({ op: z.literal("reshape"), ...BASE, shape: z.array(SIZE, "a list of sizes") }),
  z.strictObject({ op: z.literal("flatten"), ...BASE, order: z.enum(["hwc", "chw"]).optional() }),
  z.strictObject({ op: z.enum(["relu", "add", "concat", "globalAvgPool", "globalMaxPool"]), ...BASE }),
]);

const ARCHITECTURE = z.strictObject({
  inputShape: z.tuple([SIZE, SIZE, SIZE], "height, width and channels"),
  classCount: SIZE,
  nodes: z.array(NODE, "a list of nodes").min(1, "a list of nodes"),
});

type ArchitectureText = Omit<Architecture, "model" | "preprocessing">;

/** The text, or null where a builder of that name gives the same nodes. */
export function architectureText({ model, inputShape, classCount, nodes }: Architecture): string | null {
  const text = JSON.stringify({ inputShape, classCount, nodes } satisfies ArchitectureText);
  if (!MODEL_NAMES.includes(model)) return text;
  const own = architectureNamed(model);
  const { inputShape: shape, classCount: classes, nodes: built } = own;
  return text === JSON.stringify({ inputShape: shape, classCount: classes, nodes: built }) ? null : text;
}

/**
 * @returns Nodes that fit together, and end in one logit a class.
 * @throws {SyntaxError} If the text is no JSON.
 * @throws {TypeError} If a field is missing or wrong (its place named), or shapes do not fit.
 * @throws {RangeError} If a node reads what is not there, or nothing reads it.
 */
export function parseArchitectureText(text: string, model: string, from: string): ArchitectureText {
  const parsed = ARCHITECTURE.safeParse(parseStrictJson(text, `the architecture in ${from}`));
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new TypeError(
      `Cannot load ${from}: in its architecture, ${
        fieldPath(path as (string | number)[])
      } is wrong: ${message}`,
    );
  }
  const architecture = parsed.data as ArchitectureText;
  const { classCount, nodes } = architecture;
  const shapes = inferShapes({ ...architecture, model, preprocessing: { mean: [], std: [] } });
  const last: NetworkNode = nodes[nodes.length - 1];
  if (shapes.get(last.name)!.join() !== String(classCount)) {
    throw new TypeError(
      `Cannot load ${from}: its architecture must end in ${classCount} logits, got [${
        shapes.get(last.name)
      }]`,
    );
  }
  return architecture;
}

/** One line per layer: what each method prunes, and the reader's rules. */
import { methodStyle } from "../../charts/style.ts";
import { formatNumber, formatPercent } from "../../tables/format.ts";
import type { ExplorerData } from "../data.ts";
import type { MethodAnswer } from "../explore.ts";
import type { LayerRule } from "../rules.ts";
import { element } from "./dom.ts";

export interface LayerTable {
  readonly node: HTMLElement;
  readonly rules: () => LayerRule[];
  /** Takes all rules away. */
  readonly clear: () => void;
  readonly show: (ours: MethodAnswer, rivals: readonly MethodAnswer[]) => void;
}

/** @param onChange Called after each change of a rule. */
export function makeLayerTable(
  { layers, levels }: Pick<ExplorerData, "layers" | "levels">,
  onChange: () => void,
): LayerTable {
  let answer: readonly number[] = layers.map(() => 0);
  const lines = layers.map(({ name, weights }, i) => {
    const bound = (what: string) =>
      element("input", {
        type: "number",
        min: 0,
        max: 100,
        step: 1,
        "aria-label": `${what} sparsity of ${name}, in percent`,
      });
    const [least, most] = [bound("Least"), bound("Largest")];
    const pin = element("input", { type: "checkbox", "aria-label": `Pin ${name} where it is` });
    const pinned = element("span", {});
    let level: number | undefined;
    pin.addEventListener("change", () => {
      level = pin.checked ? nearest(levels, answer[i] / weights) : undefined;
      pinned.textContent = level === undefined ? "" : ` ${formatPercent(level, 0)}`;
      least.disabled = most.disabled = pin.checked;
      onChange();
    });
    for (const input of [least, most]) input.addEventListener("input", onChange);
    const rule = (): LayerRule => ({
      name,
      ...(level !== undefined && { pin: level }),
      ...(least.value !== "" && { least: least.valueAsNumber / 100 }),
      ...(most.value !== "" && { most: most.valueAsNumber / 100 }),
    });
    const clear = () => {
      [pin.checked, least.disabled, most.disabled, level] = [false, false, false, undefined];
      least.value = most.value = pinned.textContent = "";
    };
    const node = element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { align: "right" }, formatNumber(weights)),
      element("td", { align: "right" }, least),
      element("td", { align: "right" }, most),
      element("td", {}, element("label", {}, pin, pinned)),
    );
    return { node, rule, clear };
  });
  const head = element("tr");
  const headings = ["layer", "weights", "at least (%)", "at most (%)", "pin"];
  const body = element("tbody", {}, ...lines.map(({ node }) => node));
  const node = element(
    "table",
    {},
    element("caption", {}, "Rules for single layers, kept by ours alone, and what each method prunes"),
    element("thead", {}, head),
    body,
  );

  function show(ours: MethodAnswer, rivals: readonly MethodAnswer[]): void {
    answer = ours.pruned;
    const methods = [ours, ...rivals];
    head.replaceChildren(
      ...headings.map((text, i) =>
        element("th", { scope: "col", align: i === 0 || i === 4 ? "left" : "right" }, text)
      ),
      ...methods.map(({ method }) =>
        element("th", { scope: "col", align: "right" }, `${methodStyle(method).name} (%)`)
      ),
    );
    lines.forEach(({ node }, i) => {
      while (node.cells.length > headings.length) node.deleteCell(-1);
      for (const { pruned } of methods) {
        node.append(
          element(
            "td",
            { align: "right" },
            formatNumber(pruned[i] / layers[i].weights, { unit: "%", digits: 1 }),
          ),
        );
      }
    });
  }

  return {
    node,
    rules: () => lines.map(({ rule }) => rule()).filter((rule) => Object.keys(rule).length > 1),
    clear: () => lines.forEach(({ clear }) => clear()),
    show,
  };
}

function nearest(levels: readonly number[], share: number): number {
  return levels.reduce((best, level) => Math.abs(level - share) < Math.abs(best - share) ? level : best);
}

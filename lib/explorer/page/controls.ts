/** What is asked: cost, share to save, rivals to show. */
import { methodStyle } from "../../charts/style.ts";
import { formatPercent } from "../../tables/format.ts";
import { EXPLORER_COSTS, type ExplorerCost } from "../explore.ts";
import { COST_NAMES } from "../figures.ts";
import { element, freshId } from "./dom.ts";

/** The largest share that can be asked, in percent. */
const MOST_PERCENT = 99.9;

/** What the controls say now. */
export interface Asked {
  readonly cost: ExplorerCost;
  /** In [0, 1). */
  readonly saving: number;
  /** Methods shown beside ours. */
  readonly shown: ReadonlySet<string>;
}

export interface Controls {
  readonly node: HTMLElement;
  readonly asked: () => Asked;
}

/**
 * Cost buttons, slider with a field beside it, and a box per rival.
 *
 * @param onChange Called after each change.
 */
export function makeControls(
  { sparsity, rivals, shown }: {
    readonly sparsity: number;
    readonly rivals: readonly string[];
    readonly shown: ReadonlySet<string>;
  },
  onChange: () => void,
): Controls {
  const group = freshId();
  const costs = EXPLORER_COSTS.map((cost) => {
    const input = element("input", { type: "radio", name: group, value: cost, checked: cost === "weights" });
    return { cost, input, node: element("label", {}, input, ` ${COST_NAMES[cost]}`) };
  });
  const boxes = rivals.map((method) => {
    const input = element("input", { type: "checkbox", value: method, checked: shown.has(method) });
    const key = element("span", { class: "rd-key", style: `background:${methodStyle(method).colour}` });
    return { method, input, node: element("label", {}, input, key, methodStyle(method).name) };
  });
  const chosen = () => costs.find(({ input }) => input.checked)!.cost;
  const saving = makeSaving(sparsity, chosen, onChange);
  for (const { input } of [...costs, ...boxes]) {
    input.addEventListener("change", () => {
      saving.tell();
      onChange();
    });
  }
  const node = element(
    "div",
    { class: "rd-explorer-controls" },
    element("fieldset", {}, element("legend", {}, "Save"), ...costs.map(({ node }) => node)),
    saving.node,
    element("fieldset", {}, element("legend", {}, "Beside ours"), ...boxes.map(({ node }) => node)),
  );
  const asked = () => ({
    cost: chosen(),
    saving: saving.share(),
    shown: new Set(boxes.filter(({ input }) => input.checked).map(({ method }) => method)),
  });
  return { node, asked };
}

/** The slider in half percents, and a field for what lies between. */
function makeSaving(sparsity: number, cost: () => ExplorerCost, onChange: () => void) {
  const id = freshId();
  const start = String(Number((100 * sparsity).toFixed(3)));
  const slider = element("input", { id, type: "range", min: 0, max: 99.5, step: 0.5, value: start });
  const field = element("input", {
    type: "number",
    min: 0,
    max: MOST_PERCENT,
    step: 0.1,
    value: start,
    "aria-label": "Least share to save, in percent",
  });
  const what = element("span", {});
  let percent = Number(start);
  const tell = () => {
    what.textContent = COST_NAMES[cost()];
    slider.setAttribute("aria-valuetext", `${formatPercent(percent / 100)} of the ${COST_NAMES[cost()]}`);
  };
  slider.addEventListener("input", () => {
    percent = Number(slider.value);
    field.value = slider.value;
    tell();
    onChange();
  });
  field.addEventListener("input", () => {
    const value = field.valueAsNumber;
    const isAsked = value >= 0 && value <= MOST_PERCENT;
    field.setAttribute("aria-invalid", String(!isAsked));
    if (!isAsked) return; // half typed; the last answer stays
    percent = value;
    slider.value = String(value);
    tell();
    onChange();
  });
  tell();
  const label = element("label", { for: id }, "Least share of the ", what, " to save");
  const node = element(
    "div",
    { class: "rd-explorer-saving" },
    label,
    element("div", {}, slider, field, element("span", { "aria-hidden": "true" }, "%")),
  );
  return { node, tell, share: () => percent / 100 };
}

/** The live explorer: asks at each move, and shows the answer within the same turn. */
import type { FrontPoint } from "../../allocate.ts";
import { curveWords } from "../../charts/curve_words.ts";
import type { Figure } from "../../charts/figure.ts";
import { staticSvg } from "../../static_svg.ts";
import type { ExplorerData } from "../data.ts";
import { type Answer, type MethodAnswer, prepareExplorer } from "../explore.ts";
import { frontFigure, layerFigure } from "../figures.ts";
import { constraintsOf, rulesText } from "../rules.ts";
import { answerText } from "../words.ts";
import { type Asked, makeControls } from "./controls.ts";
import { element, freshId } from "./dom.ts";
import { makeLayerTable } from "./layer_table.ts";
import { methodTable } from "./method_table.ts";

/** Partial products that a move may cost before it settles for a bound; the rest follows when the hand rests. */
const EFFORT_OF_A_MOVE = 300_000;
/** Milliseconds without a move after which the proof is finished and the answer is read aloud. */
const REST = 350;
/** Shown beside ours at first. */
const FIRST_SHOWN = ["lamp", "global", "uniform"];

/** Puts a live explorer into an element, in place of what it holds. */
export function mountExplorer(host: HTMLElement, data: ExplorerData): void {
  const explorer = prepareExplorer(data);
  const methods = data.rivals.map(({ method }) => method);
  const rivalPoints = explorer.rivalPoints();
  const layerTable = makeLayerTable(data, update);
  const controls = makeControls(
    { sparsity: data.sparsity, rivals: methods, shown: new Set(FIRST_SHOWN) },
    update,
  );
  const result = element("p", { class: "rd-explorer-result" });
  const spoken = element("p", { class: "rd-unseen", role: "status", "aria-live": "polite" });
  const time = element("p", { class: "rd-explorer-time" });
  const kept = element("p", { class: "rd-explorer-kept" });
  const [bars, front] = [
    element("div", { class: "rd-explorer-drawing" }),
    element("div", { class: "rd-explorer-drawing" }),
  ];
  const table = element("div", { class: "rd-scroll", tabindex: 0, role: "region", "aria-label": "Methods" });
  const ruleCount = element("span");
  const clear = element("button", { type: "button" }, "Clear all rules");
  const rules = element(
    "details",
    { class: "rd-explorer-rules" },
    element("summary", {}, "Pins, floors and ceilings of layers", ruleCount),
    clear,
    element(
      "div",
      { class: "rd-scroll", tabindex: 0, role: "region", "aria-label": "Layers" },
      layerTable.node,
    ),
  );
  const { what, statistic, unit } = curveWords(data);
  const titleId = freshId();
  const panel = element(
    "div",
    { class: "rd-explorer-live", role: "group", "aria-labelledby": titleId },
    element(
      "p",
      { class: "rd-explorer-title" },
      element("strong", { id: titleId }, data.title),
      element("br"),
      element("small", {}, `${data.model}: ${what} (${unit}), ${statistic} over ${data.samples} inputs`),
    ),
    controls.node,
    result,
    kept,
    spoken,
    bars,
    front,
    table,
    rules,
    time,
    element(
      "p",
      { class: "rd-explorer-note" },
      "The distortion is the sum of the layers' curves (Eq. 2), before any fine-tuning: it ranks allocations, it is no " +
        "accuracy. Rivals are exact at every half percent of the weights, and linear between.",
    ),
  );

  let fronts: { readonly key: string; readonly points: FrontPoint[] } | undefined;
  let last: { readonly answer: Answer; readonly asked: Asked } | undefined;
  let resting: ReturnType<typeof setTimeout> | undefined;
  /** Of the drawings, in pixels; asking for it at each move would lay the page out anew. */
  let width = 0;

  /** Solves and draws; the time of both is shown. */
  function update(): void {
    const began = performance.now();
    const isSolved = solve(EFFORT_OF_A_MOVE);
    const solved = performance.now();
    if (isSolved) draw();
    const drawn = performance.now();
    panel.dataset.milliseconds = (drawn - began).toFixed(1);
    panel.dataset.moves = String(1 + Number(panel.dataset.moves ?? 0));
    time.textContent = `Solved in ${(solved - began).toFixed(1)} ms, drawn in ${
      (drawn - solved).toFixed(1)
    } ms, here in the page.`;
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
  }

  function rest(): void {
    if (last && !last.answer.ours.proved && solve()) draw();
    spoken.textContent = result.textContent;
  }

  /** Asks what the controls say; tells of a refusal in place of an answer. */
  function solve(effortLimit?: number): boolean {
    const now = controls.asked();
    const given = layerTable.rules();
    const question = { ...now, constraints: constraintsOf(given) };
    ruleCount.textContent = given.length === 0
      ? ""
      : ` (${given.length} ${given.length === 1 ? "layer" : "layers"})`;
    kept.textContent = `Rules that ours keeps: ${rulesText(given)}.`;
    try {
      const answer = explorer.ask(question, effortLimit === undefined ? {} : { effortLimit });
      const key = JSON.stringify([now.cost, given]);
      if (fronts?.key !== key) fronts = { key, points: explorer.front(question) };
      last = { answer, asked: now };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      result.textContent = `${error.message}. Below stands the last answer.`;
      panel.dataset.state = "refused";
      return false;
    }
    panel.dataset.state = last.answer.ours.proved ? "proved" : "bounded";
    result.textContent = answerText(now.cost, now.saving, last.answer);
    return true;
  }

  function draw(): void {
    if (last === undefined || fronts === undefined) return;
    const { answer, asked: { cost, shown } } = last;
    const isShown = (method: string) => shown.has(method);
    const rivals = answer.rivals.filter((rival): rival is MethodAnswer =>
      rival !== null && isShown(rival.method)
    );
    const points = rivalPoints.filter((_, i) => isShown(methods[i]));
    drawFigure(bars, layerFigure(data.layers, answer.ours, rivals), width);
    const found = { ours: answer.ours, rivals };
    drawFigure(front, frontFigure(cost, explorer.dense[cost], fronts.points, points, found, data), width);
    table.replaceChildren(methodTable(answer, methods, explorer.dense));
    if (rules.open) layerTable.show(answer.ours, rivals);
  }

  clear.addEventListener("click", () => {
    layerTable.clear();
    update();
  });
  rules.addEventListener("toggle", draw);
  host.replaceChildren(panel);
  width = bars.clientWidth;
  update();
  new ResizeObserver(() => {
    if (width === (width = bars.clientWidth)) return;
    draw();
  }).observe(bars);
}

/** As wide as the page has room, and never so narrow that labels collide. */
function drawFigure(place: HTMLElement, figure: Figure, width: number): void {
  place.innerHTML = staticSvg(figure, { heading: false, width: Math.max(340, width) });
}

/** One line per method: predicted distortion and what is left. */
import { methodStyle } from "../../charts/style.ts";
import { formatShort } from "../../tables/format.ts";
import { type Answer, type Explorer, EXPLORER_COSTS, type MethodAnswer } from "../explore.ts";
import { certificateText, leftText, timesText } from "../words.ts";
import { element } from "./dom.ts";

const HEADINGS = [
  "method",
  "predicted distortion",
  "against ours",
  "weights left",
  "MACs left",
  "sparse file",
  "certificate",
];

/** The table of an answer; `null` among the rivals is a rule that cannot save as much. */
export function methodTable(
  { ours, rivals }: Answer,
  methods: readonly string[],
  dense: Explorer["dense"],
): HTMLTableElement {
  const line = (answer: MethodAnswer, certificate: string) =>
    row(
      answer.method,
      formatShort(answer.distortion),
      timesText(answer, ours),
      ...EXPLORER_COSTS.map((cost) => leftText(cost, answer.left[cost], dense[cost])),
      certificate,
    );
  const rows = rivals.map((answer, i) =>
    answer === null ? row(methods[i], ...Array(5).fill("–"), "out of its reach") : line(answer, "–")
  );
  const head = HEADINGS.map((text, i) => element("th", { scope: "col", align: alignment(i) }, text));
  return element(
    "table",
    { class: "rd-explorer-methods" },
    element("caption", {}, "Every method at the least pruning that saves as much"),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, line(ours, certificateText(ours)), ...rows),
  );
}

function row(method: string, ...cells: string[]): HTMLTableRowElement {
  const { name, colour } = methodStyle(method);
  const key = element("span", { class: "rd-key", style: `background:${colour}` });
  return element(
    "tr",
    { "data-method": method },
    element("th", { scope: "row" }, key, name),
    ...cells.map((text, i) => element("td", { align: alignment(i + 1) }, text)),
  );
}

function alignment(column: number): string {
  return column === 0 || column === HEADINGS.length - 1 ? "left" : "right";
}

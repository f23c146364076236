/** One line per method: predicted distortion and what is left. */
import { methodStyle } from "../../charts/style.ts";
import { formatShort } from "../../tables/format.ts";
import { type Answer, type Explorer, EXPLORER_COSTS, type MethodAnswer } from "../explore.ts";
import { leftText, timesText } from "../words.ts";
import { element } from "./dom.ts";

const HEADINGS = [
  "method",
  "distortion",
  "against ours",
  "weights left",
  "MACs left",
  "sparse file",
];

/** The table of an answer; `null` among the rivals is a rule that cannot save as much. */
export function methodTable(
  { ours, rivals }: Answer,
  methods: readonly string[],
  dense: Explorer["dense"],
): HTMLTableElement {
  const line = (answer: MethodAnswer) =>
    row(
      answer.method,
      formatShort(answer.distortion),
      timesText(answer, ours),
      ...EXPLORER_COSTS.map((cost) => leftText(cost, answer.left[cost], dense[cost])),
    );
  const head = HEADINGS.map((text, i) => element("th", { scope: "col", align: alignment(i) }, text));
  return element(
    "table",
    { class: "rd-explorer-methods" },
    element("caption", {}, "Every method, pruned until it saves as much"),
    element("thead", {}, element("tr", {}, ...head)),
    element(
      "tbody",
      {},
      line(ours),
      ...rivals.map((answer, i) => answer === null ? outOfReach(methods[i]) : line(answer)),
    ),
  );
}

function row(method: string, ...cells: string[]): HTMLTableRowElement {
  const { name, colour } = methodStyle(method);
  const key = element("span", { class: "rd-key", style: `background:${colour}` });
  return element(
    "tr",
    { "data-method": method },
    element("th", { scope: "row" }, key, name),
    ...cells.map((text) => element("td", { align: "right" }, text)),
  );
}

function outOfReach(method: string): HTMLTableRowElement {
  const line = row(method);
  line.append(element("td", { colspan: HEADINGS.length - 1 }, "its rule cannot save as much"));
  return line;
}

function alignment(column: number): string {
  return column === 0 ? "left" : "right";
}

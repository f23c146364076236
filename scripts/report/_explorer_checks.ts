/** For tests: what the live explorer must do in the browser. */
import assert from "node:assert/strict";
import type { FrameLocator, Locator, Page } from "playwright-core";
import type { ExplorerData } from "../../lib/explorer/data.ts";
import { prepareExplorer, type Question } from "../../lib/explorer/explore.ts";
import { answerText } from "../../lib/explorer/words.ts";

const LIVE = ".rd-explorer-live";

/** The page itself, or a frame in it. */
type Place = Pick<Page, "locator"> | FrameLocator;

/** What the page says of a question must be what the library answers. */
async function assertAnswers(live: Locator, data: ExplorerData, question: Question): Promise<void> {
  const answer = prepareExplorer(data).ask(question);
  const expected = answerText(question.cost, question.saving, answer);
  assert.equal(await live.locator(".rd-explorer-result").textContent(), expected);
}

async function dataOf(place: Place): Promise<ExplorerData> {
  const [data] = JSON.parse(await place.locator("#rd-explorers").textContent() ?? "") as ExplorerData[];
  return data;
}

/** Slider, cost and rules by keyboard alone; each move answers anew. Prints the time that the page took. */
export async function checkExplorer(page: Page, place: Place = page): Promise<void> {
  const data = await dataOf(place);
  const live = place.locator(LIVE);
  await assertAnswers(live, data, { cost: "weights", saving: 0.7 });
  const slider = live.locator("input[type=range]");
  await slider.focus();
  const times: number[] = [];
  for (let move = 1; move <= 20; move++) {
    await page.keyboard.press("ArrowRight");
    assert.equal(await live.getAttribute("data-moves"), String(1 + move), "each move answers anew");
    times.push(Number(await live.getAttribute("data-milliseconds")));
  }
  assert.equal(await slider.getAttribute("aria-valuetext"), "80.0 % of the weights");
  await assertAnswers(live, data, { cost: "weights", saving: 0.8 });
  times.sort((a, b) => a - b);
  console.log(`a move of the explorer's slider took ${times[10]} ms (median), ${times[19]} ms at most`);
  await live.locator("input[value=weights]").focus();
  await page.keyboard.press("ArrowDown");
  await assertAnswers(live, data, { cost: "macs", saving: 0.8 });
  await page.keyboard.press("ArrowDown");
  await assertAnswers(live, data, { cost: "bytes", saving: 0.8 });
  await live.locator("[role=status]", { hasText: "of the bytes" }).waitFor({
    state: "attached",
  });
}

/** Pins, floors and what is out of reach. */
export async function checkExplorerRules(page: Page): Promise<void> {
  const data = await dataOf(page);
  const live = page.locator(LIVE);
  await live.locator("summary").focus();
  await page.keyboard.press("Enter");
  const line = (i: number) => live.locator(".rd-explorer-rules tbody tr").nth(i);
  await line(0).locator("input").first().fill("90");
  const floor = { floor: { [data.layers[0].name]: 0.9 } };
  await assertAnswers(live, data, { cost: "weights", saving: 0.7, constraints: floor });
  assert.ok(Number(await line(0).locator("td").nth(4).textContent()) >= 90);
  await line(0).locator("input").first().fill("");
  await line(1).locator("input[type=checkbox]").focus();
  const before = await line(1).locator("td").nth(4).textContent();
  await page.keyboard.press("Space");
  await live.locator("input[type=range]").focus();
  for (let move = 0; move < 20; move++) await page.keyboard.press("ArrowRight");
  assert.equal(await line(1).locator("td").nth(4).textContent(), before, "a pinned layer stays");
  assert.match(await live.locator(".rd-explorer-kept").textContent() ?? "", /keeps: .* pinned at /);
  await page.keyboard.press("End");
  await live.locator(".rd-explorer-result", { hasText: "the reachable interval is" }).waitFor();
  assert.equal(await live.getAttribute("data-state"), "refused");
  await page.keyboard.press("Home");
  assert.equal(await live.getAttribute("data-state"), "proved");
  await live.locator("input[aria-label^='Least share']").fill("33.3");
  await live.locator("button", { hasText: "Clear all rules" }).click();
  await assertAnswers(live, data, { cost: "weights", saving: 0.333 });
}

/** On paper stand question, answer and drawings; nothing to press. */
export async function checkExplorerPrinted(page: Page): Promise<void> {
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(`${LIVE} input:visible, ${LIVE} button:visible`).count(), 0);
  assert.equal(await page.locator(`${LIVE} .rd-explorer-drawing > svg:visible`).count(), 2);
  assert.match(await page.locator(".rd-explorer-kept").innerText(), /Rules that ours keeps: none/);
}

/** Without scripts there is the still figure, and the data as a table. */
export async function checkExplorerStill(page: Page): Promise<void> {
  assert.equal(await page.locator(LIVE).count(), 0);
  assert.equal(await page.locator(".rd-explorer svg.rd-static:visible").count(), 1);
}

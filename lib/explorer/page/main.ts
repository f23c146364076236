/** The page's script: brings every explorer of a page to life. What fails stays a still picture. */
import type { ExplorerData } from "../data.ts";
import { mountExplorer } from "./view.ts";

const stored = document.getElementById("rd-explorers")?.textContent ?? "[]";
const explorers = JSON.parse(stored) as ExplorerData[];

for (const host of document.querySelectorAll<HTMLElement>("[data-explorer]")) {
  const still = [...host.childNodes];
  try {
    mountExplorer(host, explorers[Number(host.dataset.explorer)]);
  } catch (error) {
    host.replaceChildren(...still);
    console.error(error);
  }
}

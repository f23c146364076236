/** One setup at a time in a clone: others wait. */
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../lib/store.ts";
import { type Project, stampFolder } from "./project.ts";

const POLL_MS = 1000;
const LONGEST_WAIT_MS = 30 * 60_000;

/**
 * Does work while no other setup runs in the same folder; waits for one that does.
 *
 * @param onWait Told once who is waited for.
 * @throws {FileError} With code `ELOCKED` if that takes more than half an hour.
 */
export async function withSetupLock<T>(
  project: Project,
  work: () => Promise<T>,
  onWait: (owner: string) => void = () => {},
): Promise<T> {
  mkdirSync(stampFolder(project), { recursive: true });
  const giveUp = performance.now() + LONGEST_WAIT_MS;
  for (let isFirst = true;; isFirst = false) {
    try {
      return await withLock(stampFolder(project), work);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code !== "ELOCKED" || performance.now() > giveUp) throw error;
      if (isFirst) onWait(message);
      await sleep(POLL_MS);
    }
  }
}

import assert from "node:assert/strict";
import { groupBy } from "./group_by.ts";

Deno.test("groupBy() groups as Map.groupBy does, in order", () => {
  const words = ["pear", "fig", "plum", "kiwi", "date", "lime", "yam"];
  const initial = (word: string) => word[0];
  assert.deepEqual([...groupBy(words, initial)], [...Map.groupBy(words, initial)]);
  assert.deepEqual([...groupBy([], initial)], []);
});

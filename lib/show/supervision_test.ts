import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { STOP_EVENT, superviseInDeno, superviseInTslab } from "./supervision.ts";

Deno.test("superviseInTslab() ends the computation at its next report after Stop, and listens no longer than it runs", () => {
  const events = new EventEmitter();
  const supervision = superviseInTslab(events);
  supervision.check();
  events.emit(STOP_EVENT);
  assert.throws(() => supervision.check(), {
    name: "RangeError",
    message: "Cannot go on: the cell was stopped",
  });
  supervision.end();
  assert.equal(events.listenerCount(STOP_EVENT), 0);
});

/** Runs work with a clock that only `tick` moves, by one poll. */
function withPolls(work: (tick: (polls: number) => void, timers: Set<() => void>) => void): void {
  const { setInterval, clearInterval } = globalThis;
  const timers = new Set<() => void>();
  const fakes = {
    setInterval: (poll: () => void) => (timers.add(poll), poll),
    clearInterval: (poll: () => void) => timers.delete(poll),
  };
  Object.assign(globalThis, fakes);
  try {
    work((polls) => {
      for (let i = 0; i < polls; i++) for (const poll of [...timers]) poll();
    }, timers);
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
  }
}

Deno.test("superviseInDeno() collects garbage only while the computation is silent, ten times at most", () => {
  withPolls((tick, timers) => {
    let collections = 0;
    const supervision = superviseInDeno(() => collections++);
    for (let i = 0; i < 20; i++) (tick(1), supervision.check());
    assert.equal(collections, 0);
    tick(3);
    assert.equal(collections, 2);
    tick(100);
    assert.deepEqual([collections, timers.size], [10, 0]);
    supervision.check(); // it was only slow
    tick(2);
    assert.equal(collections, 11);
    supervision.end();
    assert.equal(timers.size, 0);
  });
});

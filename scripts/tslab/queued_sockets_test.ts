import assert from "node:assert/strict";
import { createRequire } from "node:module";

/** As zeromq's sockets do: refuses a message while another is under way. */
class BusySocket {
  readonly sent: unknown[] = [];
  private isBusy = false;

  constructor(readonly options: Record<string, unknown> = {}) {}

  async send(message: unknown): Promise<void> {
    if (this.isBusy) throw new TypeError("Socket is busy writing");
    this.isBusy = true;
    await new Promise((resume) => setTimeout(resume));
    this.isBusy = false;
    if (message === "refused") throw new TypeError("Cannot send");
    this.sent.push(message);
  }
}

const queued = createRequire(import.meta.url)("./queued_sockets.cjs") as (
  socket: typeof BusySocket,
) => typeof BusySocket;

Deno.test("queued() sends what is sent at once, in order and without a limit", async () => {
  const socket = new (queued(BusySocket))({ linger: 0 });
  await Promise.all([1, 2, 3].map((message) => socket.send(message)));
  assert.deepEqual(socket.sent, [1, 2, 3]);
  assert.deepEqual(socket.options, { linger: 0, sendHighWaterMark: 0 });
});

Deno.test("queued() goes on after a message that was refused", async () => {
  const socket = new (queued(BusySocket))();
  const refused = socket.send("refused");
  await socket.send(2);
  await assert.rejects(refused, { message: "Cannot send" });
  assert.deepEqual(socket.sent, [2]);
});

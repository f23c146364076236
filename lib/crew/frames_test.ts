import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { bytesOf, bytesOfJson, createFrameReader, floatsOf, jsonOf, writeFrame } from "./frames.ts";

Deno.test("a reader gives the messages as they were written, however the stream cuts them", async () => {
  const messages = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(70_000).fill(7)];
  const pipe = new PassThrough();
  const written = (async () => {
    for (const message of messages) await writeFrame(pipe, message);
    pipe.end();
  })();
  const bytes: Uint8Array[] = [];
  for await (const chunk of pipe) bytes.push(chunk);
  await written;
  const stream = bytes.flatMap((chunk) => [...chunk]);
  assert.deepEqual(stream.slice(0, 7), [3, 0, 0, 0, 1, 2, 3]); // by hand

  for (const size of [1, 3, 5, 4096, stream.length]) {
    const chunks = Array.from(
      { length: Math.ceil(stream.length / size) },
      (_, i) => Uint8Array.from(stream.slice(i * size, (i + 1) * size)),
    );
    const reader = createFrameReader(Readable.from(chunks));
    for (const message of messages) assert.deepEqual(await reader.read(), message);
    assert.equal(await reader.read(), null);
  }
});

Deno.test("a reader gives null for a message that the stream's end cuts short", async () => {
  for (const bytes of [[], [4, 0], [4, 0, 0, 0], [4, 0, 0, 0, 1, 2, 3]]) {
    const reader = createFrameReader(Readable.from(bytes.length === 0 ? [] : [Uint8Array.from(bytes)]));
    assert.equal(await reader.read(), null);
  }
});

Deno.test("floatsOf() is the inverse of bytesOf(), of a part of an array too", () => {
  const whole = Float32Array.of(1, -2.5, NaN, 1e-40);
  assert.deepEqual(floatsOf(bytesOf(whole).slice()), whole);
  assert.deepEqual(floatsOf(bytesOf(whole.subarray(1, 3)).slice()), Float32Array.of(-2.5, NaN));
});

Deno.test("jsonOf() is the inverse of bytesOfJson(), to the bit of a number", () => {
  const value = { count: 3, time: { learningRate: 0.1 + 0.2, step: 2 ** 40 } };
  assert.deepEqual(jsonOf(bytesOfJson(value)), value);
});

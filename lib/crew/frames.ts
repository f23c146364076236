/** Messages over a byte stream between processes: the length as four bytes, little-endian, then the bytes. */
import { Buffer } from "node:buffer";
import type { Readable, Writable } from "node:stream";

const LENGTH_BYTES = 4;

export interface FrameReader {
  /** The next message in memory of its own, or null where the stream ends before it is whole. */
  read(): Promise<Uint8Array | null>;
}

export function createFrameReader(stream: Readable): FrameReader {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let rest: Uint8Array = new Uint8Array(0);

  async function take(length: number): Promise<Uint8Array | null> {
    const whole = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done) return null;
        rest = value;
      }
      const part = rest.subarray(0, length - filled);
      whole.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
    }
    return whole;
  }

  return {
    async read() {
      const header = await take(LENGTH_BYTES);
      return header && take(new DataView(header.buffer).getUint32(0, true));
    },
  };
}

/** Resolves when the system has taken all of it; whoever computes on before that leaves the receiver waiting. */
export function writeFrame(stream: Writable, message: Uint8Array): Promise<void> {
  const header = Buffer.alloc(LENGTH_BYTES);
  header.writeUInt32LE(message.length);
  return new Promise((resolve, reject) => {
    stream.write(header);
    stream.write(message, (error) => error ? reject(error) : resolve());
  });
}

/** A vector's own bytes; no copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Plain values as JSON, in which every finite number keeps its bits. */
export function bytesOfJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function jsonOf(message: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(message));
}

/** The inverse of {@linkcode bytesOf}, for a message as {@linkcode FrameReader} gives it. */
export function floatsOf({ buffer }: Uint8Array): Float32Array {
  return new Float32Array(buffer);
}

import { crc32 } from "node:zlib";
import type { ByteInput } from "../byte_input.ts";
import { coalesce } from "../coalesce.ts";
import type { Codec } from "./codec.ts";
import { corrupt, junkBehind, truncated } from "./damage.ts";
import { inflate } from "./inflate.ts";

/** Members of block-wise files are small: their outputs are joined. */
const MIN_CHUNK_BYTES = 256 * 1024;

const FLAG_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;

/** gzip: any number of members, and zero padding behind the last one. */
export const gzip: Codec = {
  name: "gzip",
  magic: [[0x1f, 0x8b]],
  decode: (input, shown) => coalesce(members(input, shown), MIN_CHUNK_BYTES),
};

async function* members(input: ByteInput, shown: string): AsyncGenerator<Uint8Array> {
  try {
    do {
      const start = input.position;
      await readHeader(input, shown);
      let crc = 0;
      let length = 0;
      for await (const chunk of inflate(input, shown)) {
        crc = crc32(chunk, crc);
        length = (length + chunk.length) >>> 0;
        yield chunk;
      }
      const trailer = await input.take(8);
      if (trailer === null) throw truncated(input, shown);
      const view = new DataView(trailer.buffer, trailer.byteOffset);
      if (view.getUint32(0, true) !== crc >>> 0 || view.getUint32(4, true) !== length) {
        throw corrupt(shown, `the checksum of the data from byte ${start} on is wrong`, start);
      }
    } while (await hasMember(input, shown));
  } finally {
    await input.close();
  }
}

/** Passes over zero padding and looks for another member. */
async function hasMember(input: ByteInput, shown: string): Promise<boolean> {
  let padding = 0;
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    const data = chunk.findIndex((byte) => byte !== 0);
    if (data < 0) {
      padding += chunk.length;
      continue;
    }
    input.unread(chunk.subarray(data));
    padding += data;
    const [first, second] = await input.peek(2);
    if (padding === 0 && first === 0x1f && second === 0x8b) return true;
    throw junkBehind(shown, input.position);
  }
  return false;
}

async function readHeader(input: ByteInput, shown: string): Promise<void> {
  const start = input.position;
  const head = await input.take(10);
  if (head === null) throw truncated(input, shown);
  const [id1, id2, method, flags] = head;
  if (id1 !== 0x1f || id2 !== 0x8b || method !== 8 || (flags & 0xe0) !== 0) {
    throw corrupt(shown, `there is no valid gzip header at byte ${start}`, start);
  }
  if (flags & FLAG_EXTRA) {
    const size = await input.take(2);
    if (size === null || await input.take(size[0] + size[1] * 256) === null) {
      throw truncated(input, shown);
    }
  }
  if (flags & FLAG_NAME) await skipText(input, shown);
  if (flags & FLAG_COMMENT) await skipText(input, shown);
  if (flags & FLAG_CRC && await input.take(2) === null) throw truncated(input, shown);
}

/** Passes over bytes up to and including a zero. */
async function skipText(input: ByteInput, shown: string): Promise<void> {
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    const end = chunk.indexOf(0);
    if (end < 0) continue;
    input.unread(chunk.subarray(end + 1));
    return;
  }
  throw truncated(input, shown);
}

import type { ByteStrings } from "../../../rows/stored/stored_rows.ts";

/** Byte strings where they lie in a page: none is an object until it is asked for. */
export class PageStrings implements ByteStrings {
  constructor(
    readonly bytes: Uint8Array,
    readonly starts: Int32Array,
    readonly ends: Int32Array,
    readonly length: number,
  ) {}

  at(index: number): Uint8Array | undefined {
    if (!(index < this.length)) return undefined;
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }
}

/** Strings that each begin with their length. */
export function readStrings(bytes: Uint8Array, at: number, count: number): PageStrings {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const start = at + 4;
    if (start > bytes.length) throw new Error("a byte string is cut");
    const length = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
    at = start + length;
    if (length < 0 || at > bytes.length) throw new Error("a byte string is cut");
    starts[i] = start;
    ends[i] = at;
  }
  return new PageStrings(bytes, starts, ends, count);
}

/** Strings of one length, which are there. */
export function fixedStrings(
  bytes: Uint8Array,
  at: number,
  count: number,
  length: number,
): PageStrings {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    ends[i] = at += length;
  }
  return new PageStrings(bytes, starts, ends, count);
}

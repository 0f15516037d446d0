import { constants, crc32, deflateRawSync } from "node:zlib";
import { joined, type Part } from "./layout.ts";

/** Bytes handed to the disk at once: more is never held. */
const PIECE_BYTES = 1 << 20;

/** Part of a large file: some bytes, this many times. */
export interface Repeated {
  readonly part: Part;
  readonly times: number;
}

/** Writes a large file piece by piece; returns its length in bytes. */
export function writeLarge(path: string, parts: readonly (Part | Repeated)[]): number {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  let length = 0;
  for (const each of parts) {
    const { part, times } = isRepeated(each) ? each : { part: each, times: 1 };
    const unit = joined([part]);
    const perPiece = Math.max(1, Math.min(times, Math.floor(PIECE_BYTES / unit.length)));
    const piece = joined(Array.from({ length: perPiece }, () => unit));
    for (let left = times; left > 0; left -= perPiece) {
      write(file, piece.subarray(0, Math.min(left, perPiece) * unit.length));
    }
    length += unit.length * times;
  }
  return length;
}

/** Writes one gzip member that unpacks to `before`, `zeros` bytes of zero, and `after`. */
export function writeBomb(path: string, before: string, zeros: number, after: string): void {
  const unit = new Uint8Array(16 << 20);
  const times = zeros / unit.length;
  if (!Number.isInteger(times)) throw new Error("A bomb is made of units of 16 MiB");
  // Flushed in full, blocks know nothing of each other and can be written any number of times.
  const flush = { finishFlush: constants.Z_FULL_FLUSH };
  const first = joined(before);
  const last = joined(after);
  const packed = new Uint8Array(deflateRawSync(unit, flush));
  let crc = crc32(first);
  for (let i = 0; i < times; i++) crc = crc32(unit, crc);
  crc = crc32(last, crc);
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, (first.length + zeros + last.length) >>> 0, true);
  writeLarge(path, [
    Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
    new Uint8Array(deflateRawSync(first, flush)),
    { part: packed, times },
    new Uint8Array(deflateRawSync(last)),
    new Uint8Array(trailer.buffer),
  ]);
}

function isRepeated(part: Part | Repeated): part is Repeated {
  return typeof part === "object" && "part" in part;
}

function write(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

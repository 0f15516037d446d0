import type { BatchArrays, RecordBatch, Unescape } from "../rows/record_batch.ts";

/** How much of a record is kept for the user when the record is too long. */
export const RAW_LIMIT = 1024;

/** A batch without room for anything, but where it has a home. */
export function emptyBatch(unescape: Unescape, home?: BatchArrays): RecordBatch {
  return {
    bytes: new Uint8Array(0),
    starts: new Int32Array(0),
    ends: new Int32Array(0),
    flags: new Uint8Array(0),
    recordStarts: new Int32Array(0),
    recordEnds: new Int32Array(0),
    lines: new Float64Array(0),
    ...home,
    base: 0,
    width: 0,
    count: 0,
    malformed: [],
    unescape,
  };
}

/** Whether a batch lies where it began. */
export function isHome(batch: RecordBatch, home: BatchArrays): boolean {
  return batch.bytes === home.bytes && batch.starts === home.starts && batch.lines === home.lines;
}

/** Moves a batch without records back to its home, with the bytes and fields that it has begun. */
export function comeHome(batch: RecordBatch, home: BatchArrays, bytes: number, fields: number) {
  home.bytes.set(batch.bytes.subarray(0, bytes));
  home.starts.set(batch.starts.subarray(0, fields));
  home.ends.set(batch.ends.subarray(0, fields));
  home.flags.fill(0);
  home.flags.set(batch.flags.subarray(0, fields));
  Object.assign(batch, home);
}

/** Makes room for so many fields and records in all, and keeps those there. */
export function reserve(batch: RecordBatch, fields: number, records: number): void {
  if (fields > batch.starts.length) {
    const size = Math.max(fields, batch.starts.length * 2);
    batch.starts = grownCopy(batch.starts, new Int32Array(size));
    batch.ends = grownCopy(batch.ends, new Int32Array(size));
    batch.flags = grownCopy(batch.flags, new Uint8Array(size));
  }
  if (records > batch.lines.length) {
    const size = Math.max(records, batch.lines.length * 2);
    batch.recordStarts = grownCopy(batch.recordStarts, new Int32Array(size));
    batch.recordEnds = grownCopy(batch.recordEnds, new Int32Array(size));
    batch.lines = grownCopy(batch.lines, new Float64Array(size));
  }
}

function grownCopy<T extends Int32Array | Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

import type { Reject } from "../core/reject.ts";
import type { FieldReader } from "./field_reader.ts";
import type { MalformedRecord, RecordBatch } from "./record_batch.ts";
import type { Problem } from "./types/encoder.ts";

/** A value is cut to this many characters in a message. */
const MESSAGE_VALUE = 80;

/** A reject of a record whose field, as it was read, has a problem. */
export function rejected(
  batch: RecordBatch,
  record: number,
  column: { readonly name: string; readonly field: number },
  field: FieldReader,
  problem: Problem,
): Reject {
  const start = batch.recordStarts[record];
  const place = batch.place === undefined ? "" : ` (${batch.place(record, column.field)})`;
  const value = field.isNull ? "NULL" : shown(field.bytes, field.start, field.end);
  const isForeign = problem.code === "invalid_utf8" && batch.encoding !== undefined;
  return {
    line: batch.lines[record],
    byteOffset: batch.base + start,
    column: column.name,
    code: isForeign ? "invalid_encoding" : problem.code,
    message: `${value} is not ${isForeign ? `valid ${batch.encoding}` : problem.expected}${place}`,
    raw: batch.raw?.(record) ?? batch.bytes.slice(start, batch.recordEnds[record]),
  };
}

/** Stands for a reject that is only counted. */
export const COUNTED: Reject = {
  line: 0,
  byteOffset: 0,
  column: null,
  code: "",
  message: "",
  raw: new Uint8Array(0),
};

/** A reject of a record that is no row at all. */
export function fromMalformed(
  { bytes }: RecordBatch,
  { line, byteOffset, code, message, start, end }: MalformedRecord,
  countOnly: boolean,
): Reject {
  if (countOnly) return COUNTED;
  return { line, byteOffset, column: null, code, message, raw: bytes.slice(start, end) };
}

function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    bytes.subarray(start, Math.min(end, start + MESSAGE_VALUE * 4)),
  );
  const points = [...text];
  const cut = points.length > MESSAGE_VALUE || end - start > MESSAGE_VALUE * 4;
  return `"${cut ? points.slice(0, MESSAGE_VALUE).join("") + "…" : text}"`;
}

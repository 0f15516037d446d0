import type { RecordBatch } from "../../src/rows/record_batch.ts";
import { ESCAPED, QUOTED } from "../../src/rows/record_batch.ts";

/**
 * A batch of the given records, made without the CSV reader: fields are split at `|`, records at
 * newlines, a field in `"` is quoted, and `""` inside it is an escaped quote.
 */
export function splitRecords(text: string, base = 0): RecordBatch {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(text);
  const records = text.split("\n").filter((record) => record !== "");
  const width = records[0]?.split("|").length ?? 0;
  const starts: number[] = [];
  const ends: number[] = [];
  const flags: number[] = [];
  const recordStarts: number[] = [];
  const recordEnds: number[] = [];
  let at = 0;
  for (const record of records) {
    recordStarts.push(at);
    for (const field of record.split("|")) {
      const end = at + encoder.encode(field).length;
      const quoted = field.length > 1 && field.startsWith('"') && field.endsWith('"');
      starts.push(quoted ? at + 1 : at);
      ends.push(quoted ? end - 1 : end);
      flags.push(quoted ? QUOTED | (field.slice(1, -1).includes('""') ? ESCAPED : 0) : 0);
      at = end + 1;
    }
    recordEnds.push(at - 1);
  }
  return {
    bytes,
    base,
    width,
    count: records.length,
    starts: Int32Array.from(starts),
    ends: Int32Array.from(ends),
    flags: Uint8Array.from(flags),
    recordStarts: Int32Array.from(recordStarts),
    recordEnds: Int32Array.from(recordEnds),
    lines: Float64Array.from(records, (_, r) => r + 1),
    malformed: [],
    unescape(bytes, start, end, out) {
      const text = new TextDecoder().decode(bytes.subarray(start, end)).replaceAll('""', '"');
      return encoder.encodeInto(text, out).written;
    },
  };
}

import { ESCAPED, MISSING, NULL, QUOTED, STRING } from "../../src/core/field_flags.ts";
import type { MalformedRecord, RecordBatch, RecordSplitter } from "../../src/rows/record_batch.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";

export interface ReadRecord {
  readonly line: number;
  readonly offset: number;
  readonly raw: string;
  readonly fields: readonly string[];
  readonly quoted: readonly boolean[];
}

export interface ReadFile {
  readonly header: readonly string[] | null;
  readonly records: readonly ReadRecord[];
  readonly malformed:
    readonly (Omit<MalformedRecord, "start" | "end"> & { readonly raw: string })[];
}

/** Reads a file given in chunks, slowly and completely, and checks that each batch is coherent. */
export function readRecords(
  chunks: Iterable<Uint8Array>,
  options: CsvOptions,
  splitter?: RecordSplitter,
): ReadFile {
  const reader = openReader(options, undefined, splitter);
  const records: ReadRecord[] = [];
  const malformed: ReadFile["malformed"][number][] = [];
  function add(batch: RecordBatch | null): void {
    if (batch === null) return;
    for (let r = 0; r < batch.count; r++) records.push(recordOf(batch, r, options));
    for (const { start, end, ...each } of batch.malformed) {
      malformed.push({ ...each, raw: decode(batch.bytes.slice(start, end)) });
    }
  }
  for (const chunk of chunks) {
    // The reader may keep nothing of the caller's buffer.
    const lent = chunk.slice();
    add(reader.push(lent));
    lent.fill(0x21);
  }
  add(reader.finish());
  return { header: reader.header, records, malformed };
}

/** The file cut at the given places. */
export function* split(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    yield bytes.subarray(from, place);
    from = place;
  }
  yield bytes.subarray(from);
}

/** What a field is: a text in JSON for a string, the JSON itself for others, "-" for none. */
export function jsonField(batch: RecordBatch, record: number, field: number): string {
  const at = record * batch.width + field;
  const flags = field < batch.width ? batch.flags[at] : NULL | MISSING;
  if (flags & MISSING) return "-";
  if (flags & NULL) return "null";
  const text = flags & ESCAPED
    ? unescaped(batch, at)
    : decode(batch.bytes.subarray(batch.starts[at], batch.ends[at]));
  return flags & STRING ? JSON.stringify(text) : text;
}

function recordOf(batch: RecordBatch, r: number, options: CsvOptions): ReadRecord {
  const fields: string[] = [];
  const quoted: boolean[] = [];
  for (let f = 0; f < batch.width; f++) {
    const at = r * batch.width + f;
    const text = decode(batch.bytes.subarray(batch.starts[at], batch.ends[at]));
    const isEscaped = (batch.flags[at] & ESCAPED) !== 0;
    fields.push(
      !isEscaped ? text : options.backslashEscapes ? unescaped(batch, at) : unescape(text, options),
    );
    quoted.push((batch.flags[at] & QUOTED) !== 0);
  }
  return {
    line: batch.lines[r],
    offset: batch.base + batch.recordStarts[r],
    raw: decode(batch.bytes.subarray(batch.recordStarts[r], batch.recordEnds[r])),
    fields,
    quoted,
  };
}

function unescaped(batch: RecordBatch, at: number): string {
  const out = new Uint8Array(batch.ends[at] - batch.starts[at]);
  return decode(
    out.subarray(0, batch.unescape(batch.bytes, batch.starts[at], batch.ends[at], out)),
  );
}

function unescape(text: string, { quote, escape }: CsvOptions): string {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === escape && (text[i + 1] === quote || text[i + 1] === escape)) i++;
    result += text[i];
  }
  return result;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

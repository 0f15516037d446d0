import { NESTED, NULL, QUOTED } from "../../../core/field_flags.ts";
import type { RecordBatch } from "../../../rows/record_batch.ts";
import type { StoredRows, StoredSegment } from "../../../rows/stored/stored_rows.ts";
import type { ParquetOptions } from "../../../spec/formats/parquet.ts";
import { emptyBatch, RAW_LIMIT } from "../../growing_batch.ts";
import { type FieldSource, LeafSource, NestedSource } from "./stored_fields.ts";
import { LeafReader } from "./leaf_reader.ts";
import type { NestedWriter } from "./nested.ts";
import { TextWriter } from "./text_writer.ts";

/** Bytes of values that a batch has: its tuples stay in the processor's cache. */
const BATCH_BYTES = 1 << 19;
const MOST_ROWS = 1 << 12;
/** Bytes that a value takes, but for a text. */
const VALUE_BYTES = 12;

/** A field of the file that is read. */
export interface ReadField {
  /** Place among the fields of the file. */
  readonly index: number;
  readonly writer: LeafReader | NestedWriter;
}

/** Where a group's rows stand, and how they are told. */
export interface GroupPlace {
  /** Fields of the file. */
  readonly width: number;
  /** Rows of the file, and of the load, before the group. */
  readonly rowsBefore: number;
  readonly base: number;
  /** Where a record stands, beside its line, by its row in the group from 1. */
  place(row: number): string;
  /** The record as rejects keep it. */
  raw(text: RecordBatch): Uint8Array;
}

/** Goes through the rows of a group, column by column: the offset of a row is its number. */
export async function* storedBatches(
  rows: number,
  fields: readonly ReadField[],
  options: ParquetOptions,
  group: GroupPlace,
): AsyncGenerator<RecordBatch, void, undefined> {
  const sources = fields.map(({ writer }) =>
    writer instanceof LeafReader ? new LeafSource(writer) : new NestedSource(writer)
  );
  const emptyFlags = options.nullValues.includes("") ? 0 : QUOTED;
  const byIndex: FieldSource[] = [];
  fields.forEach(({ index }, f) => byIndex[index] = sources[f]);
  const most = Math.max(
    1,
    Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / (VALUE_BYTES * Math.max(1, fields.length)))),
  );
  const bytes = new Float64Array(most);
  // Used again for each batch.
  const arrays: RowArrays = {
    recordStarts: Int32Array.from({ length: most }, (_, row) => row),
    recordEnds: Int32Array.from({ length: most }, (_, row) => row + 1),
    lines: new Float64Array(most),
  };
  for (let row = 0; row < rows;) {
    let count = Math.min(most, rows - row);
    for (const source of sources) count = Math.min(count, await source.load(count));
    for (const source of sources) source.look(count);
    bytes.fill(0);
    const short = sources.reduce((sum, source) => sum + source.measure(count, bytes), 0);
    const fitting = rowsThatFit(bytes, count);
    if (fitting < count) {
      count = fitting;
      for (const source of sources) source.look(count);
    }
    const suspects = tooLong(bytes.subarray(0, count), options.maxRecordBytes - short);
    yield storedBatch(row, count, byIndex, suspects, emptyFlags, options, group, arrays);
    for (const source of sources) source.advance(count);
    row += count;
  }
}

/** Rows whose texts come to a batch; the first one always. */
function rowsThatFit(bytes: Float64Array, count: number): number {
  let sum = 0;
  for (let row = 0; row < count; row++) {
    sum += bytes[row];
    if (sum > BATCH_BYTES && row > 0) return row;
  }
  return count;
}

/** Marks what may be longer than a record may be; null where nothing is. */
function tooLong(bytes: Float64Array, most: number): Uint8Array | null {
  for (let row = 0; row < bytes.length; row++) {
    if (bytes[row] > most) return Uint8Array.from(bytes, (size) => size > most ? 1 : 0);
  }
  return null;
}

type RowArrays = Pick<RecordBatch, "recordStarts" | "recordEnds" | "lines">;

function storedBatch(
  first: number,
  rows: number,
  fields: readonly (FieldSource | undefined)[],
  suspects: Uint8Array | null,
  emptyFlags: number,
  options: ParquetOptions,
  group: GroupPlace,
  arrays: RowArrays,
): RecordBatch {
  const line = group.rowsBefore + first + 1;
  const text = textRows(fields, emptyFlags, options, group, first);
  const { lines } = arrays;
  for (let row = 0; row < rows; row++) lines[row] = line + row;
  const stored: StoredRows = { rows, fields, emptyFlags, suspects };
  return {
    ...emptyBatch(() => 0),
    ...arrays,
    base: group.base + first,
    width: group.width,
    count: rows,
    stored,
    text,
    place: (record) => group.place(first + record + 1),
    raw: (record) => group.raw(text(record)),
  };
}

/** Writes rows of a batch as texts, one by one. */
function textRows(
  fields: readonly (FieldSource | undefined)[],
  emptyFlags: number,
  { maxRecordBytes }: ParquetOptions,
  group: GroupPlace,
  first: number,
): (row: number) => RecordBatch {
  const { width } = group;
  return (row) => {
    const out = new TextWriter(new Uint8Array(256));
    const batch = emptyBatch(() => 0);
    batch.base = group.base + first + row;
    batch.width = width;
    batch.starts = new Int32Array(width);
    batch.ends = new Int32Array(width);
    batch.flags = new Uint8Array(width).fill(NULL);
    fields.forEach((field, f) => {
      if (field === undefined) return;
      const start = out.length;
      if (!putRow(field, row, out)) return;
      batch.starts[f] = start;
      batch.ends[f] = out.length;
      batch.flags[f] = start === out.length
        ? emptyFlags
        : field.type.kind === "nested"
        ? NESTED
        : 0;
    });
    const line = group.rowsBefore + first + row + 1;
    batch.bytes = out.bytes;
    if (out.length > maxRecordBytes) {
      batch.malformed.push({
        line,
        byteOffset: batch.base,
        code: "record_too_long",
        message: `The record is longer than ${maxRecordBytes} bytes`,
        start: 0,
        end: Math.min(RAW_LIMIT, out.length),
      });
      return batch;
    }
    batch.count = 1;
    batch.recordStarts = new Int32Array(1);
    batch.recordEnds = Int32Array.of(out.length);
    batch.lines = Float64Array.of(line);
    batch.place = () => group.place(first + row + 1);
    batch.raw = () => group.raw(batch);
    return batch;
  };
}

/** Writes the value of a row; false where it is NULL. */
function putRow(field: FieldSource, row: number, out: TextWriter): boolean {
  const segment = field.segments.find(({ from, to }) => row >= from && row < to)!;
  const index = valueIndex(segment, row);
  if (index < 0) return false;
  const { values } = segment;
  if (field.type.kind === "nested") {
    if ("starts" in values) out.copy(values.bytes, values.starts[index], values.ends[index]);
    return true;
  }
  const { bytes, length } = field.textOf("starts" in values ? values.at(index) : values[index]);
  out.copy(bytes, 0, length);
  return true;
}

/** Where the value of a row is; -1: it has none. */
function valueIndex({ from, def, defAt, full, at, indices }: StoredSegment, row: number): number {
  let next = at;
  if (def === null) next += row - from;
  else {
    for (let level = defAt; level < defAt + row - from; level++) if (def[level] === full) next++;
    if (def[defAt + row - from] !== full) return -1;
  }
  return indices === null ? next : indices[next];
}

import { NESTED, NULL, QUOTED, STRING } from "../../../core/field_flags.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { ParquetOptions } from "../../../spec/formats/parquet.ts";
import { comeHome, emptyBatch, isHome, RAW_LIMIT, reserve } from "../../growing_batch.ts";
import type { ByteRange, RandomInput } from "../../random_input.ts";
import type { Wanted } from "../format.ts";
import { decoding, notAvailable, type Place } from "./faults.ts";
import { type Footer, type Group, type Node, readFooter } from "./footer.ts";
import { bytesRead, LeafReader } from "./leaf_reader.ts";
import { leafText } from "./leaf_text.ts";
import { NestedWriter, putJsonValue } from "./nested.ts";
import { storedBatches } from "./stored_group.ts";
import { putJsonString, TextWriter } from "./text_writer.ts";

/** Bytes of text that a batch comes to: its tuples fit into a frame. */
const BATCH_BYTES = 1 << 16;
/** Rows of the first batch, whose lengths nobody knows, and of the longest one. */
const FIRST_ROWS = 64;
const MOST_ROWS = 1 << 13;
const LF = 10;

/** What writes the values of a field, row by row. */
type FieldWriter = LeafReader | NestedWriter;

/** A field that is read. */
interface Field {
  /** Place among the fields of the file. */
  readonly index: number;
  readonly node: Node;
  readonly asBytea: boolean;
}

/**
 * Reads rows as texts, each as Postgres writes it, so that types, rules and duplicates are those of
 * every other format.
 *
 * An offset counts bytes of these texts; the line of a row is its number in the file.
 */
export class ParquetRows {
  header: readonly string[] | null = null;
  readonly #options: ParquetOptions;
  readonly #wanted: Wanted;
  readonly #home: BatchArrays | undefined;
  readonly #batch: RecordBatch;
  #filled = 0;
  #row = 0;

  constructor(options: ParquetOptions, wanted: Wanted, home?: BatchArrays) {
    this.#options = options;
    this.#wanted = wanted;
    this.#home = home;
    this.#batch = emptyBatch(() => 0, home);
    this.#batch.base = wanted.base ?? 0;
  }

  get end(): number {
    return this.#batch.base + this.#filled;
  }

  async *batches(file: RandomInput): AsyncGenerator<RecordBatch, void, undefined> {
    const footer = await readFooter(file);
    this.header = footer.fields.map(({ name }) => name);
    const fields = this.#fields(footer);
    this.#batch.width = footer.fields.length;
    if (!this.#wanted.isStart) {
      await file.expect?.(footer.groups.map((group) =>
        fields.flatMap(({ node }) => {
          const place: Place = { shown: file.shown, group: group.number, column: node.path };
          return group.rows === 0 ? [] : leavesOf(node, group, file.size, place);
        })
      ));
    }
    for (const group of footer.groups) {
      if (this.#wanted.others === "skip") yield* this.#storedGroup(file, group, fields);
      else yield* this.#group(file, group, fields);
    }
  }

  /** Rows as they are stored: only who asks for more wants texts. */
  async *#storedGroup(
    file: RandomInput,
    group: Group,
    fields: readonly Field[],
  ): AsyncGenerator<RecordBatch, void, undefined> {
    if (group.rows === 0) return;
    const place: Place = { shown: file.shown, group: group.number, column: null };
    const writers = decoding(place, () => fields.map((field) => openField(file, group, field)));
    const read = fields.map(({ index }, f) => ({ index, writer: writers[f] }));
    yield* storedBatches(group.rows, read, this.#options, {
      width: this.#batch.width,
      rowsBefore: this.#row,
      base: this.#batch.base + this.#row,
      place: (row) => `row ${row} of row group ${group.number}`,
      raw: (text) => rawRecord(text, 0, fields, writers),
    });
    for (const writer of writers) writer.end();
    this.#row += group.rows;
    this.#filled = this.#row;
  }

  #fields({ fields }: Footer): readonly Field[] {
    const { columns, others } = this.#wanted;
    const types = new Map(
      columns.flatMap(({ from, aliases, type }) => [from, ...aliases].map((name) => [name, type])),
    );
    return fields.flatMap((node, index) => {
      // A number is a name, or the position of a field whose name is another's too.
      const name = [node.name, String(index + 1)].find((each) => types.has(each));
      if (others === "skip" && name === undefined) return [];
      const asBytea = name !== undefined && types.get(name)?.name === "bytea";
      return [{ index, node, asBytea }];
    });
  }

  async *#group(
    file: RandomInput,
    group: Group,
    fields: readonly Field[],
  ): AsyncGenerator<RecordBatch, void, undefined> {
    // Its columns may lie nowhere.
    if (group.rows === 0) return;
    const place: Place = { shown: file.shown, group: group.number, column: null };
    const writers = decoding(
      place,
      () => fields.map((field) => openField(file, group, field)),
    );
    const before = this.#row;
    let most = FIRST_ROWS;
    for (let row = 0; row < group.rows;) {
      const rows = Math.min(most, group.rows - row);
      for (const writer of writers) await writer.load(rows);
      const taken = decoding(place, () => this.#fill(rows, fields, writers));
      this.#tell(group, before, fields, writers);
      row += taken;
      const each = Math.max(1, this.#filled / taken);
      most = Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / each)));
      yield this.#batch;
    }
    for (const writer of writers) writer.end();
  }

  /** Writes up to so many rows into the batch; returns how many there was room for. */
  #fill(rows: number, fields: readonly Field[], writers: readonly FieldWriter[]): number {
    const batch = this.#batch;
    const { width } = batch;
    batch.base += this.#filled;
    batch.count = 0;
    batch.malformed = [];
    if (this.#home !== undefined && !isHome(batch, this.#home)) comeHome(batch, this.#home, 0, 0);
    reserve(batch, rows * width, rows);
    batch.flags.fill(NULL, 0, rows * width);
    batch.starts.fill(0, 0, rows * width);
    batch.ends.fill(0, 0, rows * width);
    const out = new TextWriter(batch.bytes);
    // Who asks for everything wants to know what is a text, and what is an object or a list.
    const ofText = this.#wanted.others === "read" ? STRING : 0;
    if (ofText !== 0) batch.others = { counts: new Int32Array(rows), names: [] };
    const flagOf = writers.map((each) =>
      each instanceof NestedWriter
        ? NESTED
        : each instanceof LeafReader && each.kind === "text"
        ? ofText
        : 0
    );
    // A column that needs no word for NULL has empty texts as they are.
    const ofEmpty = this.#options.nullValues.includes("") ? 0 : QUOTED;
    let taken = 0;
    while (taken < rows && out.length < BATCH_BYTES * 2) {
      const record = batch.count;
      const first = record * width;
      const start = out.length;
      for (let f = 0; f < fields.length; f++) {
        const at = first + fields[f].index;
        const from = out.length;
        if (!writers[f].take(out)) continue;
        batch.starts[at] = from;
        batch.ends[at] = out.length;
        batch.flags[at] = from === out.length ? ofEmpty | ofText : flagOf[f];
      }
      const end = out.length;
      taken++;
      const line = ++this.#row;
      // So that each record has a place of its own.
      out.byte(LF);
      if (end - start > this.#options.maxRecordBytes) {
        batch.flags.fill(NULL, first, first + width);
        batch.malformed.push({
          line,
          byteOffset: batch.base + start,
          code: "record_too_long",
          message: `The record is longer than ${this.#options.maxRecordBytes} bytes`,
          start,
          end: Math.min(start + RAW_LIMIT, end),
        });
        continue;
      }
      batch.recordStarts[record] = start;
      batch.recordEnds[record] = end;
      batch.lines[record] = line;
      batch.count++;
    }
    batch.bytes = out.bytes;
    this.#filled = out.length;
    return taken;
  }

  /** Lets rejects say what they are and where they stand. */
  #tell(group: Group, before: number, fields: readonly Field[], writers: readonly FieldWriter[]) {
    const batch = this.#batch;
    batch.place = (record) => `row ${batch.lines[record] - before} of row group ${group.number}`;
    batch.raw = (record) => rawRecord(batch, record, fields, writers);
  }
}

/** Where the pages of a field lie in a row group. */
function leavesOf(node: Node, group: Group, size: number, place: Place): readonly ByteRange[] {
  return Array.from(
    { length: node.leaves },
    (_, at) => bytesRead(group.chunk(node.firstLeaf + at, place), size),
  );
}

/** Starts to read a field in a row group. */
function openField(file: RandomInput, group: Group, { node, asBytea }: Field): FieldWriter {
  const leaves: LeafReader[] = [];
  const place = (column: string): Place => ({ shown: file.shown, group: group.number, column });
  (function open(inner: Node): void {
    const at = place(inner.path);
    if (inner.element.logical_type?.type === "VARIANT") throw notAvailable(at, "VARIANT values");
    inner.children.forEach(open);
    if (inner.element.type === undefined) return;
    const text = leafText(inner.element, asBytea, at);
    const chunk = group.chunk(inner.firstLeaf, at);
    leaves[inner.firstLeaf] = new LeafReader(file, chunk, inner, text, at);
  })(node);
  const isFlat = node.children.length === 0 && node.element.type !== undefined && !node.isRepeated;
  return isFlat ? leaves[node.firstLeaf] : new NestedWriter(node, leaves, place(node.path));
}

/** A row as a JSON object of the fields that were read. */
function rawRecord(
  batch: RecordBatch,
  record: number,
  fields: readonly Field[],
  writers: readonly FieldWriter[],
): Uint8Array {
  const out = new TextWriter(new Uint8Array(1024));
  out.byte(0x7b);
  fields.forEach(({ index, node }, f) => {
    if (f > 0) out.ascii(", ");
    putJsonString(out, new TextEncoder().encode(node.name));
    out.ascii(": ");
    const at = record * batch.width + index;
    const text = batch.bytes.subarray(batch.starts[at], batch.ends[at]);
    const writer = writers[f];
    if ((batch.flags[at] & NULL) !== 0) out.ascii("null");
    else if (writer instanceof LeafReader) putJsonValue(out, writer.kind, text);
    else out.copy(text);
  });
  out.byte(0x7d);
  return out.bytes.slice(0, out.length);
}

import { SluiceError } from "../../../core/error.ts";
import { ESCAPED, MISSING, NULL, STRING } from "../../../core/field_flags.ts";
import { MAX_DEPTH, skipBlank, skipString, skipValue } from "../../../core/json_bytes.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { NdjsonOptions } from "../../../spec/formats/ndjson.ts";
import { emptyBatch, reserve } from "../../growing_batch.ts";
import type { Format, RecordReader, RecordReplay, Wanted } from "../format.ts";
import { KeyTable } from "./key_table.ts";
import { NDJSON_TRAITS } from "./traits.ts";
import { unescapeJson } from "./unescape.ts";

/** JSON lines: an object a line, whose keys name its fields; `docs/sources.md` describes them. */
export const ndjson: Format<NdjsonOptions> = {
  open: (options, wanted, splitter) => new NdjsonReader(options, wanted, splitter?.home),
  replay: (options, _header, wanted) => replayNdjson(options, wanted),
  traits: ({ encoding }) => ({ ...NDJSON_TRAITS, encoding }),
};

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COLON = 58;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
/** The first letter of `null`. */
const LETTER_N = 110;

/** How much of a record is kept for the user when the record is too long. */
const RAW_LIMIT = 1024;
/** Characters of a record that is no JSON of which the engine is asked what is wrong. */
const EXPLAINED = 1 << 16;
/** Postgres has no more columns. */
const MOST_KEYS = 1600;
/** Keys without a field whose names are kept, for messages. */
const MOST_NAMES = 100;
/** Records that a new batch has room for. */
const FIRST_RECORDS = 64;

class NdjsonReader implements RecordReader {
  readonly header: string[];
  readonly #options: NdjsonOptions;
  readonly #batch: RecordBatch;
  readonly #keys = new KeyTable();
  readonly #readsOthers: boolean;
  readonly #otherNames = new Set<string>();
  /** Names of the record that is being read; one that is malformed tells none. */
  #newNames: string[] = [];
  #counts = new Int32Array(0);
  #scratch = new Uint8Array(256);

  /** Bytes of the buffer in use. */
  #filled = 0;
  /** Where the record begins that is not complete yet. */
  #next = 0;
  /** Up to here it has no line end. */
  #looked = 0;
  #line = 1;
  #hasStarted = false;
  /** The rest of a record that is too long is passed over. */
  #skips = false;

  constructor(options: NdjsonOptions, { columns, others, base = 0 }: Wanted, home?: BatchArrays) {
    this.#options = options;
    this.#batch = emptyBatch(unescapeJson, home);
    this.#readsOthers = others === "read";
    this.header = columns.map(({ from }) => from);
    // Before the aliases: a key is the column of its own name first.
    this.header.forEach((name, field) => this.#keys.add(name, field));
    columns.forEach(({ aliases }, field) => aliases.forEach((name) => this.#keys.add(name, field)));
    this.#batch.base = base;
    this.#batch.width = columns.length;
    this.#batch.others = { counts: this.#counts, names: [] };
  }

  push(chunk: Uint8Array): RecordBatch | null {
    this.#append(chunk);
    if (!this.#hasStarted) {
      // A byte order mark has three bytes.
      if (this.#filled < 3) return null;
      this.#start();
    }
    this.#splitLines();
    return this.#result();
  }

  finish(): RecordBatch | null {
    this.#append(new Uint8Array(0));
    if (!this.#hasStarted) this.#start();
    this.#splitLines();
    if (!this.#skips && this.#next < this.#filled) this.#take(this.#next, this.#filled);
    this.#next = this.#looked = this.#filled;
    this.#skips = false;
    return this.#result();
  }

  #start(): void {
    this.#hasStarted = true;
    const [a, b, c] = this.#batch.bytes.subarray(0, this.#filled);
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#next = this.#looked = 3;
  }

  #result(): RecordBatch | null {
    const batch = this.#batch;
    batch.others = { counts: this.#counts, names: [...this.#otherNames] };
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }

  /** Starts a new batch: forgets the records of the last one, keeps the one that is not complete. */
  #append(chunk: Uint8Array): void {
    const batch = this.#batch;
    batch.count = 0;
    batch.malformed = [];
    const kept = this.#filled - this.#next;
    const needed = kept + chunk.length;
    if (needed > batch.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(batch.bytes.length * 2, needed * 2)));
      grown.set(batch.bytes.subarray(this.#next, this.#filled));
      batch.bytes = grown;
    } else batch.bytes.copyWithin(0, this.#next, this.#filled);
    batch.base += this.#next;
    this.#looked -= this.#next;
    this.#next = 0;
    batch.bytes.set(chunk, kept);
    this.#filled = needed;
  }

  #splitLines(): void {
    const { bytes } = this.#batch;
    const filled = bytes.subarray(0, this.#filled);
    for (let at = filled.indexOf(LF, this.#looked); at >= 0; at = filled.indexOf(LF, this.#next)) {
      if (this.#skips) this.#skips = false;
      else this.#take(this.#next, at);
      this.#line++;
      this.#next = this.#looked = at + 1;
    }
    this.#looked = this.#filled;
    if (this.#skips) this.#next = this.#filled;
    else if (this.#filled - this.#next > this.#options.maxRecordBytes) {
      this.#leaveTooLong(this.#next);
      this.#skips = true;
      this.#next = this.#filled;
    }
  }

  /** Takes the line `bytes[start … end)`, of which a CR at the end is no part. */
  #take(start: number, end: number): void {
    const batch = this.#batch;
    const { bytes } = batch;
    if (end > start && bytes[end - 1] === CR) end--;
    const first = skipBlank(bytes, start, end);
    if (first === end) return;
    if (end - start > this.#options.maxRecordBytes) return this.#leaveTooLong(start);
    const record = batch.count;
    this.#reserve(record + 1);
    batch.recordStarts[record] = start;
    batch.recordEnds[record] = end;
    batch.lines[record] = this.#line;
    if (bytes[first] !== OPEN) {
      // What is no JSON at all is told as such.
      const isJson =
        skipBlank(bytes, Math.max(skipValue(bytes, first, end, false), 0), end) === end;
      if (isJson) {
        return this.#leave("not_an_object", "The line is JSON, but not an object", start, end);
      }
      return this.#leave("malformed_json", this.#whatIsWrong(start, end), start, end);
    }
    const fault = this.#readMembers(first + 1, end, record);
    if (fault === null) {
      batch.count++;
      for (const name of this.#newNames) this.#otherNames.add(name);
    } else if (fault === MALFORMED) {
      this.#leave("malformed_json", this.#whatIsWrong(start, end), start, end);
    } else {
      this.#leave("repeated_key", fault, start, end);
    }
  }

  /** Reads the members of an object; null, {@link MALFORMED}, or what is wrong with its keys. */
  #readMembers(at: number, end: number, record: number): string | null {
    const { bytes } = this.#batch;
    let row = record * this.#batch.width;
    this.#batch.flags.fill(NULL | MISSING, row, row + this.#batch.width);
    this.#batch.starts.fill(0, row, row + this.#batch.width);
    this.#batch.ends.fill(0, row, row + this.#batch.width);
    this.#counts[record] = 0;
    let repeated: string | null = null;
    this.#newNames = [];
    at = skipBlank(bytes, at, end);
    if (bytes[at] === CLOSE && at < end) {
      return skipBlank(bytes, at + 1, end) === end ? null : MALFORMED;
    }
    for (let place = 0;; place++) {
      if (at >= end || bytes[at] !== QUOTE) return MALFORMED;
      const key = at + 1;
      at = skipPlainString(bytes, key, end);
      const keyEnd = at - 1;
      if (at < 0) return MALFORMED;
      at = skipBlank(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) return MALFORMED;
      const value = skipBlank(bytes, at + 1, end);
      const isString = bytes[value] === QUOTE && value < end;
      at = isString ? skipPlainString(bytes, value + 1, end) : skipValue(bytes, value, end, false);
      if (at < 0) return MALFORMED;
      const isNull = bytes[value] === LETTER_N;
      const field = this.#fieldOf(key, keyEnd, place, record);
      // A field of its own may have made the batch wider.
      row = record * this.#batch.width;
      const { starts, ends, flags } = this.#batch;
      if (field < 0) {
        if (!isNull) this.#counts[record]++;
      } else if ((flags[row + field] & MISSING) === 0) {
        repeated ??= this.#repeated(field);
      } else if (isNull) flags[row + field] = NULL;
      else {
        starts[row + field] = isString ? value + 1 : value;
        ends[row + field] = isString ? at - 1 : at;
        flags[row + field] = isString
          ? STRING | (hasBackslash(bytes, value + 1, at - 1) ? ESCAPED : 0)
          : 0;
      }
      at = skipBlank(bytes, at, end);
      if (at >= end) return MALFORMED;
      if (bytes[at] === CLOSE) break;
      if (bytes[at] !== COMMA) return MALFORMED;
      at = skipBlank(bytes, at + 1, end);
    }
    return skipBlank(bytes, at + 1, end) === end ? repeated : MALFORMED;
  }

  #repeated(field: number): string {
    return `The record has several values for the field ${JSON.stringify(this.header[field])}`;
  }

  /** The field of a key, -1 for none. */
  #fieldOf(start: number, end: number, place: number, record: number): number {
    let { bytes } = this.#batch;
    if (hasBackslash(bytes, start, end)) {
      if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
      end = unescapeJson(bytes, start, end, this.#scratch);
      bytes = this.#scratch;
      start = 0;
    }
    const field = this.#keys.find(bytes, start, end, place);
    if (field >= 0) return field;
    if (!this.#readsOthers && this.#otherNames.size >= MOST_NAMES) return -1;
    const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
    if (this.#readsOthers && name !== "") return this.#addField(name, record);
    this.#newNames.push(name);
    return -1;
  }

  #addField(name: string, record: number): number {
    const batch = this.#batch;
    if (this.header.length >= MOST_KEYS) {
      throw new SluiceError(
        "source/too_many_keys",
        `Up to line ${this.#line} the records have more than ${MOST_KEYS} keys, and each would be a column`,
        {
          details: { line: this.#line },
          hint: "Put keys that vary into one object, loaded as jsonb, or ignore new columns:\n" +
            "schema_contract: { new_columns: discard_value }",
        },
      );
    }
    const field = this.header.length;
    this.header.push(name);
    this.#keys.add(name, field);
    if (field >= batch.width) this.#widen(Math.max(8, batch.width * 2), record + 1);
    return field;
  }

  /** Gives each record room for more fields, which it does not have. */
  #widen(width: number, records: number): void {
    const batch = this.#batch;
    const old = batch.width;
    batch.width = width;
    this.#reserve(records);
    for (let record = records - 1; record >= 0; record--) {
      for (const list of [batch.starts, batch.ends, batch.flags]) {
        list.copyWithin(record * width, record * old, record * old + old);
        list.fill(
          list === batch.flags ? NULL | MISSING : 0,
          record * width + old,
          (record + 1) * width,
        );
      }
    }
  }

  #reserve(records: number): void {
    const batch = this.#batch;
    const room = Math.max(records, FIRST_RECORDS);
    reserve(batch, room * batch.width, room);
    if (this.#counts.length >= room) return;
    const counts = new Int32Array(room * 2);
    counts.set(this.#counts);
    this.#counts = counts;
  }

  #leaveTooLong(start: number): void {
    this.#leave(
      "record_too_long",
      `The record is longer than ${this.#options.maxRecordBytes} bytes`,
      start,
      start + RAW_LIMIT,
    );
  }

  #leave(code: string, message: string, start: number, end: number): void {
    const { malformed, base } = this.#batch;
    malformed.push({ line: this.#line, byteOffset: base + start, code, message, start, end });
  }

  /** In the words of the engine, which knows where it stops. */
  #whatIsWrong(start: number, end: number): string {
    if (end - start > EXPLAINED) return "The line is not a JSON object";
    try {
      JSON.parse(new TextDecoder().decode(this.#batch.bytes.subarray(start, end)));
      return `The line is nested more than ${MAX_DEPTH} deep`;
    } catch (error) {
      return `The line is not a JSON object: ${(error as Error).message}`;
    }
  }
}

/** Stands for what {@link NdjsonReader} asks the engine about. */
const MALFORMED = "malformed";

/** Reads records each for itself. */
function replayNdjson(options: NdjsonOptions, wanted: Wanted): RecordReplay {
  const header = wanted.columns.map(({ from }) => from);
  return {
    header,
    read(raw) {
      const reader = new NdjsonReader(options, wanted);
      // Nothing is complete without a line end; too long a record is left at once.
      return reader.push(raw) ?? reader.finish() ?? emptyBatch(unescapeJson);
    },
  };
}

/** Offset behind a string; most have no escapes, and nothing but its end is looked for. */
function skipPlainString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH || byte < 32) return skipString(bytes, at, end, false);
  }
  return -1;
}

function hasBackslash(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

import { SluiceError } from "../../core/error.ts";
import { ESCAPED, MISSING, NESTED, NULL, STRING } from "../../core/field_flags.ts";
import { MAX_DEPTH, skipBlank, skipString, skipValue } from "../../core/json_bytes.ts";
import { fieldOfKey } from "../../core/json_path.ts";
import type { BatchArrays, RecordBatch } from "../../rows/record_batch.ts";
import type { Wanted } from "../formats/format.ts";
import { emptyBatch, RAW_LIMIT, reserve } from "../growing_batch.ts";
import { FieldNode } from "./field_tree.ts";
import { unescapeJson } from "../../core/unescape_json.ts";

const QUOTE = 34;
const COLON = 58;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
/** The first letter of `null`. */
const LETTER_N = 110;

/** Characters of a record that is no JSON of which the engine is asked what is wrong. */
const EXPLAINED = 1 << 16;
/** Postgres has no more columns. */
const MOST_KEYS = 1600;
/** Keys without a field whose names are kept, for messages. */
const MOST_NAMES = 100;
/** Records that a new batch has room for. */
const FIRST_RECORDS = 64;

/** How records stand in a file. */
export interface ObjectOptions {
  readonly maxRecordBytes: number;
  /** What holds a record: `line`, `item`. */
  readonly noun: string;
}

/**
 * Makes a batch of JSON values, each a record whose keys, or whose paths, name its fields.
 *
 * Whoever finds the values keeps their bytes in the batch and calls {@link ObjectRecords.take}.
 */
export class ObjectRecords {
  /** Grows where keys without a column are read. */
  readonly header: string[];
  readonly batch: RecordBatch;
  /** Bytes of the batch in use. */
  filled = 0;
  readonly #options: ObjectOptions;
  readonly #root = new FieldNode();
  readonly #readsOthers: boolean;
  readonly #otherNames = new Set<string>();
  /** Names of the record that is being read; one that is malformed tells none. */
  #newNames: string[] = [];
  #counts = new Int32Array(0);
  #scratch = new Uint8Array(256);

  // The record that is being read.
  #line = 0;
  #record = 0;
  #end = 0;
  /** Counts the records, of which each has every field once. */
  #stamp = 0;
  #repeated: string | null = null;

  constructor(options: ObjectOptions, { columns, others, base = 0 }: Wanted, home?: BatchArrays) {
    this.#options = options;
    this.batch = emptyBatch(unescapeJson, home);
    this.#readsOthers = others === "read";
    this.header = columns.map(({ from }) => from);
    // Before the aliases: a key is the column of its own name first.
    this.header.forEach((name, field) => this.#root.add(name, field));
    columns.forEach(({ aliases }, field) => aliases.forEach((name) => this.#root.add(name, field)));
    this.batch.base = base;
    this.batch.width = columns.length;
    this.batch.others = { counts: this.#counts, names: [] };
  }

  /** Starts a new batch: drops the bytes before `keep` and the records, and adds bytes. */
  append(keep: number, chunk: Uint8Array): void {
    const { batch } = this;
    batch.count = 0;
    batch.malformed = [];
    const kept = this.filled - keep;
    const needed = kept + chunk.length;
    if (needed > batch.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(batch.bytes.length * 2, needed * 2)));
      grown.set(batch.bytes.subarray(keep, this.filled));
      batch.bytes = grown;
    } else batch.bytes.copyWithin(0, keep, this.filled);
    batch.base += keep;
    batch.bytes.set(chunk, kept);
    this.filled = needed;
  }

  /** Length of the byte order mark that the batch begins with. */
  get markLength(): number {
    const [a, b, c] = this.batch.bytes.subarray(0, this.filled);
    return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
  }

  /** The batch, or null where nothing is in it. */
  result(): RecordBatch | null {
    const { batch } = this;
    batch.others = { counts: this.#counts, names: [...this.#otherNames] };
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }

  /** Takes the record `bytes[start … end)`, which may have blanks around it. */
  take(start: number, end: number, line: number): void {
    const { batch } = this;
    this.#line = line;
    if (end - start > this.#options.maxRecordBytes) return this.leaveTooLong(start, line);
    const record = this.#record = batch.count;
    this.#end = end;
    this.#reserve(record + 1);
    batch.recordStarts[record] = start;
    batch.recordEnds[record] = end;
    batch.lines[record] = line;
    this.#begin();
    const { bytes } = batch;
    const first = skipBlank(bytes, start, end);
    const after = this.#isReadable(bytes[first]) ? this.#readValue(this.#root, first) : -1;
    if (after < 0 || skipBlank(bytes, after, end) < end) this.#leaveMalformed(start, first, end);
    else if (this.#repeated !== null) this.#leave("repeated_key", this.#repeated, start, end);
    else {
      batch.count++;
      for (const name of this.#newNames) this.#otherNames.add(name);
    }
  }

  /** Leaves a record of which the first bytes are known. */
  leaveTooLong(start: number, line: number): void {
    this.#line = line;
    this.#leave(
      "record_too_long",
      `The record is longer than ${this.#options.maxRecordBytes} bytes`,
      start,
      Math.min(start + RAW_LIMIT, this.filled),
    );
  }

  /** An object; a list or any value only where a path leads into it. */
  #isReadable(first: number): boolean {
    if (first === OPEN || this.#root.field >= 0) return true;
    return first === OPEN_LIST && this.#root.elements !== null;
  }

  #begin(): void {
    const { flags, starts, ends, width } = this.batch;
    const row = this.#record * width;
    flags.fill(NULL | MISSING, row, row + width);
    starts.fill(0, row, row + width);
    ends.fill(0, row, row + width);
    this.#counts[this.#record] = 0;
    this.#repeated = null;
    this.#newNames = [];
    this.#stamp++;
  }

  /** Reads the value that stands here; returns the offset behind it, -1 where it is none. */
  #readValue(node: FieldNode, at: number): number {
    const { bytes } = this.batch;
    const first = bytes[at];
    let after: number;
    if (node.isLeaf && node !== this.#root) after = this.#skip(at);
    else {
      if (node.seenIn === this.#stamp) {
        this.#tellRepeated(node.field < 0 ? node.inner[0] : node.field);
      }
      node.seenIn = this.#stamp;
      if (first === OPEN && (node.keys !== null || node === this.#root)) {
        after = this.#readMembers(node, at + 1);
      } else if (first === OPEN_LIST && node.elements !== null) {
        after = this.#readElements(node.elements, at + 1);
      } else {
        after = this.#skip(at);
        if (first === LETTER_N && after >= 0) this.#setNull(node.inner);
      }
    }
    if (after >= 0 && node.field >= 0) {
      const isString = first === QUOTE;
      this.#set(node.field, at, after, isString && hasBackslash(bytes, at + 1, after - 1));
    }
    return after;
  }

  #skip(at: number): number {
    const { bytes } = this.batch;
    return bytes[at] === QUOTE && at < this.#end
      ? skipPlainString(bytes, at + 1, this.#end)
      : skipValue(bytes, at, this.#end, false);
  }

  #readMembers(node: FieldNode, at: number): number {
    const { bytes } = this.batch;
    const end = this.#end;
    at = skipBlank(bytes, at, end);
    if (bytes[at] === CLOSE && at < end) return at + 1;
    for (let place = 0;; place++) {
      if (at >= end || bytes[at] !== QUOTE) return -1;
      const key = at + 1;
      // Hot: nearly all records have their keys in one order, and then each is looked at once.
      const expected = node.keys === null ? null : node.expected(bytes, key, end, place);
      at = expected === null ? skipPlainString(bytes, key, end) : node.keys!.expectedEnd + 1;
      const keyEnd = at - 1;
      if (at < 0) return -1;
      at = skipBlank(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) return -1;
      const value = skipBlank(bytes, at + 1, end);
      const member = expected ?? this.#memberOf(node, key, keyEnd, place);
      if (member !== null && !member.isLeaf) at = this.#readValue(member, value);
      else {
        // Hot: nearly all values are fields, or nobody's.
        at = bytes[value] === QUOTE && value < end
          ? skipPlainString(bytes, value + 1, end)
          : skipValue(bytes, value, end, false);
        if (member !== null && at >= 0) this.#set(member.field, value, at, stringHasEscapes);
      }
      if (at < 0) return -1;
      if (member === null && node === this.#root && node.field < 0 && bytes[value] !== LETTER_N) {
        this.#counts[this.#record]++;
      }
      at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipBlank(bytes, at + 1, end);
    }
  }

  #readElements(elements: readonly (FieldNode | undefined)[], at: number): number {
    const { bytes } = this.batch;
    const end = this.#end;
    at = skipBlank(bytes, at, end);
    if (bytes[at] === CLOSE_LIST && at < end) return at + 1;
    for (let place = 0;; place++) {
      const node = elements[place];
      at = node === undefined ? this.#skip(at) : this.#readValue(node, at);
      if (at < 0) return -1;
      at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_LIST) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipBlank(bytes, at + 1, end);
    }
  }

  /** @param hasEscapes of a string */
  #set(field: number, start: number, end: number, hasEscapes: boolean): void {
    const { bytes, width, starts, ends, flags } = this.batch;
    const at = this.#record * width + field;
    if ((flags[at] & MISSING) === 0) return this.#tellRepeated(field);
    const first = bytes[start];
    if (first === LETTER_N) flags[at] = NULL;
    else if (first === QUOTE) {
      starts[at] = start + 1;
      ends[at] = end - 1;
      flags[at] = STRING | (hasEscapes ? ESCAPED : 0);
    } else {
      starts[at] = start;
      ends[at] = end;
      flags[at] = first === OPEN_LIST || first === OPEN ? NESTED : 0;
    }
  }

  /** What is within null is null. */
  #setNull(fields: readonly number[]): void {
    const { flags, width } = this.batch;
    for (const field of fields) {
      const at = this.#record * width + field;
      if ((flags[at] & MISSING) !== 0) flags[at] = NULL;
    }
  }

  #tellRepeated(field: number): void {
    this.#repeated ??= "The record has several values for the field " +
      JSON.stringify(this.header[field]);
  }

  /** The node of a key, null for none. */
  #memberOf(node: FieldNode, start: number, end: number, place: number): FieldNode | null {
    let { bytes } = this.batch;
    if (hasBackslash(bytes, start, end)) {
      if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
      end = unescapeJson(bytes, start, end, this.#scratch);
      bytes = this.#scratch;
      start = 0;
    }
    const found = node.keys === null ? null : node.member(bytes, start, end, place);
    if (found !== null || node !== this.#root || node.field >= 0) return found;
    if (!this.#readsOthers && this.#otherNames.size >= MOST_NAMES) return null;
    const key = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
    if (this.#readsOthers && key !== "") return this.#addField(key);
    this.#newNames.push(fieldOfKey(key));
    return null;
  }

  #addField(key: string): FieldNode {
    const { batch } = this;
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
    this.header.push(fieldOfKey(key));
    const node = this.#root.step(key);
    node.field = field;
    if (field >= batch.width) this.#widen(Math.max(8, batch.width * 2), this.#record + 1);
    return node;
  }

  /** Gives each record room for more fields, which it does not have. */
  #widen(width: number, records: number): void {
    const { batch } = this;
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
    const { batch } = this;
    const room = Math.max(records, FIRST_RECORDS);
    reserve(batch, room * batch.width, room);
    if (this.#counts.length >= room) return;
    const counts = new Int32Array(room * 2);
    counts.set(this.#counts);
    this.#counts = counts;
  }

  #leaveMalformed(start: number, first: number, end: number): void {
    const { bytes } = this.batch;
    // What is no JSON at all is told as such.
    const after = this.#isReadable(bytes[first]) ? -1 : skipValue(bytes, first, end, false);
    if (after >= 0 && skipBlank(bytes, after, end) === end) {
      const message = `The ${this.#options.noun} is JSON, but not an object`;
      return this.#leave("not_an_object", message, start, end);
    }
    this.#leave("malformed_json", this.#whatIsWrong(start, end), start, end);
  }

  #leave(code: string, message: string, start: number, end: number): void {
    const { malformed, base } = this.batch;
    malformed.push({ line: this.#line, byteOffset: base + start, code, message, start, end });
  }

  /** In the words of the engine, which knows where it stops. */
  #whatIsWrong(start: number, end: number): string {
    const { noun } = this.#options;
    const what = this.#root.field >= 0 ? "JSON" : "a JSON object";
    if (end - start > EXPLAINED) return `The ${noun} is not ${what}`;
    try {
      JSON.parse(new TextDecoder().decode(this.batch.bytes.subarray(start, end)));
      return `The ${noun} is nested more than ${MAX_DEPTH} deep`;
    } catch (error) {
      return `The ${noun} is not ${what}: ${(error as Error).message}`;
    }
  }
}

/** Whether the string that was skipped last has escapes. */
let stringHasEscapes = false;

/** Offset behind a string; most have no escapes, and nothing but its end is looked for. */
function skipPlainString(bytes: Uint8Array, start: number, end: number): number {
  stringHasEscapes = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH || byte < 32) {
      stringHasEscapes = true;
      return skipString(bytes, at, end, false);
    }
  }
  return -1;
}

function hasBackslash(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

import { parsePath, pathText } from "../../../core/json_path.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { JsonOptions } from "../../../spec/formats/json.ts";
import { ObjectRecords } from "../../objects/object_records.ts";
import type { Format, RecordReader, RecordReplay, Wanted } from "../format.ts";
import { corrupt, cutShort, type Faulty, noList, repeatedStep } from "./faults.ts";
import { JSON_TRAITS } from "./traits.ts";
import { shownByte, Walker, type WalkFault } from "./walker.ts";

/** JSON: the elements of a list are records; `docs/sources.md` describes them. */
export const json: Format<JsonOptions> = {
  open: (options, wanted, splitter) => new JsonReader(options, wanted, splitter?.home),
  replay: replayJson,
  traits: ({ encoding }) => ({ ...JSON_TRAITS, encoding }),
};

const LF = 10;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;

/** Bytes at which the search for the end of an item stops. */
const STOPS = new Uint8Array(256);
for (const byte of [LF, QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE]) STOPS[byte] = 1;

/** Where the reader is. */
type Mode = "outside" | "before item" | "first item" | "item" | "behind item";

/** Reads the items of a list as they come: memory is that of the longest one. */
class JsonReader implements RecordReader {
  readonly #records: ObjectRecords;
  readonly #maxRecordBytes: number;
  readonly #path: string;
  readonly #walker: Walker;
  /** Offset in the batch of the first byte that was not looked at. */
  #at = 0;
  #mode: Mode = "outside";
  #line = 1;
  #hasStarted = false;
  /** Where the file begins, of several. */
  readonly #base: number;

  // The item that is being read.
  #start = 0;
  #startLine = 1;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** It is too long, and was left. */
  #skips = false;
  /** The item after it. */
  #item = 0;
  /** Of each record of the batch. */
  #items: number[] = [];

  constructor(options: JsonOptions, wanted: Wanted, home?: BatchArrays) {
    const { maxRecordBytes, path } = options;
    const steps = parsePath(path);
    if ("message" in steps) throw new Error(steps.message);
    this.#maxRecordBytes = maxRecordBytes;
    this.#path = pathText(steps);
    this.#base = wanted.base ?? 0;
    this.#walker = new Walker(steps);
    this.#records = new ObjectRecords({ maxRecordBytes, noun: "item" }, wanted, home);
    const { batch } = this.#records;
    batch.place = (record) => `${this.#path}[${this.#items[record]}]`;
  }

  get header(): readonly string[] {
    return this.#records.header;
  }

  push(chunk: Uint8Array): RecordBatch | null {
    const keep = this.#mode === "item" && !this.#skips ? this.#start : this.#at;
    this.#records.append(keep, chunk);
    this.#at -= keep;
    this.#start -= keep;
    this.#items = [];
    if (!this.#hasStarted) {
      // A byte order mark has three bytes.
      if (this.#records.filled < 3) return null;
      this.#skipMark();
    }
    this.#read();
    return this.#records.result();
  }

  finish(): RecordBatch | null {
    this.#records.append(this.#at, new Uint8Array(0));
    this.#start -= this.#at;
    this.#at = 0;
    this.#items = [];
    if (!this.#hasStarted) {
      this.#skipMark();
      this.#read();
    }
    const walker = this.#walker;
    if (this.#mode === "outside" && walker.isAtStart) throw cutShort(this.#here(), null);
    if (this.#mode !== "outside" || !walker.isAtEnd) {
      throw cutShort(
        this.#here(),
        this.#mode === "outside" ? walker.inside : this.#mode === "item" ? "an item" : "the list",
      );
    }
    if (!walker.hasList) throw noList(this.#path, walker, this.#here(), null);
    return this.#records.result();
  }

  #skipMark(): void {
    this.#hasStarted = true;
    this.#at = this.#records.markLength;
  }

  #read(): void {
    const { filled } = this.#records;
    while (this.#at < filled) {
      if (this.#mode === "outside") this.#walk();
      else if (this.#mode === "item") this.#readItem();
      else this.#betweenItems();
    }
  }

  #walk(): void {
    const { batch, filled } = this.#records;
    const walker = this.#walker;
    const hadList = walker.hasList;
    const { at, fault } = walker.walk(batch.bytes, this.#at, filled);
    this.#line += walker.lines;
    walker.lines = 0;
    this.#at = at;
    if (fault !== null) this.#refuse(fault);
    if (walker.hasList && !hadList) this.#mode = "first item";
  }

  #refuse({ kind, message }: WalkFault): never {
    if (kind === "repeated") throw repeatedStep(this.#path, message, this.#here());
    if (kind === "not_a_list") throw noList(this.#path, this.#walker, this.#here(), message);
    throw corrupt(this.#here(), message);
  }

  /** Passes blanks, and what stands between items, up to the next one or behind the list. */
  #betweenItems(): void {
    const { bytes } = this.#records.batch;
    const { filled } = this.#records;
    for (; this.#at < filled; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === LF) this.#line++;
      if (byte === LF || byte === 32 || byte === 9 || byte === 13) continue;
      if (byte === CLOSE_LIST && this.#mode !== "before item") {
        this.#walker.closeList();
        this.#mode = "outside";
        this.#at++;
        return;
      }
      if (this.#mode !== "behind item") return this.#beginItem(byte);
      if (byte !== COMMA) {
        throw corrupt(this.#here(), `expected "," or "]", found ${shownByte(byte)}`);
      }
      this.#mode = "before item";
    }
  }

  #beginItem(byte: number): void {
    if (byte === COMMA || byte === CLOSE || byte === CLOSE_LIST) {
      throw corrupt(this.#here(), `expected an item, found ${shownByte(byte)}`);
    }
    this.#mode = "item";
    this.#start = this.#at;
    this.#startLine = this.#line;
    this.#depth = 0;
    this.#inString = this.#isEscaped = this.#skips = false;
  }

  /**
   * Looks for the end of an item by its brackets and quotes; whether it is JSON is seen later.
   *
   * Hot loop: most bytes are none of those.
   */
  #readItem(): void {
    const { bytes } = this.#records.batch;
    const { filled } = this.#records;
    const isNested = this.#isNested(bytes);
    let at = this.#at;
    let depth = this.#depth;
    let inString = this.#inString;
    let end = -1;
    if (this.#isEscaped && at < filled) {
      this.#isEscaped = false;
      at++;
    }
    for (; at < filled; at++) {
      const byte = bytes[at];
      if (STOPS[byte] === 0 && (isNested || inString || !isDelimiter(byte))) continue;
      if (byte === LF) {
        if (!isNested && !inString) {
          end = at;
          break;
        }
        this.#line++;
      } else if (inString) {
        if (byte === QUOTE) {
          inString = false;
          if (depth === 0) {
            end = at + 1;
            break;
          }
        } else if (byte === BACKSLASH) {
          at++;
          this.#isEscaped = at === filled;
        }
      } else if (!isNested && at > this.#start && byte !== BACKSLASH) {
        // A number or a word ends before anything that it does not have.
        end = at;
        break;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN || byte === OPEN_LIST) depth++;
      else if (byte === CLOSE || byte === CLOSE_LIST) {
        if (depth === 0) {
          end = at;
          break;
        }
        if (--depth === 0) {
          end = at + 1;
          break;
        }
      } else if (depth === 0 && byte !== BACKSLASH) {
        end = at;
        break;
      }
    }
    this.#at = Math.min(end < 0 ? at : end, filled);
    this.#depth = depth;
    this.#inString = inString;
    if (end < 0) this.#leaveIfTooLong(filled);
    else this.#endItem(bytes, end);
  }

  /** The first byte of an item says how it ends; it is there unless the item is being skipped. */
  #isNested(bytes: Uint8Array): boolean {
    if (this.#depth > 0 || this.#skips) return this.#depth > 0;
    return bytes[this.#start] === OPEN || bytes[this.#start] === OPEN_LIST;
  }

  #endItem(bytes: Uint8Array, end: number): void {
    this.#mode = "behind item";
    if (!this.#skips) this.#takeItem(bytes, end);
    this.#item++;
  }

  #takeItem(bytes: Uint8Array, end: number): void {
    const { batch } = this.#records;
    if (bytes[this.#start] === OPEN && bytes[end - 1] === CLOSE_LIST) {
      this.#at = end - 1;
      throw corrupt(this.#here(), 'expected "}", found "]"');
    }
    const { count, malformed } = batch;
    const bad = malformed.length;
    this.#records.take(this.#start, end, this.#startLine);
    if (batch.count > count) this.#items[count] = this.#item;
    if (malformed.length > bad) this.#placeLast();
  }

  /** Says which item a malformed record is. */
  #placeLast(): void {
    const { malformed } = this.#records.batch;
    const last = malformed.at(-1)!;
    const message = `${last.message} (${this.#path}[${this.#item}])`;
    malformed[malformed.length - 1] = { ...last, message };
  }

  #leaveIfTooLong(filled: number): void {
    if (this.#skips || filled - this.#start <= this.#maxRecordBytes) return;
    this.#records.leaveTooLong(this.#start, this.#startLine);
    this.#placeLast();
    this.#skips = true;
  }

  #here(): Faulty {
    const { base } = this.#records.batch;
    return { line: this.#line, byte: base + this.#at - this.#base, item: this.#itemHere() };
  }

  #itemHere(): string | null {
    if (this.#mode === "outside") return null;
    if (this.#mode === "behind item") return `behind ${this.#path}[${this.#item - 1}]`;
    return `at ${this.#path}[${this.#item}]`;
  }
}

/** What ends a number or a word. */
function isDelimiter(byte: number): boolean {
  return byte === COMMA || byte === 32 || byte === 9 || byte === 13;
}

/** Reads items each for itself. */
function replayJson(
  { maxRecordBytes }: JsonOptions,
  _header: readonly string[] | null,
  wanted: Wanted,
): RecordReplay {
  return {
    header: wanted.columns.map(({ from }) => from),
    read(raw) {
      const records = new ObjectRecords({ maxRecordBytes, noun: "item" }, wanted);
      records.append(0, raw);
      records.take(0, raw.length, 1);
      records.result();
      return records.batch;
    },
  };
}

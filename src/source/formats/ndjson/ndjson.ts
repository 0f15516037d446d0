import { skipBlank } from "../../../core/json_bytes.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { NdjsonOptions } from "../../../spec/formats/ndjson.ts";
import { emptyBatch } from "../../growing_batch.ts";
import { ObjectRecords } from "../../objects/object_records.ts";
import { unescapeJson } from "../../../core/unescape_json.ts";
import type { Format, RecordReader, RecordReplay, Wanted } from "../format.ts";
import { NDJSON_TRAITS } from "./traits.ts";

/** JSON lines: an object a line, whose keys name its fields; `docs/sources.md` describes them. */
export const ndjson: Format<NdjsonOptions> = {
  open: (options, wanted, splitter) => new NdjsonReader(options, wanted, splitter?.home),
  replay: (options, _header, wanted) => replayNdjson(options, wanted),
  traits: ({ encoding }) => ({ ...NDJSON_TRAITS, encoding }),
};

const LF = 10;

class NdjsonReader implements RecordReader {
  readonly #records: ObjectRecords;
  readonly #maxRecordBytes: number;
  /** Where the record begins that is not complete yet. */
  #next = 0;
  /** Up to here it has no line end. */
  #looked = 0;
  #line = 1;
  #hasStarted = false;
  /** The rest of a record that is too long is passed over. */
  #skips = false;

  constructor({ maxRecordBytes }: NdjsonOptions, wanted: Wanted, home?: BatchArrays) {
    this.#maxRecordBytes = maxRecordBytes;
    this.#records = new ObjectRecords({ maxRecordBytes, noun: "line" }, wanted, home);
  }

  get header(): readonly string[] {
    return this.#records.header;
  }

  push(chunk: Uint8Array): RecordBatch | null {
    this.#append(chunk);
    if (!this.#hasStarted) {
      // A byte order mark has three bytes.
      if (this.#records.filled < 3) return null;
      this.#start();
    }
    this.#splitLines();
    return this.#records.result();
  }

  finish(): RecordBatch | null {
    this.#append(new Uint8Array(0));
    if (!this.#hasStarted) this.#start();
    this.#splitLines();
    const { filled } = this.#records;
    if (!this.#skips && this.#next < filled) this.#take(this.#next, filled);
    this.#next = this.#looked = filled;
    this.#skips = false;
    return this.#records.result();
  }

  #start(): void {
    this.#hasStarted = true;
    this.#next = this.#looked = this.#records.markLength;
  }

  #append(chunk: Uint8Array): void {
    this.#records.append(this.#next, chunk);
    this.#looked -= this.#next;
    this.#next = 0;
  }

  #splitLines(): void {
    const filled = this.#records.batch.bytes.subarray(0, this.#records.filled);
    for (let at = filled.indexOf(LF, this.#looked); at >= 0; at = filled.indexOf(LF, this.#next)) {
      if (this.#skips) this.#skips = false;
      else this.#take(this.#next, at);
      this.#line++;
      this.#next = this.#looked = at + 1;
    }
    this.#looked = filled.length;
    if (this.#skips) this.#next = filled.length;
    else if (filled.length - this.#next > this.#maxRecordBytes) {
      this.#records.leaveTooLong(this.#next, this.#line);
      this.#skips = true;
      this.#next = filled.length;
    }
  }

  /** Takes the line `bytes[start … end)`, unless it is blank. */
  #take(start: number, end: number): void {
    const { bytes } = this.#records.batch;
    if (end > start && bytes[end - 1] === CR) end--;
    if (skipBlank(bytes, start, end) < end) this.#records.take(start, end, this.#line);
  }
}

const CR = 13;

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

import { isOneByte } from "../../../core/encodings.ts";
import { SluiceError } from "../../../core/error.ts";
import { BARE, CODED, ESCAPED, NULL } from "../../../core/field_flags.ts";
import type { MalformedRecord, RecordBatch, RecordSplitter } from "../../../rows/record_batch.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";
import type { FixedField, FixedOptions } from "../../../spec/formats/fixed.ts";
import { isUtf8, isWide } from "../../encodings/one_byte.ts";
import { emptyBatch, reserve } from "../../growing_batch.ts";
import { csv } from "../csv/csv.ts";
import type { Format, ReaderFacts, RecordReader, RecordReplay, Wanted } from "../format.ts";
import { FIXED_TRAITS } from "./traits.ts";

/** Fields at fixed places of each line; `docs/sources.md` describes them. */
export const fixed: Format<FixedOptions> = {
  open: (options, wanted, splitter) => new FixedReader(options, wanted, splitter),
  replay: (options, header) => replayFixed(options, header),
  traits: ({ encoding }) => ({ ...FIXED_TRAITS, encoding }),
};

const LF = 10;
const TAB = 9;
const BLANK = 32;

/** Cuts the lines that CSV finds: a line is a record of one field there. */
class FixedReader implements RecordReader {
  header: readonly string[] | null;
  readonly about: ReaderFacts = {};
  readonly #options: FixedOptions;
  readonly #lines: RecordReader;
  readonly #batch = emptyBatch(() => 0);
  /** Characters that each line has at least. */
  readonly #needed: number;
  readonly #isOneByte: boolean;
  #needsHeader: boolean;
  /** Offsets of the characters of a line, and of its end. */
  #offsets = new Int32Array(256);

  constructor(options: FixedOptions, wanted: Wanted, splitter?: RecordSplitter) {
    const { fields } = options;
    this.#options = options;
    this.#lines = csv.open(linesOf(options), wanted, splitter);
    this.#needed = Math.max(...fields.map(({ end }) => end ?? 0));
    this.#isOneByte = isOneByte(options.encoding);
    this.#needsHeader = options.header;
    this.header = fields.every(({ name }) => name !== null)
      ? fields.map(({ name }) => name!)
      : null;
  }

  push(chunk: Uint8Array): RecordBatch | null {
    return this.#cut(this.#lines.push(chunk));
  }

  finish(): RecordBatch | null {
    const batch = this.#cut(this.#lines.finish());
    if (this.#needsHeader) {
      throw new SluiceError("source/empty_file", "The file ends before its header", {
        hint: "Check that the source was written completely; " +
          "a file without a header needs `header: false`",
      });
    }
    return batch;
  }

  #cut(lines: RecordBatch | null): RecordBatch | null {
    if (lines === null) return null;
    const batch = this.#batch;
    const { fields } = this.#options;
    Object.assign(batch, { ...lines, ...arraysOf(batch) });
    batch.width = fields.length;
    batch.count = 0;
    batch.malformed = [];
    reserve(batch, lines.count * fields.length, lines.count);
    const { bytes } = lines;
    const others = [...lines.malformed];
    for (let r = 0; r < lines.count; r++) {
      const start = lines.recordStarts[r];
      const end = lines.recordEnds[r];
      while (others.length > 0 && others[0].start < start) batch.malformed.push(others.shift()!);
      // One of the full width is a record, of nothing but NULL.
      if (end - start < Math.max(1, this.#needed) && isBlank(bytes, start, end)) continue;
      if (this.#needsHeader) {
        this.#takeHeader(lines, start, end, lines.lines[r]);
        continue;
      }
      const fault = this.#takeLine(lines, start, end);
      if (fault === null) {
        batch.recordStarts[batch.count] = start;
        batch.recordEnds[batch.count] = end;
        batch.lines[batch.count] = lines.lines[r];
        batch.count++;
      } else {
        const line = lines.lines[r];
        batch.malformed.push({ ...fault, line, byteOffset: lines.base + start, start, end });
      }
    }
    batch.malformed.push(...others);
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }

  /** Finds the fields of a line; null, or what is wrong with it. */
  #takeLine(
    lines: RecordBatch,
    start: number,
    end: number,
  ): Pick<MalformedRecord, "code" | "message"> | null {
    const { fields, tabs, padShortRecords, isWhole } = this.#options;
    const { bytes } = lines;
    if (tabs === "reject") {
      const tab = bytes.subarray(start, end).indexOf(TAB);
      if (tab >= 0) {
        const at = this.#charactersOf(lines, start, start + tab);
        return {
          code: "tab_in_line",
          message: `Character ${at + 1} is a tab, whose width nobody knows`,
        };
      }
    }
    const length = this.#charactersOf(lines, start, end);
    if (length < this.#needed && padShortRecords !== true) {
      return { code: "line_too_short", message: wrongLength(length, this.#needed) };
    }
    if (isWhole && length > this.#needed && !isBlank(bytes, this.#at(start, this.#needed), end)) {
      return { code: "line_too_long", message: wrongLength(length, this.#needed) };
    }
    fields.forEach((field, f) => this.#takeField(lines, start, length, field, f));
    return null;
  }

  #takeField(lines: RecordBatch, line: number, length: number, field: FixedField, f: number) {
    const { starts, ends, flags, count, width } = this.#batch;
    const { bytes } = lines;
    const at = count * width + f;
    let start = this.#at(line, Math.min(field.start, length));
    let end = this.#at(line, Math.min(field.end ?? length, length));
    const isThere = field.start < length;
    if (!this.#options.keepBlanks) {
      while (end > start && bytes[end - 1] === BLANK) end--;
      while (start < end && bytes[start] === BLANK) start++;
    }
    starts[at] = start;
    ends[at] = end;
    flags[at] = !isThere
      ? NULL
      : lines.decode !== undefined && isWide(bytes, start, end)
      ? CODED | BARE | ESCAPED
      : 0;
  }

  /** Whether each character of the line that was counted last is a byte. */
  #isNarrow = true;

  /** Counts the characters of a line, and remembers where each begins. */
  #charactersOf({ bytes, decode }: RecordBatch, start: number, end: number): number {
    this.#isNarrow = !isWide(bytes, start, end) ||
      // What only a server calls so may be UTF-8 all the same.
      decode !== undefined && (this.#isOneByte || !isUtf8(bytes.subarray(start, end)));
    if (this.#isNarrow) return end - start;
    if (this.#offsets.length <= end - start) this.#offsets = new Int32Array((end - start) * 2);
    let count = 0;
    for (let at = start; at < end; at++) {
      // What goes on with a character does not begin one.
      if ((bytes[at] & 0xc0) !== 0x80) this.#offsets[count++] = at - start;
    }
    this.#offsets[count] = end - start;
    return count;
  }

  /** Offset of a character of the line that was counted last. */
  #at(line: number, character: number): number {
    return line + (this.#isNarrow ? character : this.#offsets[character]);
  }

  /** A line of names, of which each stands where its field does. */
  #takeHeader(lines: RecordBatch, start: number, end: number, line: number): void {
    const length = this.#charactersOf(lines, start, end);
    const { bytes, decode } = lines;
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      this.header = this.#options.fields.map((field) => {
        const raw = bytes.subarray(
          this.#at(start, Math.min(field.start, length)),
          this.#at(start, Math.min(field.end ?? length, length)),
        );
        const out = new Uint8Array(raw.length * 3);
        const text = decode === undefined ? raw : out.subarray(0, decode(raw, 0, raw.length, out));
        return decoder.decode(text).trim();
      });
    } catch {
      throw new SluiceError(
        "source/wrong_encoding",
        `The header on line ${line} is not ${this.#options.encoding}`,
        {
          details: { line },
          hint: "Say what it is, such as `encoding: windows-1252` under `source.format`",
        },
      );
    }
    this.#needsHeader = false;
  }
}

/** The lines of such a file, as CSV of one field. */
function linesOf(options: FixedOptions): CsvOptions {
  const { skipLines, skipFooter, endPattern, comment, encoding, maxRecordBytes } = options;
  return {
    type: "csv",
    delimiter: "",
    quote: null,
    escape: null,
    header: false,
    fields: 1,
    skipLines,
    comment,
    nullValues: [],
    trim: false,
    encoding,
    maxRecordBytes,
    ...(skipFooter === undefined ? {} : { skipFooter }),
    ...(endPattern === undefined ? {} : { endPattern }),
  };
}

function arraysOf({ starts, ends, flags, recordStarts, recordEnds, lines }: RecordBatch) {
  return { starts, ends, flags, recordStarts, recordEnds, lines };
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== BLANK) return false;
  return true;
}

function wrongLength(length: number, needed: number): string {
  return `The line has ${length} characters, and its fields ${needed}`;
}

/** Reads lines each for itself. */
function replayFixed(format: FixedOptions, header: readonly string[] | null): RecordReplay {
  const options: FixedOptions = {
    ...format,
    header: false,
    skipLines: 0,
    comment: null,
    skipFooter: 0,
    endPattern: null,
  };
  const wanted: Wanted = { columns: [], others: "skip" };
  return {
    header,
    read(raw) {
      const line = new Uint8Array(raw.length + 1);
      line.set(raw);
      line[raw.length] = LF;
      const reader = new FixedReader(options, wanted);
      return reader.push(line) ?? reader.finish() ?? emptyBatch(() => 0);
    },
  };
}

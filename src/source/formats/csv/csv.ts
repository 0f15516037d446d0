import { encodeOneByte, isOneByte } from "../../../core/encodings.ts";
import { SluiceError } from "../../../core/error.ts";
import { quotedText } from "../../../core/quoted_text.ts";
import { ESCAPED } from "../../../core/field_flags.ts";
import type { RecordBatch, RecordSplitter } from "../../../rows/record_batch.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";
import { RecordFilter } from "./filter.ts";
import { Footer } from "./footer.ts";
import { CsvScanner } from "./scanner.ts";
import { csvTraits } from "./traits.ts";
import { type Coding, codingOf } from "./coding.ts";
import type { Format, ReaderFacts, RecordReader, Wanted } from "../format.ts";
import { guessDelimiter } from "./other_delimiter.ts";
import { replayCsv } from "./replay.ts";

/** Delimited text; `docs/sources.md` describes the dialect. */
export const csv: Format<CsvOptions> = {
  open: (options, wanted, splitter) => new CsvReader(options, wanted, splitter),
  replay: (options, header) => replayCsv(options, header, (each) => new CsvReader(each)),
  traits: csvTraits,
};

class CsvReader implements RecordReader {
  header: readonly string[] | null = null;
  readonly #options: CsvOptions;
  readonly #scanner: CsvScanner;
  readonly #filter: RecordFilter;
  readonly #footer: Footer | null;
  /** How to read what is not ASCII; null: it is UTF-8. */
  readonly #coding: Coding | null;
  #headerBytes = new Uint8Array(0);
  #hasStarted = false;
  /** Records behind the header that are still to be skipped. */
  #toSkip: number;

  readonly about: ReaderFacts;

  constructor(
    options: CsvOptions,
    { base = 0, announced }: Pick<Wanted, "base" | "announced"> = {},
    splitter?: RecordSplitter,
  ) {
    this.#options = options;
    this.#coding = codingOf(options.encoding, announced);
    this.#filter = new RecordFilter(options);
    const { skipFooter = 0, skipAfterHeader = 0, maxRecordBytes } = options;
    this.#footer = skipFooter > 0 ? new Footer(skipFooter, maxRecordBytes) : null;
    this.#toSkip = skipAfterHeader;
    this.about = {
      guess: (names, isKnown) => guessDelimiter(names, isKnown, options),
      // What is not of UTF-8 is decoded as well.
      ...(options.quote !== null && options.quote === options.escape && this.#coding === null
        ? { doubled: byteOf(options.quote) }
        : {}),
    };
    const delimiter = delimiterBytes(options);
    const isPlain = delimiter.length < 2 && !options.blanksAroundQuotes &&
      !options.backslashEscapes;
    this.#scanner = new CsvScanner(
      {
        delimiter: delimiter[0] ?? -1,
        ...(delimiter.length > 1 ? { delimiterRest: delimiter.subarray(1) } : {}),
        quote: byteOf(options.quote),
        escape: options.quote === null ? -1 : byteOf(options.escape),
        comment: byteOf(options.comment),
        skipLines: options.skipLines,
        skipEmptyFirst: options.header,
        padShort: options.padShortRecords,
        dropSurplus: options.dropEmptySurplus,
        blanksAroundQuotes: options.blanksAroundQuotes,
        backslashEscapes: options.backslashEscapes,
        maxRecordBytes,
      },
      isPlain ? splitter : undefined,
      splitter?.home,
    );
    this.#scanner.batch.base = base;
    if (options.fields) this.#scanner.setWidth(options.fields, true);
  }

  push(chunk: Uint8Array): RecordBatch | null {
    if (this.#filter.hasEnded) return null;
    this.#scanner.append(this.#footer?.push(chunk) ?? chunk);
    if (!this.#hasStarted) {
      // A byte order mark has up to three bytes.
      if (this.#scanner.filled < 3) return null;
      this.#start();
    }
    this.#scan();
    return this.#batch();
  }

  finish(): RecordBatch | null {
    if (this.#filter.hasEnded) return null;
    const scanner = this.#scanner;
    scanner.append(new Uint8Array(0));
    scanner.complete();
    if (!this.#hasStarted) this.#start();
    do {
      this.#scan();
      scanner.end();
      // The end may have completed the first record.
      this.#scan();
    } while (!scanner.isDone);
    if (this.header !== null && scanner.batch.width === 0) this.#begin();
    if (this.#options.header && this.header === null) {
      throw new SluiceError("source/empty_file", "The file ends before its header", {
        hint: "Check that the source was written completely; " +
          "a file without a header needs `header: false`",
      });
    }
    return this.#batch();
  }

  #start(): void {
    this.#hasStarted = true;
    const [a, b, c] = this.#scanner.batch.bytes.subarray(0, this.#scanner.filled);
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#scanner.skipBytes(3);
  }

  #scan(): void {
    const scanner = this.#scanner;
    let fields = scanner.scan();
    if (scanner.batch.width > 0) return;
    if (this.header === null) {
      if (scanner.batch.malformed.length > 0) throw this.#malformedFirst();
      if (fields === 0) return;
      if (!this.#options.header) {
        scanner.setWidth(fields, true);
        scanner.scan();
        return;
      }
      this.header = this.#headerNames(fields);
      const { bytes, recordStarts, recordEnds } = scanner.batch;
      this.#headerBytes = bytes.slice(recordStarts[0], recordEnds[0]);
      scanner.forget();
      fields = this.#toSkip > 0 || this.#options.unnamedFields ? scanner.scan() : 0;
    }
    if (this.#hasSkipped(fields)) this.#begin();
  }

  /** Skips what stands between the header and the data; false until that has passed. */
  #hasSkipped(fields: number): boolean {
    const scanner = this.#scanner;
    const { batch } = scanner;
    while (this.#toSkip > 0) {
      const bad = batch.malformed.splice(0, this.#toSkip).length;
      this.#toSkip -= bad;
      if (this.#toSkip === 0 || fields === 0) break;
      scanner.forget();
      this.#toSkip--;
      fields = this.#toSkip > 0 || this.#options.unnamedFields ? scanner.scan() : 0;
    }
    if (this.#toSkip > 0) return false;
    if (this.#options.unnamedFields) {
      if (batch.malformed.length > 0) throw this.#malformedFirst();
      if (fields === 0) return false;
      this.#nameFields(fields);
    }
    if (fields > 0) scanner.rewind();
    return true;
  }

  /** Reads on, with the header's fields in each record. */
  #begin(): void {
    this.#scanner.setWidth(this.header!.length, true);
    this.#filter.setHeader(this.header!, this.#headerBytes);
    this.#scanner.scan();
  }

  /** A record has more fields than the header: the others have no names. */
  #nameFields(fields: number): void {
    const names = this.header!;
    const unnamed = Array.from({ length: Math.max(0, fields - names.length) }, () => "");
    this.header = this.#options.unnamedFields === "first"
      ? [...unnamed, ...names]
      : [...names, ...unnamed];
  }

  #malformedFirst(): SluiceError {
    const { bytes, malformed: [{ line, message, start, end }] } = this.#scanner.batch;
    const other = otherDelimiter(bytes.subarray(start, end), this.#options);
    return new SluiceError(
      "source/malformed_header",
      `The first record, on line ${line}, cannot be read: ${message}`,
      {
        details: { line },
        hint: other === null
          ? "It sets the number of fields: check the delimiter, the quote and `skip_lines`"
          : `Its fields may be separated by ${quotedText(other)}; if so, say it:\n` +
            `source:\n  format: { type: csv, delimiter: ${quotedText(other)} }`,
      },
    );
  }

  #headerNames(fields: number): string[] {
    const { bytes, starts, ends, flags, lines } = this.#scanner.batch;
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const coding = this.#coding;
    coding?.requireOwn(bytes.subarray(starts[0], ends[fields - 1]), lines[0]);
    return Array.from({ length: fields }, (_, f) => {
      const raw = bytes.subarray(starts[f], ends[f]);
      try {
        const plain = flags[f] & ESCAPED ? this.#unescaped(raw) : raw;
        return decoder.decode(coding === null ? plain : coding.decoded(plain));
      } catch {
        const { encoding } = this.#options;
        throw new SluiceError(
          "source/wrong_encoding",
          `Field ${f + 1} of the header is not ${encoding === "utf-8" ? "UTF-8" : encoding}`,
          {
            details: { line: lines[0] },
            hint: "Say what it is, such as `encoding: windows-1252` under `source.format`, or " +
              "convert the file to UTF-8, for example with `iconv`",
          },
        );
      }
    });
  }

  #unescaped(raw: Uint8Array): Uint8Array {
    const out = new Uint8Array(raw.length);
    return out.subarray(0, this.#scanner.batch.unescape(raw, 0, raw.length, out));
  }

  #batch(): RecordBatch | null {
    const batch = this.#filter.apply(this.#scanner.batch);
    this.#coding?.mark(batch);
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }
}

/** What stands behind the first quoted name, where that looks like another delimiter. */
function otherDelimiter(record: Uint8Array, { delimiter, quote }: CsvOptions): string | null {
  const text = new TextDecoder().decode(record.subarray(0, 1024));
  if (quote === null || !text.startsWith(quote)) return null;
  const next = text[text.indexOf(quote, 1) + 1] ?? "";
  return next !== delimiter && [",", ";", "\t", "|", "^", "~", ":"].includes(next) ? next : null;
}

/** As the file has it: no bytes for none. */
function delimiterBytes({ delimiter, encoding }: CsvOptions): Uint8Array {
  const bytes = isOneByte(encoding) ? encodeOneByte(delimiter, encoding) : null;
  return bytes ?? new TextEncoder().encode(delimiter);
}

function byteOf(character: string | null): number {
  if (character === null) return -1;
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code > 127) {
    throw new Error(`CSV characters are single bytes: got "${character}"`);
  }
  return code;
}

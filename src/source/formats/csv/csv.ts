import { SluiceError } from "../../../core/error.ts";
import { quotedText } from "../../../core/quoted_text.ts";
import { ESCAPED } from "../../../core/field_flags.ts";
import type { RecordBatch, RecordSplitter } from "../../../rows/record_batch.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";
import { CsvScanner } from "./scanner.ts";
import { csvTraits } from "./traits.ts";
import type { Format, ReaderFacts, RecordReader } from "../format.ts";
import { guessDelimiter } from "./other_delimiter.ts";
import { replayCsv } from "./replay.ts";

/** Delimited text; `docs/sources.md` describes the dialect. */
export const csv: Format<CsvOptions> = {
  open: (options, { base }, splitter) => new CsvReader(options, base, splitter),
  replay: (options, header) => replayCsv(options, header, (each) => new CsvReader(each)),
  traits: csvTraits,
};

class CsvReader implements RecordReader {
  header: readonly string[] | null = null;
  readonly #options: CsvOptions;
  readonly #scanner: CsvScanner;
  #hasStarted = false;

  readonly about: ReaderFacts;

  constructor(options: CsvOptions, base = 0, splitter?: RecordSplitter) {
    this.#options = options;
    this.about = {
      guess: (names, isKnown) => guessDelimiter(names, isKnown, options),
      ...(options.quote !== null && options.quote === options.escape
        ? { doubled: byteOf(options.quote) }
        : {}),
    };
    this.#scanner = new CsvScanner({
      delimiter: byteOf(options.delimiter),
      quote: byteOf(options.quote),
      escape: options.quote === null ? -1 : byteOf(options.escape),
      comment: byteOf(options.comment),
      skipLines: options.skipLines,
      skipEmptyFirst: options.header,
      maxRecordBytes: options.maxRecordBytes,
    }, splitter);
    this.#scanner.batch.base = base;
  }

  push(chunk: Uint8Array): RecordBatch | null {
    this.#scanner.append(chunk);
    if (!this.#hasStarted) {
      // A byte order mark has up to three bytes.
      if (this.#scanner.filled < 3) return null;
      this.#start();
    }
    this.#scan();
    return this.#batch();
  }

  finish(): RecordBatch | null {
    const scanner = this.#scanner;
    scanner.append(new Uint8Array(0));
    if (!this.#hasStarted) this.#start();
    do {
      this.#scan();
      scanner.end();
      // The end may have completed the first record.
      this.#scan();
    } while (!scanner.isDone);
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
    const fields = scanner.scan();
    if (scanner.batch.width === 0 && scanner.batch.malformed.length > 0) {
      const { bytes, malformed: [{ line, message, start, end }] } = scanner.batch;
      const other = otherDelimiter(bytes.subarray(start, end), this.#options);
      throw new SluiceError(
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
    if (fields === 0) return;
    if (this.#options.header) this.header = this.#headerNames(fields);
    scanner.setWidth(fields, !this.#options.header);
    scanner.scan();
  }

  #headerNames(fields: number): string[] {
    const { bytes, starts, ends, flags, lines } = this.#scanner.batch;
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return Array.from({ length: fields }, (_, f) => {
      try {
        const text = decoder.decode(bytes.subarray(starts[f], ends[f]));
        return flags[f] & ESCAPED ? unescaped(text, this.#options) : text;
      } catch {
        throw new SluiceError(
          "source/wrong_encoding",
          `Field ${f + 1} of the header is not UTF-8`,
          {
            details: { line: lines[0] },
            hint: "Convert the file to UTF-8, for example with `iconv`",
          },
        );
      }
    });
  }

  #batch(): RecordBatch | null {
    const { skipEmptyRecords } = this.#options;
    const all = this.#scanner.batch;
    const batch = skipEmptyRecords && all.width > 1 ? withoutEmptyRecords(all) : all;
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }
}

/**
 * A batch without records of delimiters only, which have no byte beside those.
 *
 * It is one of its own, with the same arrays: the scanner goes on behind the records that it counted.
 */
function withoutEmptyRecords(batch: RecordBatch): RecordBatch {
  const { width, starts, ends, flags, lines, recordStarts, recordEnds } = batch;
  let kept = 0;
  for (let r = 0; r < batch.count; r++) {
    if (recordEnds[r] - recordStarts[r] === width - 1) continue;
    if (kept < r) {
      for (const fields of [starts, ends, flags]) {
        fields.copyWithin(kept * width, r * width, (r + 1) * width);
      }
      for (const records of [lines, recordStarts, recordEnds]) records[kept] = records[r];
    }
    kept++;
  }
  return { ...batch, count: kept };
}

/** What stands behind the first quoted name, where that looks like another delimiter. */
function otherDelimiter(record: Uint8Array, { delimiter, quote }: CsvOptions): string | null {
  const text = new TextDecoder().decode(record.subarray(0, 1024));
  if (quote === null || !text.startsWith(quote)) return null;
  const next = text[text.indexOf(quote, 1) + 1] ?? "";
  return next !== delimiter && [",", ";", "\t", "|", "^", "~", ":"].includes(next) ? next : null;
}

function unescaped(text: string, { quote, escape }: CsvOptions): string {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === escape && (text[i + 1] === quote || text[i + 1] === escape)) i++;
    result += text[i];
  }
  return result;
}

function byteOf(character: string | null): number {
  if (character === null) return -1;
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code > 127) {
    throw new Error(`CSV characters are single bytes: got "${character}"`);
  }
  return code;
}

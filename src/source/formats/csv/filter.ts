import { compilePattern, type Pattern } from "../../../core/pattern/mod.ts";
import { ESCAPED, QUOTED } from "../../../core/field_flags.ts";
import type { RecordBatch } from "../../../rows/record_batch.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";

/** Leaves out the records of a file that are none of its data. */
export class RecordFilter {
  /** A record has said that the data has ended. */
  hasEnded = false;
  readonly #end: Pattern | null;
  #header: readonly Uint8Array[] | null = null;
  /** As the file has it: it may have fewer fields than the records. */
  #rawHeader: Uint8Array = new Uint8Array(0);

  constructor(readonly options: CsvOptions) {
    const { endPattern } = options;
    this.#end = endPattern === undefined || endPattern === null ? null : compilePattern(endPattern);
  }

  #scratch = new Uint8Array(1024);

  /** Says which records repeat the header. */
  setHeader(names: readonly string[], raw: Uint8Array): void {
    if (!this.options.skipRepeatedHeaders) return;
    this.#rawHeader = raw;
    this.#header = names.map((name) => new TextEncoder().encode(name));
  }

  /**
   * The records of a batch that are data.
   *
   * It is a batch of its own, with the same arrays: the scanner goes on behind the records that it
   * counted.
   */
  apply(batch: RecordBatch): RecordBatch {
    if (this.hasEnded) return { ...batch, count: 0, malformed: [] };
    const skipsEmpty = this.options.skipEmptyRecords === true && batch.width > 1;
    if (this.#end === null && this.#header === null && !skipsEmpty) return batch;
    const { bytes, width, starts, ends, flags, lines, recordStarts, recordEnds } = batch;
    let { malformed } = batch;
    const end = this.#end === null ? Infinity : this.#endOf(batch, this.#end);
    malformed = malformed.filter((each) =>
      each.start < end &&
      !(this.#header !== null && equal(bytes, each.start, each.end, this.#rawHeader))
    );
    let kept = 0;
    for (let r = 0; r < batch.count; r++) {
      if (recordStarts[r] >= end) break;
      if (skipsEmpty && this.#isEmpty(batch, r)) continue;
      if (this.#header !== null && this.#repeats(batch, r, this.#header)) continue;
      if (kept < r) {
        for (const fields of [starts, ends, flags]) {
          fields.copyWithin(kept * width, r * width, (r + 1) * width);
        }
        for (const records of [lines, recordStarts, recordEnds]) records[kept] = records[r];
      }
      kept++;
    }
    return { ...batch, count: kept, malformed };
  }

  #repeats(batch: RecordBatch, r: number, header: readonly Uint8Array[]): boolean {
    const { bytes, width, starts, ends, flags, recordStarts, recordEnds } = batch;
    if (equal(bytes, recordStarts[r], recordEnds[r], this.#rawHeader)) return true;
    for (let f = 0; f < width; f++) {
      const o = r * width + f;
      let text = bytes;
      let start = starts[o];
      let end = ends[o];
      // A file that another one was put behind keeps its byte order mark.
      if (f === 0 && end - start >= BOM.length && equal(bytes, start, start + BOM.length, BOM)) {
        start += BOM.length;
        if (end - start === header[0].length + 2 && bytes[start] === bytes[end - 1]) {
          start++;
          end--;
        }
      }
      if (flags[o] & ESCAPED) {
        if (this.#scratch.length < end - start) this.#scratch = new Uint8Array(end - start);
        end = batch.unescape(bytes, start, end, this.#scratch);
        start = 0;
        text = this.#scratch;
      }
      if (!equal(text, start, end, header[f])) return false;
    }
    return true;
  }

  /** A record of delimiters only has no byte beside those. */
  #isEmpty({ starts, ends, flags, width }: RecordBatch, r: number): boolean {
    for (let o = r * width; o < (r + 1) * width; o++) {
      if (starts[o] !== ends[o] || (flags[o] & QUOTED) !== 0) return false;
    }
    return true;
  }

  /** Where the first record begins in which the pattern is found; Infinity for none. */
  #endOf({ bytes, count, recordStarts, recordEnds, malformed }: RecordBatch, pattern: Pattern) {
    const finds = (start: number, end: number) => pattern.test(bytes.subarray(start, end));
    let first = malformed.find(({ start, end }) => finds(start, end))?.start ?? Infinity;
    for (let r = 0; r < count && recordStarts[r] < first; r++) {
      if (finds(recordStarts[r], recordEnds[r])) first = recordStarts[r];
    }
    this.hasEnded = first < Infinity;
    return first;
  }
}

const BOM = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Whether `bytes[start … end)` are those. */
function equal(bytes: Uint8Array, start: number, end: number, others: Uint8Array): boolean {
  if (end - start !== others.length) return false;
  for (let i = 0; i < others.length; i++) if (bytes[start + i] !== others[i]) return false;
  return true;
}

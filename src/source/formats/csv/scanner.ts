import { SluiceError } from "../../../core/error.ts";
import { ESCAPED, NULL, QUOTED } from "../../../core/field_flags.ts";
import type {
  BatchArrays,
  MalformedRecord,
  RecordBatch,
  RecordSplitter,
} from "../../../rows/record_batch.ts";
import {
  areEmpty,
  BACKSLASH,
  delimiterLength,
  type Dialect,
  endsDelimiter,
  isBlank,
  markTable,
  unescaper,
} from "./dialect.ts";
import { comeHome, emptyBatch, isHome, RAW_LIMIT, reserve } from "../../growing_batch.ts";

/** What the scanner is in the middle of. */
/** A malformed record was left: reading goes on behind its first line. */
const LEFT = -1;
const RECORD_START = 0;
const UNQUOTED = 1;
const IN_QUOTES = 2;
/** A quote inside quotes: the end of the field, or half of an escaped quote. */
const AFTER_QUOTE = 3;
/** An escape character inside quotes, where it is another character than the quote. */
const AFTER_ESCAPE = 4;
const IN_COMMENT = 5;
const SKIPPING_LINE = 6;

const LF = 10;
const CR = 13;

/** Marks of one block stay in the fastest cache; larger and smaller ones measured slower. */
const BLOCK = 32 * 1024;
/** The least that is looked at between two tries of the splitter, in vain. */
const LEAST_BLOCK = 64;
/** Fields of the first record, which tells the width; Postgres has at most 1,600 columns. */
const MAX_FIELDS = 2_000_000;
const TEXT_AFTER_QUOTE = "Text follows a closing quote";
const NEVER_CLOSED = "The quote that opens a field is never closed";

/**
 * Splits bytes into records and fields, in one buffer that keeps the unfinished record.
 *
 * It works in two steps, block by block: `scan` lists the positions of all bytes that can end
 * something, without a branch, and `#walk` then visits only those. On taxi data (18 fields, 91 bytes
 * a record) the whole reader does 600 MB/s on one core, see bench/scan_micro.ts.
 *
 * A malformed record costs its first line: if it spans others, a stray quote may have swallowed
 * them, and they are read again. Between two lines that end inside the quotes of one record, one
 * field ends at least, and a record with too many fields is left at once: so no byte is read more
 * often than a record has fields, and hardly any more than three times.
 */
export class CsvScanner {
  readonly batch: RecordBatch;

  readonly #dialect: Dialect;
  readonly #isMark: Uint8Array;
  readonly #marks = new Int32Array(BLOCK + 1);

  /** Bytes of the buffer in use. */
  #filled = 0;
  /** Where the next block starts. */
  #next = 0;
  /** No more bytes come: until then a delimiter of several may be cut. */
  #isWhole = false;
  #state = RECORD_START;
  /** Line ends left to pass in `SKIPPING_LINE`. */
  #linesToSkip = 0;
  /** Line the next byte is on. */
  #line = 1;
  /** Where an LF would be the second half of a CRLF; -1 elsewhere. */
  #afterCr = -1;

  // The record that is being read.
  #recordStart = 0;
  #recordLine = 1;
  #field = 0;
  #fieldStart = 0;
  #flag = 0;
  /** The quote or escape character that `AFTER_QUOTE` and `AFTER_ESCAPE` follow. */
  #pendingAt = 0;
  #textAfterQuote = false;
  /** What stands here is escaped by a backslash before it. */
  #escapedAt = -1;
  /** An LF here is the second half of an escaped CRLF. */
  #escapedLf = -1;

  /**
   * Where the quotes of the last malformed record went wrong. A record that begins behind its first
   * line, and is inside quotes at a line end before this, is inside the very same ones.
   */
  #doomedUntil = 0;
  #doom: "text_after_quote" | "unclosed_quote" = "unclosed_quote";
  #doomLine = 0;

  #countTold = -1;
  #countText = "";
  #bytesScanned = 0;

  readonly #splitter: RecordSplitter | null;
  readonly #home: BatchArrays | undefined;
  /** Records that are read here before the splitter is asked again; more after each one in vain. */
  #patience = 1;
  #bytesSplit = 0;

  /**
   * @param splitter takes the plain records
   * @param home where the batch lies
   */
  constructor(
    dialect: Dialect,
    splitter: RecordSplitter | null = null,
    home: BatchArrays | undefined = splitter?.home,
  ) {
    this.#dialect = dialect;
    this.#splitter = splitter;
    this.#home = home;
    this.batch = emptyBatch(unescaper(dialect), home);
    const { delimiter, quote, escape, comment, maxRecordBytes } = dialect;
    splitter?.setDialect(delimiter, quote, escape, comment, maxRecordBytes);
    this.#isMark = markTable(dialect);
    this.#skipLines(dialect.skipLines);
  }

  /** Bytes in the buffer, for looking at the start of the file. */
  get filled(): number {
    return this.#filled;
  }

  /** Bytes looked at so far; each one as often as it was read. */
  get bytesScanned(): number {
    return this.#bytesScanned;
  }

  /** Bytes of records that the splitter took. */
  get bytesSplit(): number {
    return this.#bytesSplit;
  }

  /** No more bytes come. */
  complete(): void {
    this.#isWhole = true;
  }

  /** Everything in the buffer has been split, and no record is unfinished. */
  get isDone(): boolean {
    return this.#next === this.#filled && !this.#isOpen();
  }

  /** Passes over bytes at the start that belong to no record: a byte order mark. */
  skipBytes(count: number): void {
    this.#next = this.#recordStart = count;
  }

  /** Starts a new batch: forgets the records of the last one and adds bytes behind the unfinished one. */
  append(chunk: Uint8Array): void {
    const batch = this.batch;
    const fields = batch.count * batch.width;
    batch.flags.fill(0, 0, fields);
    batch.malformed = [];
    const unread = this.#state === IN_COMMENT || this.#state === SKIPPING_LINE;
    this.#dropBytes(unread ? this.#next : this.#recordStart, fields);
    batch.count = 0;
    const needed = this.#filled + chunk.length;
    this.#comeHome(needed);
    if (needed > batch.bytes.length) {
      const grown = new Uint8Array(Math.max(needed + BLOCK, batch.bytes.length * 2));
      grown.set(batch.bytes.subarray(0, this.#filled));
      batch.bytes = grown;
    }
    batch.bytes.set(chunk, this.#filled);
    this.#filled = needed;
  }

  /** A record that was longer than the home of the batch is over. */
  #comeHome(needed: number): void {
    const home = this.#home;
    if (home === undefined || isHome(this.batch, home)) return;
    const fields = this.#isOpen() ? this.#field : 0;
    if (Math.max(needed, fields) > home.bytes.length / 2) return;
    comeHome(this.batch, home, this.#filled, fields);
  }

  /**
   * Splits all that is buffered.
   *
   * While `batch.width` is 0 it stops after the first record and returns the number of its fields,
   * which stand at the front of the batch; otherwise it returns 0.
   *
   * Hot loop: writes each position and moves on only past marks, so that no branch can be predicted
   * wrongly: 1,250 MB/s, where comparing each byte does 370 and branching on the table 590. It
   * stands inside this loop because V8 leaves it half optimised for the first 800 MB when it is a
   * function of its own: the reader then does 400 MB/s instead of 600.
   */
  scan(): number {
    const marks = this.#marks;
    const isMark = this.#isMark;
    const limit = this.#isWhole ? this.#filled : this.#filled - delimiterLength(this.#dialect) + 1;
    while (this.#next < limit) {
      if (this.#splitter !== null && this.#split(this.#splitter)) break;
      const { bytes } = this.batch;
      const end = this.#blockEnd(limit);
      let count = 0;
      for (let i = this.#next; i < end; i++) {
        marks[count] = i;
        count += isMark[bytes[i]];
      }
      this.#bytesScanned += end - this.#next;
      this.#reserve(count);
      this.#next = this.#walk(count, end);
      if (this.batch.width === 0 && this.batch.count === 1) break;
      if (this.batch.width === 0 && this.#field > MAX_FIELDS) throw tooManyFields(this.#recordLine);
      if (this.#isOpen() && this.#next - this.#recordStart > this.#dialect.maxRecordBytes) {
        this.#leaveTooLong();
      }
    }
    return this.batch.width === 0 && this.batch.count === 1 ? this.#field : 0;
  }

  /** Has the plain records taken that come next; true where all that is left is an unfinished one. */
  #split(splitter: RecordSplitter): boolean {
    const { batch } = this;
    const from = this.#next;
    if (
      this.#state !== RECORD_START || this.#recordStart !== from || batch.width === 0 ||
      from < this.#doomedUntil || !isHome(batch, splitter.home)
    ) return false;
    const { count } = batch;
    const next = splitter.split(batch, from, this.#filled, this.#line, this.#afterCr);
    this.#patience = batch.count > count ? 1 : Math.min(this.#patience * 2, BLOCK / LEAST_BLOCK);
    this.#bytesSplit += next - from;
    this.#bytesScanned += next - from;
    this.#next = this.#recordStart = next;
    this.#line = splitter.line;
    this.#afterCr = splitter.afterCr;
    // One that no chunk completes is not begun anew with each.
    return next === this.#filled || splitter.isAtEnd && batch.count > count;
  }

  /** Where the next block ends: behind a line, soon, where the splitter may go on from there. */
  #blockEnd(limit: number): number {
    const most = Math.min(this.#next + BLOCK, limit);
    if (this.#splitter === null || this.batch.width === 0) return most;
    const { bytes } = this.batch;
    let end = Math.min(this.#next + (this.#patience - 1) * LEAST_BLOCK, most);
    while (end < most && bytes[end] !== LF && bytes[end] !== CR) end++;
    return Math.min(end + 1, most);
  }

  /**
   * Ends the last record where it has no line end.
   *
   * A malformed record gives back the lines behind its first one: `scan` and `end` again until
   * `isDone`.
   */
  end(): void {
    const { batch } = this;
    if (!this.#isOpen()) return;
    this.#reserve(0);
    if (this.#state === IN_QUOTES || this.#state === AFTER_ESCAPE) {
      if (this.#textAfterQuote) return this.#leaveAfterQuote(this.#line, this.#filled);
      this.#doomFrom("unclosed_quote", this.#line, this.#filled);
      return this.#leave("unclosed_quote", NEVER_CLOSED);
    }
    let end = this.#filled;
    if (this.#state === AFTER_QUOTE) {
      const isClosed = this.#pendingAt + 1 === end || this.#dialect.blanksAroundQuotes &&
          isBlank(batch.bytes, this.#pendingAt + 1, end, this.#dialect);
      if (isClosed) end = this.#pendingAt;
      else this.#textAfterQuote = true;
    }
    const at = batch.count * batch.width + this.#field;
    if (batch.width === 0 || this.#field < batch.width) {
      batch.starts[at] = this.#fieldStart;
      batch.ends[at] = end;
      batch.flags[at] =
        this.#dialect.backslashEscapes && isCopyNull(batch.bytes, this.#fieldStart, end)
          ? NULL
          : this.#flag;
    }
    this.#field++;
    if (!this.#endRecord(this.#filled, this.#line)) return;
    this.#state = RECORD_START;
    this.#recordStart = this.#filled;
  }

  /** Fixes the number of fields; the first record counts as one or, being a header, does not. */
  setWidth(width: number, keepFirst: boolean): void {
    this.batch.width = width;
    if (!keepFirst) {
      this.batch.count = 0;
      this.batch.flags.fill(0, 0, width);
    }
  }

  /** Gives back the only record, which was read to know its fields: it is read again. */
  rewind(): void {
    const { batch } = this;
    batch.flags.fill(0, 0, this.#field);
    batch.count = 0;
    this.#next = this.#recordStart = batch.recordStarts[0];
    this.#line = batch.lines[0];
    this.#afterCr = -1;
    this.#state = RECORD_START;
  }

  /** Forgets the only record, which was read to know its fields. */
  forget(): void {
    this.batch.flags.fill(0, 0, this.#field);
    this.batch.count = 0;
  }

  /**
   * Visits the marks of a block; returns where to go on.
   *
   * Hot loop: works on locals. Records of plain fields take the short way at the top, with which
   * taxi data is read 1.5 times as fast as by the state machine alone.
   */
  #walk(count: number, end: number): number {
    const { batch } = this;
    const { bytes, width, starts, ends, flags } = batch;
    const { delimiter, quote, escape, comment, maxRecordBytes, blanksAroundQuotes } = this.#dialect;
    const marks = this.#marks;
    const fieldLimit = width === 0 ? 0x7fffffff : width;
    let state = this.#state;
    let record = batch.count;
    let recordStart = this.#recordStart;
    let line = this.#line;
    let field = this.#field;
    let fieldStart = this.#fieldStart;
    let flag = this.#flag;
    let afterCr = this.#afterCr;
    let pendingAt = this.#pendingAt;
    const hasBackslashes = this.#dialect.backslashEscapes === true;
    const step = delimiterLength(this.#dialect);
    let m = 0;
    let resume = end;
    const blockStart = this.#next;

    for (;;) {
      if (state <= RECORD_START) {
        if (state === LEFT) {
          recordStart = this.#recordStart;
          if (recordStart < blockStart || recordStart === this.#filled) return recordStart;
          // The marks of this block are known.
          this.#bytesScanned += marks[m - 1] + 1 - recordStart;
          while (m > 0 && marks[m - 1] >= recordStart) m--;
          line = this.#line;
          afterCr = this.#afterCr;
        }
        if (recordStart === afterCr && recordStart < end && bytes[recordStart] === LF) {
          recordStart++;
          m++;
        }
        if (width > 0 && step === 1) {
          this.#recordStart = recordStart;
          this.#line = line;
          this.#afterCr = afterCr;
          batch.count = record;
          m = this.#plainRecords(m, count);
          recordStart = this.#recordStart;
          line = this.#line;
          afterCr = this.#afterCr;
          record = batch.count;
        }
        if (recordStart >= end) break;
        state = bytes[recordStart] === comment ? IN_COMMENT : UNQUOTED;
        this.#recordLine = line;
        this.#textAfterQuote = false;
        field = 0;
        flag = 0;
        fieldStart = recordStart;
      }
      if (m === count) break;
      const at = marks[m++];
      const c = bytes[at];

      if (hasBackslashes && state === UNQUOTED) {
        if (at === this.#escapedLf && c === LF) continue;
        if (at === this.#escapedAt) {
          if (c !== LF && c !== CR) continue;
          line++;
          if (c === CR) {
            afterCr = at + 1;
            // Both bytes of a line end are escaped.
            this.#escapedLf = at + 1;
          }
          continue;
        }
        if (c === BACKSLASH) {
          flag |= ESCAPED;
          this.#escapedAt = at + 1;
          continue;
        }
      }
      if (step > 1 && c === delimiter) {
        // The rest of a delimiter, or a byte that only begins as one does.
        if (at < fieldStart && state === UNQUOTED) continue;
        if (!endsDelimiter(bytes, at + 1, this.#filled, this.#dialect)) {
          if (state === UNQUOTED) continue;
          if (state === AFTER_QUOTE) {
            this.#textAfterQuote = true;
            state = UNQUOTED;
            continue;
          }
        }
      }
      if (state === UNQUOTED || state === AFTER_QUOTE) {
        let fieldEnd = at;
        if (state === AFTER_QUOTE) {
          fieldEnd = pendingAt;
          if (at !== pendingAt + 1) {
            if (
              !blanksAroundQuotes || c === quote || c === escape ||
              !isBlank(bytes, pendingAt + 1, at, this.#dialect)
            ) this.#textAfterQuote = true;
          } else if (c === quote && quote === escape) {
            flag |= ESCAPED;
            state = IN_QUOTES;
            continue;
          } else if (c === quote || c === escape) {
            this.#textAfterQuote = true;
          }
          // From here on, what follows a closing quote is read as an unquoted field is.
          state = UNQUOTED;
        } else if (
          c === quote &&
          (at === fieldStart || blanksAroundQuotes && isBlank(bytes, fieldStart, at, this.#dialect))
        ) {
          state = IN_QUOTES;
          flag = QUOTED;
          fieldStart = at + 1;
          continue;
        }
        const isLineEnd = c === LF || c === CR;
        if (c !== delimiter && !isLineEnd) continue;
        if (field < fieldLimit) {
          const o = record * width + field;
          starts[o] = fieldStart;
          ends[o] = fieldEnd;
          flags[o] = hasBackslashes && isCopyNull(bytes, fieldStart, at) ? NULL : flag;
        }
        field++;
        fieldStart = at + (isLineEnd ? 1 : step);
        flag = 0;
        if (!isLineEnd) continue;
        this.#field = field;
        this.#recordStart = recordStart;
        batch.count = record;
        if (at - recordStart > maxRecordBytes) {
          this.#leaveTooLong();
          state = LEFT;
          continue;
        }
        if (!this.#endRecord(at, line)) {
          state = LEFT;
          continue;
        }
        record = batch.count;
        line++;
        recordStart = at + 1;
        state = RECORD_START;
        if (c === CR) afterCr = recordStart;
        if (width === 0 && record === 1) {
          resume = recordStart;
          break;
        }
      } else if (state === IN_QUOTES) {
        if (c === quote || c === escape) {
          state = c === quote ? AFTER_QUOTE : AFTER_ESCAPE;
          pendingAt = at;
        } else if ((c === LF || c === CR) && !(c === LF && at === afterCr)) {
          if (this.#textAfterQuote || at < this.#doomedUntil || width > 0 && field >= width) {
            this.#field = field;
            this.#recordStart = recordStart;
            batch.count = record;
            this.#leaveInQuotes(at, line);
            state = LEFT;
            continue;
          }
          line++;
          if (c === CR) afterCr = at + 1;
        }
      } else if (state === AFTER_ESCAPE) {
        state = IN_QUOTES;
        if (at === pendingAt + 1 && (c === quote || c === escape)) flag |= ESCAPED;
        else m--;
      } else if (c === LF || c === CR) {
        if (c === LF && at === afterCr) continue;
        line++;
        if (c === CR) afterCr = at + 1;
        if (state === SKIPPING_LINE && --this.#linesToSkip > 0) continue;
        recordStart = at + 1;
        state = RECORD_START;
      }
    }

    batch.count = record;
    this.#state = state;
    this.#recordStart = recordStart;
    this.#line = line;
    this.#field = field;
    this.#fieldStart = fieldStart;
    this.#flag = flag;
    this.#afterCr = afterCr;
    this.#pendingAt = pendingAt;
    return resume;
  }

  /**
   * Takes whole records of plain fields, from mark `m` on; returns the first mark behind them.
   *
   * Hot loop: knows only delimiters and line ends, and leaves anything else to `#walk`.
   */
  #plainRecords(m: number, count: number): number {
    const { batch } = this;
    const { bytes, width, starts, ends, recordStarts, recordEnds, lines } = batch;
    const { delimiter, comment, maxRecordBytes } = this.#dialect;
    const marks = this.#marks;
    const last = width - 1;
    let record = batch.count;
    let recordStart = this.#recordStart;
    let line = this.#line;
    while (m + last < count && bytes[recordStart] !== comment) {
      let o = record * width;
      let start = recordStart;
      let f = 0;
      for (; f < last; f++) {
        const at = marks[m + f];
        if (bytes[at] !== delimiter) break;
        starts[o] = start;
        ends[o] = at;
        start = at + 1;
        o++;
      }
      if (f < last) break;
      const at = marks[m + last];
      const c = bytes[at];
      if (c !== LF && c !== CR || at - recordStart > maxRecordBytes) break;
      starts[o] = start;
      ends[o] = at;
      recordStarts[record] = recordStart;
      recordEnds[record] = at;
      lines[record] = line++;
      record++;
      m += width;
      recordStart = at + 1;
      if (c === CR) {
        this.#afterCr = recordStart;
        if (m < count && marks[m] === recordStart && bytes[recordStart] === LF) {
          recordStart++;
          m++;
        }
      }
    }
    batch.count = record;
    this.#recordStart = recordStart;
    this.#line = line;
    return m;
  }

  /**
   * Takes the fields since `#recordStart` as a record, or as a malformed one.
   *
   * @returns false where the record was left, and its lines from the second on are to be read again
   */
  #endRecord(at: number, line: number): boolean {
    const { batch } = this;
    const { width } = batch;
    const isEmptyLine = at === this.#recordStart;
    if (isEmptyLine && (width > 1 || width === 0 && this.#dialect.skipEmptyFirst)) return true;
    const spans = line > this.#recordLine;
    if (this.#textAfterQuote) {
      if (spans) {
        this.#leaveAfterQuote(line, at);
        return false;
      }
      this.#reject("text_after_quote", TEXT_AFTER_QUOTE, at);
    } else if (width > 0 && this.#field !== width && !this.#fits(at)) {
      const code = this.#field < width ? "too_few_fields" : "too_many_fields";
      if (spans) {
        this.#leave(code, `${this.#wrongCount()}, from here to line ${line}`);
        return false;
      }
      this.#reject(code, this.#wrongCount(), at);
    } else {
      batch.recordStarts[batch.count] = this.#recordStart;
      batch.recordEnds[batch.count] = at;
      batch.lines[batch.count] = this.#recordLine;
      batch.count++;
    }
    return true;
  }

  /** Makes a record of another number of fields one of the width, where the dialect says so. */
  #fits(at: number): boolean {
    const { batch } = this;
    const { bytes, width, starts, ends, flags } = batch;
    const first = batch.count * width;
    if (this.#field > width) {
      if (!this.#dialect.dropSurplus) return false;
      const last = first + width - 1;
      let behind = ends[last] + (flags[last] & QUOTED ? 1 : 0);
      while (
        behind < at && !(bytes[behind] === this.#dialect.delimiter &&
          endsDelimiter(bytes, behind + 1, at, this.#dialect))
      ) behind++;
      return areEmpty(bytes, behind, at, this.#dialect);
    }
    if (!this.#dialect.padShort) return false;
    for (let o = first + this.#field; o < first + width; o++) {
      starts[o] = ends[o] = at;
      flags[o] = NULL;
    }
    return true;
  }

  /** The same text for the same number: a file of bad records is a file of few different ones. */
  #wrongCount(): string {
    if (this.#countTold !== this.#field) {
      this.#countTold = this.#field;
      this.#countText = `${counted(this.#field)} where ${this.batch.width} are expected`;
    }
    return this.#countText;
  }

  #reject(code: MalformedRecord["code"], message: string, end: number): void {
    const { batch } = this;
    const fields = batch.count * batch.width;
    batch.flags.fill(0, fields, fields + (batch.width || this.#field));
    batch.malformed.push({
      line: this.#recordLine,
      byteOffset: batch.base + this.#recordStart,
      code,
      message,
      start: this.#recordStart,
      end,
    });
  }

  /** Leaves a record that is malformed, whatever follows, at a line end inside its quotes. */
  #leaveInQuotes(at: number, line: number): void {
    if (at - this.#recordStart > this.#dialect.maxRecordBytes) return this.#leaveTooLong();
    if (this.#textAfterQuote) return this.#leaveAfterQuote(line, at);
    if (at >= this.#doomedUntil) {
      const { width } = this.batch;
      return this.#leave(
        "too_many_fields",
        `More than ${counted(width)}, from here to line ${line}`,
      );
    }
    if (this.#doom === "unclosed_quote") return this.#leave(this.#doom, NEVER_CLOSED);
    this.#leaveAfterQuote(this.#doomLine, this.#doomedUntil);
  }

  #leaveAfterQuote(line: number, at: number): void {
    const text = line === this.#recordLine
      ? TEXT_AFTER_QUOTE
      : `A quote that opens here is closed on line ${line}, where text follows it`;
    this.#doomFrom("text_after_quote", line, at);
    this.#leave("text_after_quote", text);
  }

  #leaveTooLong(): void {
    const { maxRecordBytes } = this.#dialect;
    // Not a byte behind the limit: it may not be the record's.
    const kept = this.#recordStart + Math.min(RAW_LIMIT, maxRecordBytes);
    this.#leave("record_too_long", `The record is longer than ${maxRecordBytes} bytes`, kept);
  }

  #doomFrom(code: "text_after_quote" | "unclosed_quote", line: number, until: number): void {
    this.#doom = code;
    this.#doomLine = line;
    this.#doomedUntil = until;
  }

  /** Rejects the first line of a record, and goes on at the line after it. */
  #leave(code: MalformedRecord["code"], message: string, kept?: number): void {
    const { bytes } = this.batch;
    let lineEnd = this.#recordStart;
    while (lineEnd < this.#filled && bytes[lineEnd] !== LF && bytes[lineEnd] !== CR) lineEnd++;
    this.#bytesScanned += lineEnd - this.#recordStart;
    this.#reject(code, message, kept ?? lineEnd);
    this.#line = this.#recordLine;
    if (lineEnd === this.#filled) {
      this.#recordStart = this.#next = this.#filled;
      this.#state = RECORD_START;
      this.#skipLines(1);
      return;
    }
    this.#line++;
    this.#afterCr = bytes[lineEnd] === CR ? lineEnd + 1 : -1;
    this.#recordStart = this.#next = lineEnd + 1;
    this.#state = RECORD_START;
  }

  #isOpen(): boolean {
    return this.#state >= UNQUOTED && this.#state <= AFTER_ESCAPE;
  }

  #skipLines(count: number): void {
    if (count === 0) return;
    this.#state = SKIPPING_LINE;
    this.#linesToSkip = count;
  }

  /** Removes bytes from the front, moving the unfinished record and its fields with them. */
  #dropBytes(count: number, fields: number): void {
    const { batch } = this;
    const { starts, ends, flags } = batch;
    if (count > 0) batch.bytes.copyWithin(0, count, this.#filled);
    batch.base += count;
    this.#filled -= count;
    this.#next -= count;
    this.#recordStart = Math.max(0, this.#recordStart - count);
    this.#fieldStart -= count;
    this.#pendingAt -= count;
    this.#escapedAt -= count;
    this.#escapedLf -= count;
    this.#afterCr -= count;
    this.#doomedUntil -= count;
    if (!this.#isOpen() || fields === 0 && count === 0) return;
    const open = batch.width === 0 ? this.#field : Math.min(this.#field, batch.width);
    for (let f = 0; f < open; f++) {
      starts[f] = starts[fields + f] - count;
      ends[f] = ends[fields + f] - count;
      const flag = flags[fields + f];
      flags[fields + f] = 0;
      flags[f] = flag;
    }
  }

  /** Makes room for what `marks` more marks can end. */
  #reserve(marks: number): void {
    const { count, width } = this.batch;
    // Fields beyond the width are counted, not kept.
    const fields = count * width + (width || this.#field) + marks + 1;
    reserve(this.batch, fields, count + marks + 1);
  }
}

/** `\\N`, which is NULL in COPY text. */
function isCopyNull(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === 0x4e;
}

function tooManyFields(line: number): SluiceError {
  return new SluiceError(
    "source/malformed_header",
    `The first record, on line ${line}, has more than ${MAX_FIELDS} fields`,
    { details: { line }, hint: "Check the delimiter and the line ends of the file" },
  );
}

function counted(fields: number): string {
  return fields === 1 ? "1 field" : `${fields} fields`;
}

/** Splits bytes into the records of a batch: plain and quoted fields of well-formed lines. */
import { bytes, ends, flags, lines, recordEnds, recordStarts, starts } from "./batch";

const LF: u32 = 10;
const CR: u32 = 13;
const QUOTED: u8 = 1;
const ESCAPED: u8 = 2;

let delimiter: u32 = 0;
let quote: u32 = 0;
let escape: u32 = 0;
let comment: i32 = 0;
let longest: i32 = 0;

/** Characters of the dialect, -1 for none, and the bytes of the longest record. */
export function setDialect(
  ofDelimiter: i32,
  ofQuote: i32,
  ofEscape: i32,
  ofComment: i32,
  maxRecordBytes: i32,
): void {
  delimiter = <u32> ofDelimiter;
  // No byte has this value.
  quote = ofQuote < 0 ? 256 : <u32> ofQuote;
  escape = ofEscape < 0 ? 256 : <u32> ofEscape;
  comment = ofComment;
  longest = maxRecordBytes;
}

// Where it is: what `split` returns, and what it and `walk` hand each other.
let count: i32 = 0;
let line: f64 = 0;
let afterCr: i32 = 0;
let isAtEnd: bool = false;
let isLeft: bool = false;
let at: i32 = 0;
let field: i32 = 0;
let recordStart: i32 = 0;
/** Where the open field begins: behind its quote, where it has one. */
let fieldStart: i32 = 0;
/** Where the quotes of the open field have ended; -1 before. */
let fieldEnd: i32 = -1;
let flag: u32 = 0;
let inQuotes: bool = false;
/** The second half of an escape. */
let skip: i32 = -1;
/** Line ends inside the quotes of the record. */
let extra: i32 = 0;

/** Records in the batch, after {@link split}. */
export function splitCount(): i32 {
  return count;
}
/** The line that the next record begins on. */
export function splitLine(): f64 {
  return line;
}
/** Where an LF would be the second half of a CRLF. */
export function splitAfterCr(): i32 {
  return afterCr;
}
/** Whether it stopped because the bytes end. */
export function splitIsAtEnd(): bool {
  return isAtEnd;
}

/** Which of 64 bytes are those. */
// @ts-ignore: decorator
@inline
function bitsOf(block: i32, those: v128): u64 {
  let bits: u64 = 0;
  for (let k = 48; k >= 0; k -= 16) {
    bits = bits << 16 | <u64> <u32> i8x16.bitmask(i8x16.eq(v128.load(bytes + block + k), those));
  }
  return bits;
}

/** Each bit becomes the sum, modulo 2, of those up to it. */
// @ts-ignore: decorator
@inline
function sums(bits: u64): u64 {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ bits << 32;
}

/**
 * Splits from the beginning of a record; returns where the first record begins that is left: one
 * that is incomplete, empty, a comment, too long, or has another number of fields than `width`.
 *
 * Sixty-four bytes are looked at at once. Of most blocks the bits of delimiters, line ends and quotes
 * tell all: which bytes are inside quotes is the running sum of the quotes, and each mark outside
 * ends a field. Blocks with anything rarer are walked from mark to mark.
 */
export function split(
  from: i32,
  filled: i32,
  startRecord: i32,
  width: i32,
  startLine: f64,
  startAfterCr: i32,
): i32 {
  const eachDelimiter = i8x16.splat(<i8> delimiter);
  // Where there is none: a byte that hardly occurs, and is nothing when its block is walked.
  const eachQuote = i8x16.splat(<i8> (quote > 255 ? 0 : quote));
  const eachEscape = i8x16.splat(<i8> (escape > 255 || escape == quote ? 0 : escape));
  const eachLf = i8x16.splat(<i8> LF);
  const eachCr = i8x16.splat(<i8> CR);
  const last = width - 1;
  count = startRecord;
  at = startRecord * width;
  line = startLine;
  afterCr = startAfterCr;
  recordStart = from;
  if (from < filled && from == afterCr && load<u8>(bytes + from) == LF) recordStart++;
  fieldStart = recordStart;
  field = 0;
  fieldEnd = -1;
  flag = 0;
  inQuotes = false;
  skip = -1;
  extra = 0;
  isAtEnd = false;
  isLeft = false;
  for (let block = recordStart; !isLeft && !isAtEnd; block += 64) {
    if (block >= filled) {
      isAtEnd = true;
      break;
    }
    let escapes = i8x16.splat(0);
    let returns = i8x16.splat(0);
    let quotes = i8x16.splat(0);
    let ofLines: u64 = 0;
    let marks: u64 = 0;
    for (let k = 48; k >= 0; k -= 16) {
      const data = v128.load(bytes + block + k);
      const lf = i8x16.eq(data, eachLf);
      escapes = v128.or(escapes, i8x16.eq(data, eachEscape));
      returns = v128.or(returns, i8x16.eq(data, eachCr));
      quotes = v128.or(quotes, i8x16.eq(data, eachQuote));
      ofLines = ofLines << 16 | <u64> <u32> i8x16.bitmask(lf);
      marks = marks << 16 |
        <u64> <u32> i8x16.bitmask(v128.or(i8x16.eq(data, eachDelimiter), lf));
    }
    let ofQuotes = v128.any_true(quotes) ? bitsOf(block, eachQuote) : <u64> 0;
    let ofReturns = v128.any_true(returns) ? bitsOf(block, eachCr) : <u64> 0;
    const left = filled - block;
    if (left < 64) {
      const those = (<u64> 1 << <u64> left) - 1;
      marks &= those;
      ofLines &= those;
      ofQuotes &= those;
      ofReturns &= those;
    }
    const isCommon = !v128.any_true(escapes) && fieldEnd < 0 && skip < block &&
      afterCr != recordStart &&
      (ofReturns == 0 || ofReturns << 1 == ofLines && ofReturns >> 63 == 0);
    if (isCommon) {
      // The first byte of a line end ends the field.
      const step = ofReturns == 0 ? 1 : 2;
      const lineEnds = ofReturns == 0 ? ofLines : ofReturns;
      const fieldEnds = marks ^ ofLines | lineEnds;
      if (ofQuotes == 0 && !inQuotes && flag == 0) {
        splitPlain(block, fieldEnds, lineEnds, step, last);
        continue;
      }
      if (splitBlock(block, fieldEnds, lineEnds, step, ofQuotes, last)) continue;
    }
    let all = marks | ofQuotes | ofReturns;
    if (v128.any_true(escapes)) all |= bitsOf(block, eachEscape);
    if (left < 64) all &= (<u64> 1 << <u64> left) - 1;
    walk(block, all, filled, last);
  }
  // A line end inside the quotes of the record that is left is not one of those before it.
  if (afterCr > recordStart) afterCr = -1;
  memory.fill(flags + at, 0, min(field, last) + 1);
  return recordStart;
}

/** Splits a block in which nothing is quoted: each mark ends a field. */
// @ts-ignore: decorator
@inline
function splitPlain(block: i32, marks: u64, ofLines: u64, step: i32, last: i32): void {
  const first = at + field;
  let o = first;
  store<i32>(starts + (o << 2), fieldStart);
  for (let left = marks; left != 0; left &= left - 1) {
    const i = block + <i32> ctz(left);
    store<i32>(ends + (o << 2), i);
    o++;
    store<i32>(starts + (o << 2), i + 1);
  }
  for (; ofLines != 0; ofLines &= ofLines - 1) {
    const bit = ctz(ofLines);
    const i = block + <i32> bit;
    if (first + <i32> popcnt(marks & (<u64> 1 << bit) - 1) != at + last || !endRecord(i, step)) break;
    at += last + 1;
    store<i32>(starts + (at << 2), recordStart);
  }
  field = o - at;
  isLeft = ofLines != 0 || field > last;
  fieldStart = load<i32>(starts + (o << 2));
}

/** Notes the record that ends at `i`, by a line end of `step` bytes; false where it is left. */
// @ts-ignore: decorator
@inline
function endRecord(i: i32, step: i32): bool {
  if (i - recordStart > longest) return false;
  if (comment >= 0 && load<u8>(bytes + recordStart) == <u32> comment) return false;
  store<i32>(recordStarts + (count << 2), recordStart);
  store<i32>(recordEnds + (count << 2), i);
  store<f64>(lines + (count << 3), line);
  count++;
  line += <f64> (1 + extra);
  extra = 0;
  recordStart = i + step;
  return true;
}

/** Splits a block by its bits, which are those of `splitPlain` and the quotes; false, with nothing done, where it is to be walked. */
// @ts-ignore: decorator
@inline
function splitBlock(
  block: i32,
  marks: u64,
  ofLines: u64,
  step: i32,
  ofQuotes: u64,
  last: i32,
): bool {
  let doubled: u64 = 0;
  let opening: u64 = 0;
  // The quote before it counts.
  let start = fieldStart - <i32> (flag & <u32> QUOTED);
  if (ofQuotes != 0 || inQuotes) {
    const inside = sums(ofQuotes) ^ (inQuotes ? ~0 : 0);
    const closing = ofQuotes & ~inside;
    opening = ofQuotes & inside;
    if ((ofLines & inside) != 0) return false;
    marks &= ~inside;
    // What closes and opens at once is a quote that is doubled.
    doubled = closing & opening >> 1;
    if (doubled != 0 && quote != escape) return false;
    const begins = (marks ^ ofLines) << 1 | ofLines << <u64> step | <u64> (start == block);
    if ((opening & ~(begins | doubled << 1)) != 0) return false;
    // Whatever follows the last byte is not known here.
    if ((closing & ~((marks | opening) >> 1)) != 0) return false;
    inQuotes = inside >> 63 != 0;
  }
  let o = at + field;
  // Of the open field.
  let ofField = flag;
  let done: u64 = 0;
  for (; marks != 0; marks &= marks - 1) {
    const bit = ctz(marks);
    const below = (<u64> 1 << bit) - 1;
    const i = block + <i32> bit;
    if (start >= block) ofField = <u32> (opening >> <u64> (start - block) & 1);
    if ((doubled & (below & ~done)) != 0) ofField |= <u32> ESCAPED;
    done = below;
    const quoted = <i32> (ofField & <u32> QUOTED);
    store<i32>(starts + (o << 2), start + quoted);
    store<i32>(ends + (o << 2), i - quoted);
    store<u8>(flags + o, <u8> ofField);
    ofField = 0;
    start = i + 1;
    if ((ofLines >> bit & 1) == 0) {
      o++;
      if (o - at <= last) continue;
      isLeft = true;
      break;
    }
    if (o - at != last || !endRecord(i, step)) {
      isLeft = true;
      break;
    }
    start = recordStart;
    at = ++o;
  }
  field = o - at;
  if (start >= block && start < block + 64) ofField = <u32> (opening >> <u64> (start - block) & 1);
  if ((doubled & ~done) != 0) ofField |= <u32> ESCAPED;
  flag = ofField;
  fieldStart = start + <i32> (ofField & <u32> QUOTED);
  return true;
}

/** Splits a block from mark to mark. */
function walk(block: i32, mask: u64, filled: i32, last: i32): void {
  for (; mask != 0; mask &= mask - 1) {
    const i = block + <i32> ctz(mask);
    const c: u32 = load<u8>(bytes + i);
    if (!inQuotes) {
      if (c == delimiter) {
        if (field >= last) {
          isLeft = true;
          return;
        }
        endField(i);
        field++;
      } else if (c == LF || c == CR) {
        if (c == LF && i == afterCr && i == recordStart) {
          recordStart = fieldStart = i + 1;
          continue;
        }
        if (field != last || !endRecord(i, 1)) {
          isLeft = true;
          return;
        }
        endField(i);
        at += last + 1;
        field = 0;
        if (c == CR) afterCr = i + 1;
      } else if (c == quote && i == fieldStart) {
        inQuotes = true;
        flag = QUOTED;
        fieldStart = i + 1;
      }
    } else if (i == skip) {
      continue;
    } else if (c == quote) {
      if (i + 1 >= filled) {
        isAtEnd = true;
        return;
      }
      const next: u32 = load<u8>(bytes + i + 1);
      if (next == quote && quote == escape) {
        flag |= <u32> ESCAPED;
        skip = i + 1;
      } else if (next == delimiter || next == LF || next == CR) {
        inQuotes = false;
        fieldEnd = i;
      } else {
        isLeft = true;
        return;
      }
    } else if (c == escape) {
      if (i + 1 >= filled) {
        isAtEnd = true;
        return;
      }
      const next: u32 = load<u8>(bytes + i + 1);
      if (next == quote || next == escape) {
        flag |= <u32> ESCAPED;
        skip = i + 1;
      }
    } else if (c == LF || c == CR) {
      if (field > last) {
        isLeft = true;
        return;
      }
      if (c == CR || i != afterCr) extra++;
      if (c == CR) afterCr = i + 1;
    }
  }
}

// @ts-ignore: decorator
@inline
function endField(i: i32): void {
  const o = at + field;
  store<i32>(starts + (o << 2), fieldStart);
  store<i32>(ends + (o << 2), fieldEnd < 0 ? i : fieldEnd);
  store<u8>(flags + o, <u8> flag);
  fieldStart = i + 1;
  fieldEnd = -1;
  flag = 0;
}

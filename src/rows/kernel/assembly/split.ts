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

let count: i32 = 0;
let line: f64 = 0;
let afterCr: i32 = 0;
let isAtEnd: bool = false;

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

/**
 * Splits from the beginning of a record; returns where the first record begins that is left: one
 * that is incomplete, empty, a comment, too long, or has another number of fields than `width`.
 *
 * Sixty-four bytes are compared at once; only those that can end something are visited. Where
 * nothing is quoted they are not even looked at: each ends a field, and those at the records' ends
 * must be line ends.
 */
export function split(
  from: i32,
  filled: i32,
  record: i32,
  width: i32,
  startLine: f64,
  startAfterCr: i32,
): i32 {
  const eachDelimiter = i8x16.splat(<i8> delimiter);
  const eachQuote = i8x16.splat(<i8> (quote > 255 ? CR : quote));
  const eachEscape = i8x16.splat(<i8> (escape > 255 ? CR : escape));
  const eachLf = i8x16.splat(<i8> LF);
  const eachCr = i8x16.splat(<i8> CR);
  const last = width - 1;
  let cr = startAfterCr;
  let ln = startLine;
  let recordStart = from;
  if (from < filled && from == cr && load<u8>(bytes + from) == LF) recordStart++;
  let fieldStart = recordStart;
  let field = 0;
  let at = record * width;
  let fieldEnd = -1;
  let flag: u8 = 0;
  let inQuotes = false;
  let skip = -1;
  let extra = 0;
  let block = recordStart - 64;
  let mask: u64 = 0;
  let isLeft = false;
  isAtEnd = false;
  for (;;) {
    while (mask == 0) {
      block += 64;
      if (block >= filled) {
        isAtEnd = true;
        break;
      }
      let others = i8x16.splat(0);
      let ofLines: u64 = 0;
      for (let k = 48; k >= 0; k -= 16) {
        const data = v128.load(bytes + block + k);
        const other = v128.or(
          v128.or(i8x16.eq(data, eachQuote), i8x16.eq(data, eachCr)),
          i8x16.eq(data, eachEscape),
        );
        const lf = i8x16.eq(data, eachLf);
        others = v128.or(others, other);
        ofLines = ofLines << 16 | <u64> <u32> i8x16.bitmask(lf);
        mask = mask << 16 |
          <u64> <u32> i8x16.bitmask(
            v128.or(v128.or(i8x16.eq(data, eachDelimiter), lf), other),
          );
      }
      const left = filled - block;
      if (left < 64) {
        const inside = (<u64> 1 << <u64> left) - 1;
        mask &= inside;
        ofLines &= inside;
      }
      if (v128.any_true(others) || inQuotes || flag != 0 || cr == recordStart) continue;
      let o = at + field;
      store<i32>(starts + (o << 2), fieldStart);
      const before = o;
      const marks = <i32> popcnt(mask);
      for (let marked = mask; marked != 0; marked &= marked - 1) {
        const i = block + <i32> ctz(marked);
        store<i32>(ends + (o << 2), i);
        o++;
        store<i32>(starts + (o << 2), i + 1);
      }
      // Of the field that is open at the end.
      const next = before + marks;
      for (; ofLines != 0; ofLines &= ofLines - 1) {
        const bit = ctz(ofLines);
        const i = block + <i32> bit;
        if (before + <i32> popcnt(mask & (<u64> 1 << bit) - 1) != at + last) break;
        if (i - recordStart > longest) break;
        if (comment >= 0 && load<u8>(bytes + recordStart) == <u32> comment) break;
        store<i32>(recordStarts + (record << 2), recordStart);
        store<i32>(recordEnds + (record << 2), i);
        store<f64>(lines + (record << 3), ln);
        record++;
        ln += <f64> (1 + extra);
        extra = 0;
        at += width;
        recordStart = i + 1;
      }
      mask = 0;
      field = next - at;
      if (ofLines != 0 || field > last) {
        isLeft = true;
        break;
      }
      fieldStart = load<i32>(starts + (next << 2));
    }
    if (isAtEnd) break;
    if (isLeft) {
      field = last;
      break;
    }
    if (isAtEnd) break;
    const i = block + <i32> ctz(mask);
    mask &= mask - 1;
    const c: u32 = load<u8>(bytes + i);
    if (!inQuotes) {
      if (c == delimiter) {
        if (field >= last) break;
        const o = at + field;
        store<i32>(starts + (o << 2), fieldStart);
        store<i32>(ends + (o << 2), fieldEnd < 0 ? i : fieldEnd);
        store<u8>(flags + o, flag);
        field++;
        fieldStart = i + 1;
        fieldEnd = -1;
        flag = 0;
      } else if (c == LF || c == CR) {
        if (c == LF && i == cr && i == recordStart) {
          recordStart = fieldStart = i + 1;
          continue;
        }
        if (field != last || i - recordStart > longest) break;
        if (comment >= 0 && load<u8>(bytes + recordStart) == <u32> comment) break;
        const o = at + field;
        store<i32>(starts + (o << 2), fieldStart);
        store<i32>(ends + (o << 2), fieldEnd < 0 ? i : fieldEnd);
        store<u8>(flags + o, flag);
        store<i32>(recordStarts + (record << 2), recordStart);
        store<i32>(recordEnds + (record << 2), i);
        store<f64>(lines + (record << 3), ln);
        record++;
        ln += <f64> (1 + extra);
        extra = 0;
        at += width;
        field = 0;
        recordStart = fieldStart = i + 1;
        fieldEnd = -1;
        flag = 0;
        if (c == CR) cr = i + 1;
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
        break;
      }
      const next: u32 = load<u8>(bytes + i + 1);
      if (next == quote && quote == escape) {
        flag |= ESCAPED;
        skip = i + 1;
      } else if (next == delimiter || next == LF || next == CR) {
        inQuotes = false;
        fieldEnd = i;
      } else break;
    } else if (c == escape) {
      if (i + 1 >= filled) {
        isAtEnd = true;
        break;
      }
      const next: u32 = load<u8>(bytes + i + 1);
      if (next == quote || next == escape) {
        flag |= ESCAPED;
        skip = i + 1;
      }
    } else if (c == LF || c == CR) {
      if (field > last) break;
      if (c == CR || i != cr) extra++;
      if (c == CR) cr = i + 1;
    }
  }
  // A line end inside the quotes of the record that is left is not one of those before it.
  if (cr > recordStart) cr = -1;
  memory.fill(flags + at, 0, field + 1);
  count = record;
  line = ln;
  afterCr = cr;
  return recordStart;
}

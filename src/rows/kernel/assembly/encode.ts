/** Encodes the fields of a batch as tuples of COPY BINARY, by a program of columns. */
import { bytes, ends, flags, lines, recordEnds, recordStarts, starts } from "./batch";
import { encodeCommon } from "./common";
import {
  AT_HEAD,
  AT_NULL,
  AT_NULL_COUNT,
  AT_NULL_LENGTH,
  AT_NULLS,
  BITS_SHIFT,
  COLUMN_BYTES,
  DISCARD,
  EMPTY_AS_NULL,
  EMPTY_IS_NULL,
  ESCAPED,
  HAS_NULLS,
  IS_JSON,
  MAY_BE_NULL,
  NULL,
  QUOTED,
  STRING,
  TEXT,
  TRIM,
  TRIM_QUOTED,
} from "./program";
import { indexOf } from "./texts";
import { put64, writeValue } from "./values";

let program: usize = 0;
let columns: i32 = 0;
let values: i32 = 0;
let fixed: i32 = 0;
let tail: usize = 0;
let tailLength: usize = 0;
let hasLine: bool = false;
let hasOffset: bool = false;
let doubled: u32 = 0;

/**
 * Sets the columns, in the order they are written, and behind them the fields that are discarded.
 *
 * @param ofValues values in each tuple
 * @param ofFixed bytes that a tuple takes at most beside twice those of its record
 * @param atTail what every tuple ends with, before its line and its offset
 * @param quote that is doubled inside quotes; 256 where there is none
 */
export function setProgram(
  atProgram: usize,
  ofColumns: i32,
  ofValues: i32,
  ofFixed: i32,
  atTail: usize,
  ofTail: usize,
  withLine: bool,
  withOffset: bool,
  quote: i32,
): void {
  program = atProgram;
  columns = ofColumns;
  values = ofValues;
  fixed = ofFixed;
  tail = atTail;
  tailLength = ofTail;
  hasLine = withLine;
  hasOffset = withOffset;
  doubled = <u32> quote;
}

// Where it stopped.
let record: i32 = 0;
let column: i32 = 0;
let tuple: usize = 0;
let out: usize = 0;
let discarded: i32 = 0;

export function atRecord(): i32 {
  return record;
}
export function atColumn(): i32 {
  return column;
}
/** Where the tuple begins that is not complete. */
export function atTuple(): usize {
  return tuple;
}
export function atEnd(): usize {
  return out;
}
/** Values in discarded fields, of tuples that were completed by this call. */
export function discardedValues(): i32 {
  return discarded;
}

export const DONE = 0;
/** The field of this record and column is the caller's; it goes on behind it. */
export const LEFT = 1;
/** There may be no room for the next tuple. */
export const FULL = 2;

// @ts-ignore: decorator
@inline
function isBlank(at: usize): bool {
  const byte: u32 = load<u8>(at);
  return byte == 32 || byte == 9;
}

/** Copies up to 15 bytes too many; returns where it ends. */
// @ts-ignore: decorator
@inline
function append(at: usize, from: usize, length: usize): usize {
  for (let i: usize = 0; i < length; i += 16) v128.store(at + i, v128.load(from + i));
  return at + length;
}

/** A column with one of these, or a field with one of those, is read by {@link encodeField}. */
const UNCOMMON_BITS: u32 = (TRIM | TRIM_QUOTED | HAS_NULLS | IS_JSON) << BITS_SHIFT;
const UNCOMMON_FLAGS: u32 = ~(QUOTED | STRING);
const NULL_BITS: u32 = (EMPTY_IS_NULL | MAY_BE_NULL) << BITS_SHIFT;

/** Whether a record has a field with a flag; one that the next one has may count too. */
// @ts-ignore: decorator
@inline
function hasFlags(row: i32, width: i32): bool {
  let any = v128.load(flags + row);
  for (let f = 16; f < width; f += 16) any = v128.or(any, v128.load(flags + row + f));
  return v128.any_true(any);
}

/** Where {@link encodeField} counts values in discarded fields. */
let unusedValues: i32 = 0;

/** Writes any field; returns where it ends, 0 where it is left. */
export function encodeField(entry: usize, f: usize, o: usize): usize {
  let p: usize = bytes + load<i32>(starts + (f << 2));
  let q: usize = bytes + load<i32>(ends + (f << 2));
  const flag: u32 = load<u8>(flags + f);
  const head = load<u32>(entry + AT_HEAD);
  const bits = head >> BITS_SHIFT;
  const kind = <i32> (head & 0xff);
  let isNull = p == q && (bits & EMPTY_IS_NULL) != 0;
  if (flag != 0 || (bits & (TRIM | HAS_NULLS)) != 0) {
    if ((flag & NULL) != 0) isNull = true;
    else if ((flag & STRING) != 0 && (bits & IS_JSON) != 0) {
      // With its quotes, and whatever stands between them.
      p--;
      q++;
      isNull = false;
    } else if ((flag & ESCAPED) != 0) {
      if (
        kind != TEXT && (bits & IS_JSON) == 0 || doubled == 256 ||
        (bits & (TRIM | TRIM_QUOTED)) != 0
      ) return 0;
      isNull = false;
    } else {
      const quoted = (flag & QUOTED) != 0;
      if ((bits & (quoted ? TRIM_QUOTED : TRIM)) != 0) {
        while (p < q && isBlank(p)) p++;
        while (q > p && isBlank(q - 1)) q--;
      }
      if (quoted) isNull = p == q && (bits & EMPTY_AS_NULL) != 0;
      else if (p == q) {
        isNull = (bits & EMPTY_IS_NULL) != 0 ||
          (flag & STRING) != 0 && (bits & EMPTY_AS_NULL) != 0;
      } else {
        isNull = (bits & HAS_NULLS) != 0 &&
          indexOf(p, q, load<u32>(entry + AT_NULLS), load<i32>(entry + AT_NULL_COUNT)) >= 0;
      }
    }
  }
  if (kind == DISCARD) {
    if (!isNull) unusedValues++;
    return o;
  }
  if (isNull) {
    if ((bits & MAY_BE_NULL) == 0) return 0;
    return append(o, <usize> load<u32>(entry + AT_NULL), load<u32>(entry + AT_NULL_LENGTH));
  }
  return writeValue(kind, entry, bits, flag, p, q, o, doubled);
}

/**
 * Encodes records `from` to `to`.
 *
 * @param fromColumn beyond 0: the tuple begun at `fromTuple` goes on with this column
 * @param at where to write
 * @param limit end of the room, behind which 64 bytes more may be touched
 * @param base source offset of the batch's first byte
 */
export function encode(
  from: i32,
  fromColumn: i32,
  to: i32,
  fromTuple: usize,
  at: usize,
  limit: usize,
  width: i32,
  base: f64,
): i32 {
  let o = at;
  let start = fromTuple;
  let c = fromColumn;
  unusedValues = 0;
  const atBytes = bytes;
  const atStarts = starts;
  const atEnds = ends;
  const end = program + <usize> columns * COLUMN_BYTES;
  for (let r = from; r < to; r++) {
    const recordStart = load<i32>(recordStarts + (<usize> r << 2));
    if (c == 0) {
      const room = (load<i32>(recordEnds + (<usize> r << 2)) - recordStart) * 2 + fixed;
      if (o + room > limit) {
        record = r;
        column = 0;
        tuple = out = o;
        discarded = unusedValues;
        return FULL;
      }
      start = o;
      store<u16>(o, bswap<u16>(<u16> values));
      o += 2;
    }
    const row = r * width;
    const flagged = hasFlags(row, width);
    let entry = program + <usize> c * COLUMN_BYTES;
    for (; entry < end; entry += COLUMN_BYTES) {
      const head = load<u64>(entry);
      const f: usize = row + <i32> (head >> 32);
      const flag: u32 = flagged ? load<u8>(flags + f) : 0;
      if ((<u32> head & UNCOMMON_BITS | flag & UNCOMMON_FLAGS) == 0) {
        const p: usize = atBytes + load<i32>(atStarts + (f << 2));
        const q: usize = atBytes + load<i32>(atEnds + (f << 2));
        if (p != q) {
          const bits = <u32> head >> BITS_SHIFT;
          const next = encodeCommon(<u32> head & 0xff, bits, entry, p, <u32> (q - p), o);
          if (next != 0) {
            o = next;
            continue;
          }
        } else if (
          flag == 0 && (<u32> head & NULL_BITS) == NULL_BITS && (<u32> head & 0xff) != DISCARD
        ) {
          o = append(o, <usize> load<u32>(entry, AT_NULL), load<u32>(entry, AT_NULL_LENGTH));
          continue;
        }
      }
      const next = encodeField(entry, f, o);
      if (next == 0) {
        record = r;
        column = <i32> ((entry - program) / COLUMN_BYTES);
        tuple = start;
        out = o;
        discarded = unusedValues;
        return LEFT;
      }
      o = next;
    }
    c = 0;
    o = append(o, tail, tailLength);
    if (hasLine) {
      store<u32>(o, 0x08000000);
      put64(o + 4, <u64> load<f64>(lines + (<usize> r << 3)));
      o += 12;
    }
    if (hasOffset) {
      store<u32>(o, 0x08000000);
      put64(o + 4, <u64> (base + <f64> recordStart));
      o += 12;
    }
  }
  record = to;
  column = 0;
  tuple = out = o;
  discarded = unusedValues;
  return DONE;
}

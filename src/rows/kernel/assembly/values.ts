/** Writes values, each with its length before it. */
import { ends } from "./batch";
import { isPlainJson } from "./jsons";
import { longDouble, readLongDouble } from "./long_doubles";
import {
  fitsNumeric,
  fraction,
  integer,
  isNegative,
  places,
  powerOfTen,
  readDecimal,
  readInteger,
  whole,
  writeNumeric,
} from "./numbers";
import {
  AT_HIGH,
  AT_LENGTH,
  AT_LIST,
  AT_LIST_COUNT,
  AT_LOW,
  AT_SCALE,
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  ESCAPED,
  HAS_LIMITS,
  HAS_LIST,
  HAS_TABLE,
  INTEGER,
  JSON,
  JSONB,
  NUMERIC,
  REAL,
  SMALLINT,
  STRING,
  TEXT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  UUID,
  WORDS,
} from "./program";
import { codePoints, copyText, copyUndoubled, indexOf, readBoolean, readUuid } from "./texts";
import { moment, readDate, readTime, readTimestamp } from "./times";

// @ts-ignore: decorator
@inline
function put32(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

// @ts-ignore: decorator
@inline
export function put64(at: usize, value: u64): void {
  store<u64>(at, bswap<u64>(value));
}

/** Whether a value lies in the limits of its column, and in its list where it has one. */
function isAllowed(value: i64, entry: usize, bits: u32): bool {
  if (value < load<i64>(entry + AT_LOW) || value > load<i64>(entry + AT_HIGH)) return false;
  if ((bits & HAS_LIST) == 0) return true;
  const list: usize = load<u32>(entry + AT_LIST);
  // Limits are those of the list, and each value between has a byte.
  if ((bits & HAS_TABLE) != 0) {
    return load<u8>(list + <usize> (value - load<i64>(entry + AT_LOW))) != 0;
  }
  let low = 0;
  let high = load<i32>(entry + AT_LIST_COUNT);
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = load<i64>(list + (<usize> middle << 3));
    if (other == value) return true;
    if (value < other) high = middle;
    else low = middle + 1;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function isWithin(value: f64, entry: usize): bool {
  return value >= load<f64>(entry + AT_LOW) && value <= load<f64>(entry + AT_HIGH);
}

/** What {@link readDouble} found. */
let double: f64 = 0;

function readDouble(start: usize, end: usize): bool {
  if (readDecimal(start, end)) {
    const digits = whole * powerOfTen(places) + fraction;
    // Both are exact, so that one division rounds once.
    if (digits <= 9007199254740991) {
      const value = <f64> digits / <f64> powerOfTen(places);
      double = isNegative ? -value : value;
      return true;
    }
  }
  if (!readLongDouble(start, end)) return false;
  double = longDouble;
  return true;
}

/** Whether the nearest real is the same for the decimal text as for its nearest double. */
function isRoundedOnce(value: f64): bool {
  if (value == 0) return true;
  const size = abs(value);
  if (size < 1.2e-38 || size > 3.4e38) return false;
  return (reinterpret<u64>(value) & 0x1fffffff) != 0x10000000;
}

/**
 * Writes the value of a field; returns where it ends, 0 where the field is left.
 *
 * @param doubled the quote that an escaped text has twice
 */
// @ts-ignore: decorator
@inline
export function writeValue(
  kind: i32,
  entry: usize,
  bits: u32,
  flag: u32,
  p: usize,
  q: usize,
  o: usize,
  doubled: u32,
): usize {
  let isLeft = false;
  switch (kind) {
    case SMALLINT: {
      isLeft = !readInteger(p, q) || !isAllowed(integer, entry, bits);
      store<u32>(o, 0x02000000);
      store<u16>(o + 4, bswap<u16>(<u16> integer));
      o += 6;
      break;
    }
    case INTEGER: {
      isLeft = !readInteger(p, q) || !isAllowed(integer, entry, bits);
      store<u32>(o, 0x04000000);
      put32(o + 4, <u32> integer);
      o += 8;
      break;
    }
    case BIGINT: {
      isLeft = !readInteger(p, q) || !isAllowed(integer, entry, bits);
      store<u32>(o, 0x08000000);
      put64(o + 4, integer);
      o += 12;
      break;
    }
    case REAL: {
      isLeft = !readDouble(p, q) || !isRoundedOnce(double);
      const single = <f32> double;
      if ((bits & HAS_LIMITS) != 0 && !isWithin(<f64> single, entry)) isLeft = true;
      store<u32>(o, 0x04000000);
      put32(o + 4, reinterpret<u32>(single));
      o += 8;
      break;
    }
    case DOUBLE: {
      isLeft = !readDouble(p, q) || (bits & HAS_LIMITS) != 0 && !isWithin(double, entry);
      store<u32>(o, 0x08000000);
      put64(o + 4, reinterpret<u64>(double));
      o += 12;
      break;
    }
    case NUMERIC: {
      if (!readDecimal(p, q)) {
        isLeft = true;
        break;
      }
      const given = load<i32>(entry + AT_SCALE);
      const scale = given < 0 ? places : given;
      if (!fitsNumeric(scale)) {
        isLeft = true;
        break;
      }
      if ((bits & HAS_LIMITS) != 0) {
        const units = whole * powerOfTen(scale) + fraction * powerOfTen(scale - places);
        // Two limits for each scale, or two in all.
        const limits = (bits & HAS_TABLE) != 0
          ? <usize> load<u32>(entry + AT_LIST) + (<usize> scale << 4) - AT_LOW
          : entry;
        if (!isAllowed(isNegative ? -(<i64> units) : <i64> units, limits, 0)) {
          isLeft = true;
          break;
        }
      }
      o = writeNumeric(o, scale);
      break;
    }
    case BOOLEAN:
    case WORDS: {
      let truth = -1;
      if (kind == BOOLEAN) truth = readBoolean(p, q);
      else {
        truth = indexOf(p, q, load<u32>(entry + AT_LIST), load<i32>(entry + AT_LIST_COUNT));
        // The first words are those of true.
        if (truth >= 0) truth = truth < load<i32>(entry + AT_SCALE) ? 1 : 0;
      }
      isLeft = truth < 0;
      store<u32>(o, 0x01000000);
      store<u8>(o + 4, <u8> truth);
      o += 5;
      break;
    }
    case TEXT: {
      if ((bits & HAS_LIST) != 0) {
        const list: usize = load<u32>(entry + AT_LIST);
        if (
          (flag & ESCAPED) != 0 || indexOf(p, q, list, load<i32>(entry + AT_LIST_COUNT)) < 0
        ) {
          isLeft = true;
          break;
        }
      }
      let length = q - p;
      isLeft = !copyText(p, q, o + 4);
      let points = codePoints;
      if ((flag & ESCAPED) != 0) {
        const end = copyUndoubled(p, q, o + 4, doubled);
        // An escape is one ASCII character.
        points -= <i32> (length - (end - o - 4));
        length = end - o - 4;
      }
      if (points > load<i32>(entry + AT_LENGTH)) isLeft = true;
      put32(o, <u32> length);
      o += 4 + length;
      break;
    }
    case JSON:
    case JSONB: {
      const head: usize = kind == JSONB ? 5 : 4;
      const text = o + head;
      isLeft = !copyText(p, q, text);
      const end = (flag & (ESCAPED | STRING)) == ESCAPED
        ? copyUndoubled(p, q, text, doubled)
        : text + (q - p);
      if (!isPlainJson(text, end)) isLeft = true;
      put32(o, <u32> (end - o - 4));
      // The version of jsonb.
      if (kind == JSONB) store<u8>(o + 4, 1);
      o = end;
      break;
    }
    case UUID: {
      isLeft = !readUuid(p, q, o + 4);
      store<u32>(o, 0x10000000);
      o += 20;
      break;
    }
    case DATE: {
      isLeft = q - p != 10 || !readDate(p) || !isAllowed(moment, entry, bits);
      store<u32>(o, 0x04000000);
      put32(o + 4, <u32> moment);
      o += 8;
      break;
    }
    case TIME: {
      isLeft = !readTime(p, q) || !isAllowed(moment, entry, bits);
      store<u32>(o, 0x08000000);
      put64(o + 4, moment);
      o += 12;
      break;
    }
    case TIMESTAMP:
    case TIMESTAMPTZ: {
      const zoned = kind == TIMESTAMPTZ;
      isLeft = !readTimestamp(p, q, zoned, zoned && load<i32>(entry + AT_SCALE) != 0) ||
        !isAllowed(moment, entry, bits);
      store<u32>(o, 0x08000000);
      put64(o + 4, moment);
      o += 12;
      break;
    }
    default:
      isLeft = true;
  }
  return isLeft ? 0 : o;
}

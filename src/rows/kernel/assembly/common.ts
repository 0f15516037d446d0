/** The types and spellings that most fields have, in one short loop: what is not there is read elsewhere. */
import { MOST_DIGITS, powerOfTen, writeMediumNumeric, writeShortNumeric } from "./numbers";
import {
  ANY_VALUE,
  AT_HIGH,
  AT_LENGTH,
  AT_LIST,
  AT_LOW,
  AT_SCALE,
  AT_TRUTHS,
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  HAS_LIMITS,
  HAS_LIST,
  HAS_TABLE,
  INTEGER,
  NUMERIC,
  SMALLINT,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
  WORDS,
} from "./program";
import { NO_MOMENT, readDay, readSeconds } from "./times";

/** No integer of up to eight bytes. */
const NO_INTEGER: i64 = i64.MIN_VALUE;

/** `-?` and digits, up to eight bytes in all, the first one the lowest. */
// @ts-ignore: decorator
@inline
function shortInteger(text: u64, length: u32): i64 {
  const negative = (text & 0xff) == 45;
  if (negative) {
    text >>= 8;
    length--;
  }
  if (length - 1 >= 8) return NO_INTEGER;
  let value: u32 = 0;
  do {
    const digit = (<u32> text & 0xff) - 48;
    if (digit > 9) return NO_INTEGER;
    value = value * 10 + digit;
    text >>= 8;
  } while (--length != 0);
  return negative ? -(<i64> value) : <i64> value;
}

/** Whether a value lies in the limits of its column, and in its list where that is a short one. */
// @ts-ignore: decorator
@inline
function isCommon(value: i64, entry: usize, bits: u32): bool {
  const low = load<i64>(entry, AT_LOW);
  if (value < low || value > load<i64>(entry, AT_HIGH)) return false;
  if ((bits & HAS_LIST) == 0) return true;
  if ((bits & HAS_TABLE) == 0) return false;
  return load<u8>(<usize> load<u32>(entry, AT_LIST) + <usize> (value - low)) != 0;
}

/** Stores the first eight bytes, the last one first, behind four others. */
// @ts-ignore: decorator
@inline
function storeReversed(at: usize, value: v128): void {
  v128.store64_lane(
    at,
    i8x16.shuffle(value, value, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8),
    0,
    4,
  );
}

/** Doubles that powers of ten are, up to 10^7. */
const POWERS: usize = memory.data<f64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000]);

/** Writes a numeric of up to eight digits before the point and four behind it. */
// @ts-ignore: decorator
@inline
function encodeLongNumeric(entry: usize, bits: u32, p: usize, length: u32, o: usize): usize {
  const negative = load<u8>(p) == 45;
  let left = length - <u32> negative;
  // A byte more than digits, for the point.
  if (left - 1 > <u32> MOST_DIGITS) return 0;
  let whole: u64 = 0;
  let value: u64 = 0;
  let behind: u32 = 0;
  let at = p + <usize> negative;
  do {
    const digit = <u32> load<u8>(at++) - 48;
    if (digit > 9) {
      if (digit != <u32> -2 || behind != 0 || left == 1 && value == 0) return 0;
      behind = left;
      whole = value;
      value = 0;
      continue;
    }
    value = value * 10 + digit;
  } while (--left != 0);
  if (behind == 0) {
    whole = value;
    value = 0;
    behind = 1;
  }
  const places = <i32> behind - 1;
  const given = load<i32>(entry, AT_SCALE);
  const scale = given < 0 ? places : given;
  if (whole >= 100000000 || scale > 4 || places > scale || (bits & HAS_TABLE) != 0) return 0;
  if ((bits & HAS_LIMITS) != 0) {
    const units = <i64> (whole * powerOfTen(scale) + value * powerOfTen(scale - places));
    const signed = negative ? -units : units;
    if (signed < load<i64>(entry, AT_LOW) || signed > load<i64>(entry, AT_HIGH)) return 0;
  }
  const units = <u32> (value * powerOfTen(4 - places));
  return whole < 10000
    ? writeShortNumeric(o, <u32> whole, units, negative, scale)
    : writeMediumNumeric(o, <u32> whole, units, negative, scale);
}

/** Most places behind the point that {@link encodePointed} takes: a digit of base 10000. */
const MOST_POINTED: u32 = 4;

/**
 * For each number of places, from which byte of a number each of sixteen comes, beside the bytes that
 * it has before its point: twelve digits up to the point, and four behind it. Others become zero.
 */
// deno-fmt-ignore
const PLACED: usize = memory.data<u8>([
  244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 1, 128, 128, 128,
  244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 1, 2, 128, 128,
  244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 1, 2, 3, 128,
  244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 1, 2, 3, 4,
]);

/**
 * Writes a numeric that has as many places as its column, of one to eight digits before the point,
 * without a branch for any digit: their number differs from row to row.
 *
 * @param scale 1 to {@link MOST_POINTED}
 */
// @ts-ignore: decorator
@inline
function encodePointed(
  entry: usize,
  bits: u32,
  p: usize,
  length: u32,
  scale: u32,
  o: usize,
): usize {
  // With the sign; where there are too few bytes it is too many.
  const before = length - scale - 1;
  const negative = load<u8>(p) == 45;
  if (before - <u32> negative - 1 > 7 || load<u8>(p + <usize> before) != 46) return 0;
  let digits = i8x16.sub(v128.load(p), i8x16.splat(48));
  if (negative) digits = i8x16.replace_lane(digits, 0, 0);
  const places = v128.load(PLACED + (<usize> (scale - 1) << 4));
  const placed = i8x16.swizzle(digits, i8x16.add(places, i8x16.splat(<i8> before)));
  if (v128.any_true(i8x16.gt_u(placed, i8x16.splat(9)))) return 0;
  // Two digits each, then four: those of base 10000.
  const tens = i16x8.mul(v128.and(placed, i16x8.splat(255)), i16x8.splat(10));
  const pairs = i16x8.add(tens, i16x8.shr_u(placed, 8));
  const groups = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const whole = <u32> i32x4.extract_lane(groups, 1) * 10000 + <u32> i32x4.extract_lane(groups, 2);
  const behind = <u32> i32x4.extract_lane(groups, 3);
  if ((bits & HAS_LIMITS) != 0) {
    const fraction = behind / <u32> powerOfTen(<i32> (MOST_POINTED - scale));
    const units = <i64> (<u64> whole * powerOfTen(<i32> scale) + fraction);
    const signed = negative ? -units : units;
    if (signed < load<i64>(entry, AT_LOW) || signed > load<i64>(entry, AT_HIGH)) return 0;
  }
  return whole < 10000
    ? writeShortNumeric(o, whole, behind, negative, scale)
    : writeMediumNumeric(o, whole, behind, negative, scale);
}

/**
 * Writes a field without a flag whose type and spelling are the most common ones; returns where it
 * ends, 0 where it is one for `encodeField`.
 */
// @ts-ignore: decorator
@inline
export function encodeCommon(
  kind: u32,
  bits: u32,
  entry: usize,
  p: usize,
  length: u32,
  o: usize,
): usize {
  const text = load<u64>(p);
  switch (kind) {
    case SMALLINT: {
      const value = shortInteger(text, length);
      if (!isCommon(value, entry, bits)) return 0;
      store<u32>(o, 0x02000000);
      store<u16>(o, bswap<u16>(<u16> value), 4);
      return o + 6;
    }
    case INTEGER: {
      const value = shortInteger(text, length);
      if (!isCommon(value, entry, bits)) return 0;
      store<u64>(o, <u64> bswap<u32>(<u32> value) << 32 | 0x04000000);
      return o + 8;
    }
    case BIGINT: {
      const value = shortInteger(text, length);
      if (value == NO_INTEGER) return 0;
      if (!isCommon(value, entry, bits)) return 0;
      store<u32>(o, 0x08000000);
      storeReversed(o, i64x2.splat(value));
      return o + 12;
    }
    case DOUBLE: {
      let rest = text;
      let left = length;
      const negative = (rest & 0xff) == 45;
      if (negative) {
        rest >>= 8;
        left--;
      }
      if (left - 1 >= 8) return 0;
      let value: u32 = 0;
      let places: u32 = 0;
      do {
        const digit = (<u32> rest & 0xff) - 48;
        rest >>= 8;
        if (digit > 9) {
          if (digit != <u32> -2 || places != 0 || left == 1 && value == 0) return 0;
          places = left;
          continue;
        }
        value = value * 10 + digit;
      } while (--left != 0);
      let double = <f64> value;
      if (places > 1) double /= load<f64>(POWERS + (<usize> (places - 1) << 3));
      if (negative) double = -double;
      if ((bits & HAS_LIMITS) != 0) {
        if (!(double >= load<f64>(entry, AT_LOW) && double <= load<f64>(entry, AT_HIGH))) return 0;
      }
      store<u32>(o, 0x08000000);
      storeReversed(o, f64x2.splat(double));
      return o + 12;
    }
    case NUMERIC: {
      // Four digits before the point and two behind it are read at once.
      if (length > 7 || (bits & ANY_VALUE) == 0) {
        // Shorter ones often have fewer places: finding that out takes longer than reading them.
        const scale = load<u32>(entry, AT_SCALE);
        if (length > 7 && scale - 1 < MOST_POINTED) {
          const end = encodePointed(entry, bits, p, length, scale, o);
          if (end != 0) return end;
        }
        return encodeLongNumeric(entry, bits, p, length, o);
      }
      let rest = text;
      let left = length;
      const negative = (rest & 0xff) == 45;
      if (negative) {
        rest >>= 8;
        left--;
      }
      if (left == 0) return 0;
      let value: u32 = 0;
      let whole: u32 = 0;
      let behind: u32 = 0;
      do {
        const digit = (<u32> rest & 0xff) - 48;
        rest >>= 8;
        if (digit > 9) {
          if (digit != <u32> -2 || behind != 0 || left == 1 && value == 0) return 0;
          behind = left;
          whole = value;
          value = 0;
          continue;
        }
        value = value * 10 + digit;
      } while (--left != 0);
      if (behind == 0) {
        whole = value;
        value = 0;
        behind = 1;
      }
      const places = <i32> behind - 1;
      const given = load<i32>(entry, AT_SCALE);
      const scale = given < 0 ? places : given;
      if (whole >= 10000 || scale > 4 || places > scale) return 0;
      return writeShortNumeric(o, whole, value * <u32> powerOfTen(4 - places), negative, scale);
    }
    case DATE: {
      if (length != 10) return 0;
      const value = readDay(text, load<u16>(p, 8));
      if (value == NO_MOMENT || !isCommon(value, entry, bits)) return 0;
      store<u64>(o, <u64> bswap<u32>(<u32> value) << 32 | 0x04000000);
      return o + 8;
    }
    case TIMESTAMP:
    case TIMESTAMPTZ: {
      // In UTC, which a Z says.
      if (length != 19) {
        if (kind == TIMESTAMP || length != 20 || load<u8>(p, 19) != 90) return 0;
      } else if (kind == TIMESTAMPTZ && load<i32>(entry, AT_SCALE) != 0) return 0;
      const next = load<u64>(p, 8);
      const separator = <u32> next >> 16 & 0xff;
      if (separator != 32 && separator != 84) return 0;
      const days = readDay(text, <u32> next & 0xffff);
      const clock = readSeconds(load<u64>(p, 11));
      if (days == NO_MOMENT || clock == NO_MOMENT) return 0;
      const value = days * 86400000000 + clock * 1000000;
      if (!isCommon(value, entry, bits)) return 0;
      store<u32>(o, 0x08000000);
      storeReversed(o, i64x2.splat(value));
      return o + 12;
    }
    case BOOLEAN:
    case WORDS: {
      if (length != 1) return 0;
      const truth: u32 = load<u8>(<usize> load<u32>(entry, AT_TRUTHS) + <usize> (text & 0xff));
      if (truth > 1) return 0;
      store<u64>(o, <u64> truth << 32 | 0x01000000);
      return o + 5;
    }
    case TEXT: {
      if ((bits & HAS_LIST) != 0 || <i32> length > load<i32>(entry, AT_LENGTH)) return 0;
      const nothing = i8x16.splat(0);
      let from = p;
      let to = o;
      let left = length;
      let data = v128.load(from);
      v128.store(to, data, 4);
      for (; left > 16; left -= 16) {
        // A byte that is zero, or has its high bit.
        if (i8x16.bitmask(v128.or(data, i8x16.eq(data, nothing))) != 0) return 0;
        from += 16;
        to += 16;
        data = v128.load(from);
        v128.store(to, data, 4);
      }
      const odd = i8x16.bitmask(v128.or(data, i8x16.eq(data, nothing)));
      if ((odd & ((1 << left) - 1)) != 0) return 0;
      store<u32>(o, bswap<u32>(length));
      return o + 4 + length;
    }
    default:
      return 0;
  }
}

/** Plain numbers; anything else is left. */

const POWERS_OF_TEN: usize = memory.data<u64>([
  1,
  10,
  100,
  1000,
  10000,
  100000,
  1000000,
  10000000,
  100000000,
  1000000000,
  10000000000,
  100000000000,
  1000000000000,
  10000000000000,
  100000000000000,
  1000000000000000,
  10000000000000000,
  100000000000000000,
  1000000000000000000,
]);

/** Most decimal digits of which every number fits an int64. */
export const MOST_DIGITS: usize = 18;

/** What {@link readInteger} found. */
export let integer: i64 = 0;
/** What {@link readDecimal} found: digits before and behind the point, and how many those are. */
export let whole: u64 = 0;
export let fraction: u64 = 0;
export let places: i32 = 0;
export let isNegative: bool = false;

// @ts-ignore: decorator
@inline
export function powerOfTen(exponent: i32): u64 {
  return load<u64>(POWERS_OF_TEN + (<usize> exponent << 3));
}

/** `-?` and 1 to 18 digits. */
// @ts-ignore: decorator
@inline
export function readInteger(start: usize, end: usize): bool {
  const negative = load<u8>(start) == 45;
  if (negative) start++;
  if (end - start - 1 > MOST_DIGITS - 1) return false;
  let value: u64 = 0;
  for (let i = start; i < end; i++) {
    const digit: u32 = <u32> load<u8>(i) - 48;
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  integer = negative ? -(<i64> value) : <i64> value;
  return true;
}

/** `-?` and 1 to 18 digits, with a point among them, before or behind them. */
// @ts-ignore: decorator
@inline
export function readDecimal(start: usize, end: usize): bool {
  const negative = load<u8>(start) == 45;
  if (negative) start++;
  // A byte more for the point.
  if (end - start - 1 > MOST_DIGITS) return false;
  let value: u64 = 0;
  let i = start;
  for (; i < end; i++) {
    const digit: u32 = <u32> load<u8>(i) - 48;
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  whole = value;
  fraction = 0;
  places = 0;
  isNegative = negative;
  if (i == end) return end - start <= MOST_DIGITS;
  if (load<u8>(i) != 46 || end - start == 1) return false;
  const point = ++i;
  value = 0;
  for (; i < end; i++) {
    const digit: u32 = <u32> load<u8>(i) - 48;
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  fraction = value;
  places = <i32> (end - point);
  return true;
}

/** Most places behind the point of a numeric: four digits of base 10000. */
const MOST_PLACES: i32 = 16;

/**
 * Writes what {@link readDecimal} found as a numeric of that scale, which is `places` at least and
 * 16 at most; returns where it ends.
 */
// @ts-ignore: decorator
@inline
export function writeNumeric(out: usize, scale: i32): usize {
  const groups = (scale + 3) >> 2;
  if (groups <= 1 && whole < 100000000) {
    const behind = <u32> (fraction * powerOfTen(4 - places));
    return whole < 10000
      ? writeShortNumeric(out, <u32> whole, behind, isNegative, scale)
      : writeMediumNumeric(out, <u32> whole, behind, isNegative, scale);
  }
  let o = out + 12;
  let weight = -1;
  let left = whole;
  if (left > 0) {
    if (left < 10000) {
      weight = 0;
      store<u16>(o, bswap<u16>(<u16> left));
      o += 2;
    } else {
      weight = left < 100000000 ? 1 : left < 1000000000000 ? 2 : left < 10000000000000000 ? 3 : 4;
      for (let w = weight; w >= 0; w--) {
        store<u16>(o + (<usize> w << 1), bswap<u16>(<u16> (left % 10000)));
        left /= 10000;
      }
      o += (<usize> weight << 1) + 2;
    }
  }
  let rest = fraction * powerOfTen(groups * 4 - places);
  if (groups == 1) {
    if (rest > 0) {
      store<u16>(o, bswap<u16>(<u16> rest));
      o += 2;
    }
  } else {
    for (let g = groups - 1; g >= 0 && rest > 0; g--) {
      const unit = powerOfTen(g * 4);
      const digit = rest / unit;
      rest -= digit * unit;
      if (digit == 0 && o == out + 12) {
        weight--;
        continue;
      }
      store<u16>(o, bswap<u16>(<u16> digit));
      o += 2;
    }
  }
  // Zeros at the end are not stored.
  while (o > out + 12 && load<u16>(o - 2) == 0) o -= 2;
  const digits = <i32> ((o - out - 12) >> 1);
  store<u32>(out, bswap<u32>(8 + digits * 2));
  store<u16>(out + 4, bswap<u16>(<u16> digits));
  store<u16>(out + 6, bswap<u16>(<u16> (digits == 0 ? 0 : weight)));
  store<u16>(out + 8, digits != 0 && isNegative ? 0x0040 : 0);
  store<u16>(out + 10, bswap<u16>(<u16> scale));
  return o;
}

/**
 * Writes a numeric of up to four places, the most common one; returns where it ends.
 *
 * @param whole below 10,000
 * @param behind what is behind the point, in units of 1/10,000
 */
// @ts-ignore: decorator
@inline
export function writeShortNumeric(
  out: usize,
  whole: u32,
  behind: u32,
  negative: bool,
  scale: i32,
): usize {
  // One digit of base 10000 on each side, or none.
  const first: u32 = whole != 0 ? 1 : 0;
  const second: u32 = behind != 0 ? 1 : 0;
  const count = first + second;
  // As the bytes stand, the first one the lowest: length, digits and weight; sign, scale and digits.
  store<u64>(
    out,
    <u64> (8 + count * 2) << 24 | <u64> count << 40 | (second > first ? <u64> 0xffff << 48 : 0),
  );
  store<u64>(
    out,
    (negative && count != 0 ? 0x40 : 0) | <u64> scale << 24 |
      <u64> bswap<u16>(<u16> (whole != 0 ? whole : behind)) << 32 |
      <u64> bswap<u16>(<u16> behind) << 48,
    8,
  );
  return out + 12 + (count << 1);
}

/** The same, of 10,000 to 99,999,999 before the point. */
// @ts-ignore: decorator
@inline
export function writeMediumNumeric(
  out: usize,
  whole: u32,
  behind: u32,
  negative: bool,
  scale: i32,
): usize {
  const high = whole / 10000;
  const low = whole % 10000;
  const count: u32 = behind != 0 ? 3 : low != 0 ? 2 : 1;
  store<u64>(out, <u64> (8 + count * 2) << 24 | <u64> count << 40 | <u64> 1 << 56);
  store<u64>(
    out,
    (negative ? 0x40 : 0) | <u64> scale << 24 | <u64> bswap<u16>(<u16> high) << 32 |
      <u64> bswap<u16>(<u16> low) << 48,
    8,
  );
  store<u16>(out, bswap<u16>(<u16> behind), 16);
  return out + 12 + (count << 1);
}

/** Whether {@link writeNumeric} can write it with that scale. */
export function fitsNumeric(scale: i32): bool {
  return scale <= MOST_PLACES && places <= scale &&
    whole < powerOfTen(<i32> MOST_DIGITS - scale);
}

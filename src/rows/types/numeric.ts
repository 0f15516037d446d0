import type { ColumnType } from "../../spec/pipeline_spec.ts";
import type { Frame } from "../frame.ts";
import { isWord, putInt32, skipSpace, trimEnd } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { withSeparators } from "./number_text.ts";

const MALFORMED: Problem = { code: "invalid_number", expected: "a number" };
const TOO_LARGE: Problem = {
  code: "out_of_range",
  expected: "a numeric (131072 digits before and 16383 after the point)",
};

const POSITIVE = 0;
const NEGATIVE = 0x4000;
const NOT_A_NUMBER = 0xc000;
const INFINITY = 0xd000;
const NEGATIVE_INFINITY = 0xf000;

const MAX_SCALE = 16383;
const MAX_WEIGHT = 32767;
/** Larger exponents are no numeric, but for zero and what rounds to it: refused as well. */
const MAX_EXPONENT = 200_000;

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));

/** `numeric` and `numeric(p, s)`: exact, rounded half away from zero where the scale asks for it. */
export const numeric: TypeEncoder = {
  name: "numeric",
  compile(type, options) {
    const limits = limitsOf(type);
    const slow = slowEncoder(limits);
    return withSeparators(shortEncoder(limits, fastEncoder(limits, slow)), options, MALFORMED);
  },
};

interface Limits {
  readonly precision: number;
  readonly scale: number;
  readonly overflow: Problem;
}

function limitsOf(type: ColumnType): Limits | null {
  if (type.name !== "numeric" || type.precision === null) return null;
  const precision = type.precision;
  const scale = type.scale ?? 0;
  return {
    precision,
    scale,
    overflow: { code: "out_of_range", expected: `a numeric(${precision}, ${scale})` },
  };
}

/** Handles amounts below 10,000 with up to four decimals, most of all money, without a division. */
function shortEncoder(limits: Limits | null, rest: Encode): Encode {
  if (limits === null) return rest;
  const { precision, scale } = limits;
  if (scale < 0 || scale > 4 || precision - scale < 4) return rest;
  return (bytes, start, end, frame) => {
    // Hot loop: small whole numbers throughout.
    let i = start;
    const negative = i < end && bytes[i] === 45;
    if (negative) i++;
    const first = i;
    let whole = 0;
    let digit = 0;
    for (; i < end; i++) {
      digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
      if (whole > 9999) return rest(bytes, start, end, frame);
    }
    if (i === first) return rest(bytes, start, end, frame);
    let fraction = 0;
    if (i < end) {
      if (bytes[i] !== 46 || end - i - 1 > scale) return rest(bytes, start, end, frame);
      let places = 4;
      for (i++; i < end; i++) {
        digit = bytes[i]! - 48;
        if (digit < 0 || digit > 9) return rest(bytes, start, end, frame);
        fraction = fraction * 10 + digit;
        places--;
      }
      while (places-- > 0) fraction *= 10;
    }
    const { view, length: at } = frame;
    const digits = (whole > 0 ? 1 : 0) + (fraction > 0 ? 1 : 0);
    const weight = whole === 0 && fraction > 0 ? 0xffff : 0;
    view.setInt32(at, 8 + digits * 2);
    view.setInt32(at + 4, digits << 16 | weight);
    view.setInt32(at + 8, negative && digits > 0 ? NEGATIVE << 16 | scale : scale);
    let to = at + 12;
    if (whole > 0) {
      view.setInt16(to, whole);
      to += 2;
    }
    if (fraction > 0) {
      view.setInt16(to, fraction);
      to += 2;
    }
    frame.length = to;
    return null;
  };
}

/** Handles what fits a double exactly and leaves the rest to `slow`. */
function fastEncoder(limits: Limits | null, slow: Encode): Encode {
  if (limits !== null && (limits.scale < 0 || limits.scale > 12)) return slow;
  const fixed = limits === null ? -1 : limits.scale;
  const ceiling = limits === null || limits.precision > 15 ? 1e15 : POWERS[limits.precision]!;
  return (bytes, start, end, frame) => {
    if (end - start > 17) return slow(bytes, start, end, frame);
    // Hot loop: digits become one integer, the point only a count.
    let i = start;
    const sign = i < end && bytes[i] === 45 ? NEGATIVE : POSITIVE;
    if (sign === NEGATIVE) i++;
    const first = i;
    let value = 0;
    let point = -1;
    for (; i < end; i++) {
      const byte = bytes[i]!;
      const digit = byte - 48;
      if (digit >= 0 && digit <= 9) value = value * 10 + digit;
      else if (byte === 46 && point < 0) point = i;
      else return slow(bytes, start, end, frame);
    }
    if (i - first === (point < 0 ? 0 : 1)) return MALFORMED;
    let scale = point < 0 ? 0 : end - point - 1;
    if (value >= 1e15) return slow(bytes, start, end, frame);
    if (fixed >= 0 && scale !== fixed) {
      if (scale < fixed) value *= POWERS[fixed - scale]!;
      else if (scale > 15) return slow(bytes, start, end, frame);
      else {
        const unit = POWERS[scale - fixed]!;
        const whole = Math.floor(value / unit);
        value = (value - whole * unit) * 2 >= unit ? whole + 1 : whole;
      }
      scale = fixed;
    } else if (scale > 12) return slow(bytes, start, end, frame);
    if (value >= ceiling) return slow(bytes, start, end, frame);
    putUnits(frame, sign === NEGATIVE, value, scale);
    return null;
  };
}

/** Units of a numeric, without their sign, are below. */
export const MOST_UNITS = 1e15;

/** Writes `units / 10^scale`, both whole: fewer than {@link MOST_UNITS}, and at most 12. */
export function putUnits(frame: Frame, isNegative: boolean, units: number, scale: number): void {
  const unit = POWERS[scale]!;
  const whole = scale === 0 ? units : Math.floor(units / unit);
  const groups = (scale + 3) >> 2;
  const fraction = scale === 0 ? 0 : (units - whole * unit) * POWERS[groups * 4 - scale]!;
  writeParts(frame, isNegative ? NEGATIVE : POSITIVE, scale, whole, fraction, groups);
}

/** Writes an exact whole part and a fraction of `groups` base-10000 digits. */
function writeParts(
  frame: Frame,
  sign: number,
  scale: number,
  whole: number,
  fraction: number,
  groups: number,
): void {
  const out = frame.bytes;
  const head = frame.length;
  let at = head + 12;
  let weight = -1;
  if (whole > 0) {
    if (whole < 10000) {
      out[at++] = whole >> 8;
      out[at++] = whole;
      weight = 0;
    } else {
      weight = whole < 1e8 ? 1 : whole < 1e12 ? 2 : 3;
      let rest = whole;
      for (let w = weight; w >= 0; w--) {
        const unit = POWERS[w * 4]!;
        const digit = Math.floor(rest / unit);
        rest -= digit * unit;
        out[at++] = digit >> 8;
        out[at++] = digit;
      }
    }
  }
  let rest = fraction;
  for (let g = groups - 1; g >= 0 && rest > 0; g--) {
    const unit = POWERS[g * 4]!;
    const digit = Math.floor(rest / unit);
    rest -= digit * unit;
    if (digit === 0 && at === head + 12) {
      weight--;
      continue;
    }
    out[at++] = digit >> 8;
    out[at++] = digit;
  }
  // Trailing zero digits are not stored.
  while (at > head + 12 && out[at - 1] === 0 && out[at - 2] === 0) at -= 2;
  const digits = (at - head - 12) >> 1;
  writeHead(frame, digits, digits === 0 ? 0 : weight, digits === 0 ? POSITIVE : sign, scale);
  frame.length = at;
}

function writeHead(
  frame: Frame,
  digits: number,
  weight: number,
  sign: number,
  scale: number,
): void {
  const out = frame.bytes;
  const at = frame.length;
  putInt32(out, at, 8 + digits * 2);
  putInt32(out, at + 4, digits << 16 | weight & 0xffff);
  putInt32(out, at + 8, sign << 16 | scale);
}

/** Any text at all, digit by digit. */
function slowEncoder(limits: Limits | null): Encode {
  let scratch = new Uint8Array(256);
  return (bytes, start, end, frame) => {
    start = skipSpace(bytes, start, end);
    end = trimEnd(bytes, start, end);
    if (start === end) return MALFORMED;
    const negative = bytes[start] === 45;
    let i = negative || bytes[start] === 43 ? start + 1 : start;
    if (isWord(bytes, start, end, "nan")) return writeSpecial(frame, NOT_A_NUMBER);
    if (isWord(bytes, i, end, "infinity") || isWord(bytes, i, end, "inf")) {
      if (limits !== null) return limits.overflow;
      return writeSpecial(frame, negative ? NEGATIVE_INFINITY : INFINITY);
    }
    // One slot in front takes a carry.
    if (scratch.length < end - i + 8) scratch = new Uint8Array((end - i) * 2);
    scratch[0] = 0;
    let count = 1;
    let point = -1;
    for (; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === 46) {
        if (point >= 0) return MALFORMED;
        point = count;
        continue;
      }
      const digit = byte - 48;
      if (digit < 0 || digit > 9) break;
      scratch[count++] = digit;
    }
    if (count === 1) return MALFORMED;
    if (point < 0) point = count;
    let scale = count - point;
    if (i < end) {
      const exponent = readExponent(bytes, i, end);
      if (exponent !== exponent) return MALFORMED;
      if (exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT) return TOO_LARGE;
      point += exponent;
      scale = Math.max(0, scale - exponent);
    }
    if (limits !== null) {
      count = round(scratch, count, point + limits.scale);
      scale = Math.max(0, limits.scale);
    }
    let first = 0;
    while (first < count && scratch[first] === 0) first++;
    while (count > first && scratch[count - 1] === 0) count--;
    if (scale > MAX_SCALE) return TOO_LARGE;
    if (first === count) {
      writeHead(frame, 0, 0, POSITIVE, scale);
      frame.length += 12;
      return null;
    }
    if (limits !== null && point - first > limits.precision - limits.scale) return limits.overflow;
    const weight = Math.floor((point - first - 1) / 4);
    if (weight > MAX_WEIGHT) return TOO_LARGE;
    // Position of the first base-10000 digit's first decimal digit, at or before `first`.
    const origin = point - (weight + 1) * 4;
    const digits = Math.ceil((count - origin) / 4);
    frame.reserve(digits * 2 + 16);
    const out = frame.bytes;
    writeHead(frame, digits, weight, negative ? NEGATIVE : POSITIVE, scale);
    let at = frame.length + 12;
    for (let d = 0, from = origin; d < digits; d++, from += 4) {
      let digit = 0;
      for (let k = from; k < from + 4; k++) {
        digit = digit * 10 + (k >= first && k < count ? scratch[k]! : 0);
      }
      out[at++] = digit >> 8;
      out[at++] = digit;
    }
    frame.length = at;
    return null;
  };
}

/** The exponent behind `e`; NaN where it is none. */
function readExponent(bytes: Uint8Array, start: number, end: number): number {
  if ((bytes[start]! | 32) !== 101) return NaN;
  let i = start + 1;
  const sign = i < end ? bytes[i]! : 0;
  if (sign === 45 || sign === 43) i++;
  if (i === end) return NaN;
  let value = 0;
  for (; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return NaN;
    if (value < 1e9) value = value * 10 + digit;
  }
  return sign === 45 ? -value : value;
}

/** Cuts digits at `keep`, half away from zero; the carry never leaves the slot in front. */
function round(digits: Uint8Array, count: number, keep: number): number {
  if (keep >= count) return count;
  // The slot in front is zero, so a cut at or before it leaves nothing.
  if (keep < 1) return 0;
  if (digits[keep]! < 5) return keep;
  let i = keep - 1;
  while (digits[i] === 9) digits[i--] = 0;
  digits[i] = digits[i]! + 1;
  return keep;
}

function writeSpecial(frame: Frame, sign: number): null {
  // Postgres itself writes this scale for an infinity.
  writeHead(frame, 0, 0, sign, sign === NOT_A_NUMBER ? 0 : 0x20);
  frame.length += 12;
  return null;
}

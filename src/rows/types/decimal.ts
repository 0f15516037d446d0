import { asciiText, isSpace, isWord, trimEnd } from "./ascii.ts";

/** How {@link readDouble} found the text. */
export const EXACT_INPUT = 0;
export const ROUNDED_INPUT = 1;
export const MALFORMED_INPUT = 2;
export const RANGE_INPUT = 3;

/** The number that {@link readDouble} read last; an array, for a variable would be boxed anew. */
export const double = new Float64Array(1);
/** The decimal text behind {@link double}, where it was rounded. */
export let decimalStart = 0;
export let decimalEnd = 0;

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * Reads what `float8in` reads, but for hexadecimal and signed or tagged NaN.
 *
 * The outcome is one of the constants above; the value is left in {@link double}.
 */
export function readDouble(bytes: Uint8Array, start: number, end: number): number {
  // Hot loop: digits are gathered in a double as long as it holds them exactly.
  while (start < end && isSpace(bytes[start]!)) start++;
  if (start < end && isSpace(bytes[end - 1]!)) end = trimEnd(bytes, start, end);
  if (start === end) return MALFORMED_INPUT;
  const first = bytes[start]!;
  const negative = first === 45;
  let i = negative || first === 43 ? start + 1 : start;
  let mantissa = 0;
  let digits = 0;
  let exponent = 0;
  for (; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
    digits++;
  }
  if (i < end && bytes[i] === 46) {
    const point = ++i;
    for (; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    exponent = point - i;
    digits += i - point;
  }
  if (digits === 0) return readWord(bytes, start, end);
  if (i < end) {
    if ((bytes[i]! | 32) !== 101 || ++i === end) return MALFORMED_INPUT;
    const sign = bytes[i]!;
    if (sign === 45 || sign === 43) i++;
    if (i === end) return MALFORMED_INPUT;
    let power = 0;
    for (; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return MALFORMED_INPUT;
      if (power < 1e6) power = power * 10 + digit;
    }
    exponent += sign === 45 ? -power : power;
  }
  if (mantissa <= 9007199254740991 && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
    double[0] = negative ? -value : value;
    if (exponent === 0) return EXACT_INPUT;
  } else {
    double[0] = Number(asciiText(bytes, start, end));
    if (double[0] === Infinity || double[0] === -Infinity) return RANGE_INPUT;
    if (double[0] === 0 && mantissa !== 0) return RANGE_INPUT;
  }
  decimalStart = start;
  decimalEnd = end;
  return ROUNDED_INPUT;
}

function readWord(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start]!;
  const at = sign === 45 || sign === 43 ? start + 1 : start;
  if (isWord(bytes, at, end, "infinity") || isWord(bytes, at, end, "inf")) {
    double[0] = sign === 45 ? -Infinity : Infinity;
    return EXACT_INPUT;
  }
  if (!isWord(bytes, start, end, "nan")) return MALFORMED_INPUT;
  double[0] = NaN;
  return EXACT_INPUT;
}

/** Compares the decimal text with a finite double, exactly: -1, 0 or 1. For slow paths. */
export function compareDecimal(text: string, value: number): number {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const fraction = match[3] ?? "";
  let left = BigInt(match[2] + fraction) * (match[1] === "-" ? -1n : 1n);
  const power = Number(match[4] ?? 0) - fraction.length;
  // A double is an integer after at most 1074 doublings.
  let doublings = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    doublings++;
  }
  let right = BigInt(scaled);
  left <<= BigInt(doublings);
  if (power >= 0) left *= 10n ** BigInt(power);
  else right *= 10n ** BigInt(-power);
  return left < right ? -1 : left > right ? 1 : 0;
}

const NEGATIVE = 0x4000;
const NEGATIVE_INFINITY = 0xf000;
const NOT_A_NUMBER = 0xc000;
const INFINITY = 0xd000;

/** About the value, from its first twelve digits at least; cut towards zero, never rounded up. */
export function numericRank(view: DataView, at: number, length: number): number {
  const digits = view.getInt16(at);
  const sign = view.getUint16(at + 4);
  if (sign === NOT_A_NUMBER || sign === INFINITY) return Infinity;
  if (sign === NEGATIVE_INFINITY) return -Infinity;
  if (digits === 0 || length < 10) return 0;
  const weight = view.getInt16(at + 2);
  const first = view.getInt16(at + 8) * 1e8 +
    (digits > 1 ? view.getInt16(at + 10) * 1e4 : 0) +
    (digits > 2 ? view.getInt16(at + 12) : 0);
  const size = first * (SCALES[weight + 8] ?? 10_000 ** (weight - 2));
  return sign === NEGATIVE ? -size : size;
}

/** 10000^(weight - 2) for the weights of everyday numbers. */
const SCALES = Array.from({ length: 16 }, (_, i) => 10_000 ** (i - 10));

/**
 * Compares two encoded numerics by value: 1.0 equals 1.00, NaN is the greatest and equals itself.
 *
 * Offsets are those of their numbers of digits, behind the int32 length.
 */
export function compareNumeric(a: DataView, i: number, b: DataView, k: number): number {
  const left = grade(a, i);
  const right = grade(b, k);
  if (left !== right || Math.abs(left) !== 1) return left - right;
  const weights = a.getInt16(i + 2) - b.getInt16(k + 2);
  if (weights !== 0) return left * weights;
  const count = Math.max(a.getInt16(i), b.getInt16(k));
  for (let n = 0; n < count; n++) {
    const digits = digit(a, i, n) - digit(b, k, n);
    if (digits !== 0) return left * digits;
  }
  return 0;
}

/** -2 … 3: minus infinity, below zero, zero, above zero, infinity, NaN. */
function grade(view: DataView, at: number): number {
  switch (view.getUint16(at + 4)) {
    case NOT_A_NUMBER:
      return 3;
    case INFINITY:
      return 2;
    case NEGATIVE_INFINITY:
      return -2;
    case NEGATIVE:
      return -1;
    default:
      return view.getInt16(at) === 0 ? 0 : 1;
  }
}

function digit(view: DataView, at: number, n: number): number {
  return n < view.getInt16(at) ? view.getInt16(at + 8 + n * 2) : 0;
}

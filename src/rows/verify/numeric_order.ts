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

/** Compares two numerics by value: 1.0 equals 1.00, NaN is the greatest and equals itself. */
export function compareNumeric(a: Uint8Array, b: Uint8Array): number {
  const x = new DataView(a.buffer, a.byteOffset, a.byteLength);
  const y = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const order = grade(x);
  const other = grade(y);
  if (order !== other || Math.abs(order) !== 1) return order - other;
  const weights = x.getInt16(2) - y.getInt16(2);
  if (weights !== 0) return order * weights;
  const count = Math.max(x.getInt16(0), y.getInt16(0));
  for (let i = 0; i < count; i++) {
    const digits = digit(x, i) - digit(y, i);
    if (digits !== 0) return order * digits;
  }
  return 0;
}

/** -2 … 3: minus infinity, below zero, zero, above zero, infinity, NaN. */
function grade(view: DataView): number {
  switch (view.getUint16(4)) {
    case NOT_A_NUMBER:
      return 3;
    case INFINITY:
      return 2;
    case NEGATIVE_INFINITY:
      return -2;
    case NEGATIVE:
      return -1;
    default:
      return view.getInt16(0) === 0 ? 0 : 1;
  }
}

function digit(view: DataView, at: number): number {
  return at < view.getInt16(0) ? view.getInt16(8 + at * 2) : 0;
}

import type { StoredSegment } from "./stored_rows.ts";

/** What a number must be, and what becomes of it: `value * times + plus`, within the limits. */
export interface NumberLimits {
  readonly times: number;
  readonly plus: number;
  readonly low: number;
  readonly high: number;
  /** Null: all of them. */
  readonly allowed: ReadonlySet<number> | null;
}

/**
 * Reads the numbers of a segment, each to the place of its row.
 *
 * @param nulls rows without a value are 1
 * @returns false where one of them is not exact, or beyond the limits
 */
export type LoadNumbers = (
  segment: StoredSegment,
  nulls: Uint8Array | null,
  limits: NumberLimits,
  out: Float64Array,
) => boolean;

// Hot loops, one for each kind of array: a loop over two kinds is half as fast.

/** Whole numbers. */
export const loadIntegers: LoadNumbers = (segment, nulls, limits, out) => {
  const { values } = segment;
  if (values instanceof Int32Array) return loadInt32(segment, values, nulls, limits, out);
  if (values instanceof BigInt64Array) return loadInt64(segment, values, nulls, limits, out);
  if (values instanceof Float64Array) return loadWhole(segment, values, nulls, limits, out);
  return values instanceof Float32Array && loadWhole(segment, values, nulls, limits, out);
};

/** Doubles, and integers that are exact as such. */
export const loadDoubles: LoadNumbers = (segment, nulls, limits, out) => {
  const { values } = segment;
  if (values instanceof Float64Array) return loadFloats(segment, values, nulls, limits, out);
  if (values instanceof Float32Array) return loadFloats(segment, values, nulls, limits, out);
  return loadIntegers(segment, nulls, limits, out);
};

/** Doubles that a real holds exactly. */
export const loadReals: LoadNumbers = (segment, nulls, limits, out) => {
  if (!loadDoubles(segment, nulls, limits, out)) return false;
  for (let row = segment.from; row < segment.to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const value = out[row];
    if (Math.fround(value) !== value && value === value) return false;
  }
  return true;
};

/** 0 and 1. */
export const loadBooleans: LoadNumbers = ({ values, from, to, at }, nulls, _limits, out) => {
  const list = values as ArrayLike<unknown>;
  let next = at;
  for (let row = from; row < to; row++) {
    if (nulls === null || nulls[row] === 0) out[row] = list[next++] ? 1 : 0;
  }
  return true;
};

/** Thousandths of the numbers that are wanted: those that are whole then. */
export const loadThousandths: LoadNumbers = (segment, nulls, limits, out) => {
  const { values, from, to, at } = segment;
  if (!(values instanceof BigInt64Array)) return false;
  const { plus, low, high } = limits;
  let next = at;
  for (let row = from; row < to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const value = values[next++];
    const whole = value / 1000n;
    if (whole * 1000n !== value) return false;
    const number = Number(whole) + plus;
    if (!(number >= low && number <= high)) return false;
    out[row] = number;
  }
  return areAllowed(segment, nulls, limits, out);
};

function loadInt32(
  segment: StoredSegment,
  values: Int32Array,
  nulls: Uint8Array | null,
  limits: NumberLimits,
  out: Float64Array,
): boolean {
  const { from, to, at } = segment;
  const { times, plus, low, high } = limits;
  let next = at;
  for (let row = from; row < to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const number = values[next++] * times + plus;
    if (!(number >= low && number <= high)) return false;
    out[row] = number;
  }
  return areAllowed(segment, nulls, limits, out);
}

/** Halves of 32 bits: no number is made an object. */
function loadInt64(
  segment: StoredSegment,
  values: BigInt64Array,
  nulls: Uint8Array | null,
  limits: NumberLimits,
  out: Float64Array,
): boolean {
  const { from, to, at } = segment;
  const { times, plus, low, high } = limits;
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let next = at * 2;
  for (let row = from; row < to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const upper = halves[next + 1];
    // Below 2^53 each is exact.
    if (upper >= 0x200000 || upper < -0x200000) return false;
    const number = (upper * 4294967296 + (halves[next] >>> 0)) * times + plus;
    next += 2;
    if (!(number >= low && number <= high)) return false;
    out[row] = number;
  }
  return areAllowed(segment, nulls, limits, out);
}

function loadWhole(
  segment: StoredSegment,
  values: Float64Array | Float32Array,
  nulls: Uint8Array | null,
  limits: NumberLimits,
  out: Float64Array,
): boolean {
  const { from, to, at } = segment;
  const { low, high } = limits;
  let next = at;
  for (let row = from; row < to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const value = values[next++];
    if (Math.floor(value) !== value || !(value >= low && value <= high)) return false;
    out[row] = value;
  }
  return areAllowed(segment, nulls, limits, out);
}

function loadFloats(
  { from, to, at }: StoredSegment,
  values: Float64Array | Float32Array,
  nulls: Uint8Array | null,
  { low, high }: NumberLimits,
  out: Float64Array,
): boolean {
  const isLimited = low !== -Infinity || high !== Infinity;
  let next = at;
  for (let row = from; row < to; row++) {
    if (nulls !== null && nulls[row] !== 0) continue;
    const value = values[next++];
    // Where NaN stands is another's to say.
    if (isLimited && !(value >= low && value <= high)) return false;
    out[row] = value;
  }
  return true;
}

function areAllowed(
  { from, to }: StoredSegment,
  nulls: Uint8Array | null,
  { allowed }: NumberLimits,
  out: Float64Array,
): boolean {
  if (allowed === null) return true;
  for (let row = from; row < to; row++) {
    if ((nulls === null || nulls[row] === 0) && !allowed.has(out[row])) return false;
  }
  return true;
}

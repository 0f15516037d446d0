import type { ColumnPlan, PartitionBounds } from "../../plan/load_plan.ts";
import type { ColumnType } from "../../spec/pipeline_spec.ts";
import type { Column } from "../compile_columns.ts";
import type { FieldOptions } from "../field_reader.ts";
import { encodeLiteral, unrounded } from "../rules/literal.ts";
import { encodeUtf8, type Place, placeOnce, placeTexts } from "./place.ts";

/** Bytes of a column; `assembly/encode.ts` has the same places and numbers. */
export const COLUMN_BYTES = 64;
const AT_HEAD = 0;
const AT_FIELD = 4;
/** Moved into the head at last. */
const AT_BITS = 8;
const AT_NULL = 12;
const AT_NULL_LENGTH = 16;
const AT_NULLS = 20;
const AT_NULL_COUNT = 24;
const AT_LIST = 28;
const AT_LIST_COUNT = 32;
const AT_LENGTH = 36;
const AT_TRUTHS = 36;
const AT_LOW = 40;
const AT_HIGH = 48;
const AT_SCALE = 56;

const EMPTY_IS_NULL = 1;
const EMPTY_AS_NULL = 2;
const MAY_BE_NULL = 4;
const TRIM = 8;
const TRIM_QUOTED = 16;
const HAS_NULLS = 32;
const HAS_LIST = 64;
const HAS_LIMITS = 128;
const IS_JSON = 256;
const HAS_TABLE = 512;
const ANY_VALUE = 1024;

/** What the kernel does with a value; 0 leaves it. */
const KINDS = {
  "smallint": 1,
  "integer": 2,
  "bigint": 3,
  "real": 4,
  "double precision": 5,
  "numeric": 6,
  "boolean": 7,
  "text": 9,
  "varchar": 9,
  "other": 9,
  "uuid": 10,
  "date": 11,
  "time": 12,
  "timestamp": 13,
  "timestamptz": 14,
  "json": 16,
  "jsonb": 17,
} as const;
const WORDS = 8;
const DISCARD = 15;

/** The bits of a column stand above its kind. */
const BITS_SHIFT = 8;
/** No truth. */
const NEITHER = 2;

const MOST_INT64 = 2n ** 63n - 1n;
const LEAST_INT64 = -(2n ** 63n);
const RANGES: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  smallint: [-32768n, 32767n],
  integer: [-2147483648n, 2147483647n],
};
/** The most places of a numeric whose values the kernel counts in an int64. */
const MOST_PLACES = 16;
/** Between the least and the greatest value of a list, for a table of all of them. */
const MOST_APART = 4096n;
/** Texts that are compared one by one. */
const MOST_TEXTS = 64;

/** Columns as the kernel reads them. */
export interface Program {
  readonly columns: number;
  readonly at: number;
}

/** Writes the program of the columns, and of the fields behind them whose values are discarded. */
export function writeProgram(
  columns: readonly { readonly column: Column; readonly plan: ColumnPlan }[],
  unused: readonly { readonly field: number; readonly options: FieldOptions }[],
  bounds: PartitionBounds | null,
  placeAnew: Place,
): Program {
  const place = placeOnce(placeAnew);
  const program = new Uint8Array((columns.length + unused.length) * COLUMN_BYTES);
  const entryOf = (index: number) =>
    new DataView(program.buffer, index * COLUMN_BYTES, COLUMN_BYTES);
  columns.forEach(({ column, plan }, c) => {
    const entry = entryOf(c);
    entry.setInt32(AT_FIELD, column.field, true);
    writeNulls(entry, column, place);
    if (column.nullProblem === null) setBits(entry, MAY_BE_NULL);
    entry.setUint32(AT_NULL, place(column.nullValue), true);
    entry.setUint32(AT_NULL_LENGTH, column.nullValue.length, true);
    const inBounds = bounds?.column === plan.name ? bounds : null;
    // A list of JSON becomes an array's text here.
    const kind = column.elements === null ? writeKind(entry, plan, inBounds, place) : 0;
    writeHead(entry, kind);
  });
  unused.forEach(({ field, options }, u) => {
    const entry = entryOf(columns.length + u);
    entry.setInt32(AT_FIELD, field, true);
    writeNulls(entry, options, place);
    writeHead(entry, DISCARD);
  });
  return { columns: columns.length + unused.length, at: place(program) };
}

function setBits(entry: DataView, bits: number): void {
  entry.setUint32(AT_BITS, entry.getUint32(AT_BITS, true) | bits, true);
}

function writeHead(entry: DataView, kind: number): void {
  entry.setUint32(AT_HEAD, kind | entry.getUint32(AT_BITS, true) << BITS_SHIFT, true);
}

function writeNulls(entry: DataView, options: FieldOptions, place: Place): void {
  if (options.emptyIsNull) setBits(entry, EMPTY_IS_NULL);
  if (options.emptyAsNull) setBits(entry, EMPTY_AS_NULL);
  if (options.trim) setBits(entry, TRIM);
  if (options.trimQuoted) setBits(entry, TRIM_QUOTED);
  if (options.isJson) setBits(entry, IS_JSON);
  if (options.nulls === null) return;
  setBits(entry, HAS_NULLS);
  entry.setUint32(AT_NULLS, placeTexts(options.nulls, place), true);
  entry.setInt32(AT_NULL_COUNT, options.nulls.length, true);
}

/** Rules and options that are looked at here or in `writeNulls`; a column with another is left. */
const HELD = new Set([
  ...["min", "max", "max_length", "pattern", "one_of"],
  ...["format", "timezone", "true_values", "false_values", "null_values", "thousands", "decimal"],
  ...["trim", "empty_as_null", "strip", "negative"],
]);

/** Settles a column's type and rules; 0 where the kernel cannot hold all of them. */
function writeKind(
  entry: DataView,
  plan: ColumnPlan,
  bounds: PartitionBounds | null,
  place: Place,
): number {
  const { type, options, rules } = plan;
  const isHeld = ([key, value]: [string, unknown]) => value === undefined || HELD.has(key);
  if (![...Object.entries(rules), ...Object.entries(options)].every(isHeld)) return 0;
  const { thousands, decimal = ".", format, strip, negative, true_values, false_values } = options;
  if (strip !== undefined || negative !== undefined) return 0;
  if (thousands || decimal !== "." || format !== undefined || rules.pattern !== undefined) return 0;
  if (!(type.name in KINDS)) return 0;
  const kind = KINDS[type.name as keyof typeof KINDS];
  const limited = rules.min !== undefined || rules.max !== undefined || bounds !== null;
  if (kind === KINDS.text) {
    return !limited && writeText(entry, plan, place) ? kind : 0;
  }
  if (rules.max_length !== undefined) return 0;
  if (kind === KINDS.json || kind === KINDS.jsonb) {
    return limited || rules.one_of !== undefined ? 0 : kind;
  }
  if (kind === KINDS.boolean || kind === KINDS.uuid) {
    if (limited || rules.one_of !== undefined) return 0;
    if (kind === KINDS.uuid) return kind;
    if (true_values === undefined && false_values === undefined) {
      writeTruths(entry, ["1", "t", "y"], ["0", "f", "n"], place);
      return kind;
    }
    writeTruths(entry, true_values ?? [], false_values ?? [], place);
    const words = [true_values ?? [], false_values ?? []];
    if (words.flat().length > MOST_TEXTS) return 0;
    entry.setUint32(AT_LIST, placeTexts(words.flat().map(encodeUtf8), place), true);
    entry.setInt32(AT_LIST_COUNT, words.flat().length, true);
    entry.setInt32(AT_SCALE, words[0].length, true);
    return WORDS;
  }
  if (kind === KINDS["real"] || kind === KINDS["double precision"]) {
    if (bounds !== null || rules.one_of !== undefined) return 0;
    return !limited || writeFloatLimits(entry, plan) ? kind : 0;
  }
  if (type.name === "numeric") {
    return bounds === null && rules.one_of === undefined &&
        writeNumericLimits(entry, plan, type, place)
      ? kind
      : 0;
  }
  if (kind === KINDS.timestamptz) {
    entry.setInt32(AT_SCALE, /^(utc|etc\/utc|z)$/i.test(options.timezone ?? "UTC") ? 0 : 1, true);
  }
  const [least, most] = RANGES[type.name] ?? [LEAST_INT64, MOST_INT64];
  const read = (what: string, text: string) =>
    integerOf(type, literal(plan, what, unrounded(type), text));
  const lows = [least];
  const highs = [most];
  if (rules.min !== undefined) lows.push(read("min", rules.min));
  if (rules.max !== undefined) highs.push(read("max", rules.max));
  if (bounds !== null) {
    lows.push(read("partition bound", bounds.start));
    highs.push(read("partition bound", bounds.end) - 1n);
  }
  let low = lows.reduce((a, b) => a > b ? a : b);
  let high = highs.reduce((a, b) => a < b ? a : b);
  if (rules.one_of !== undefined) {
    const values = BigInt64Array.from(
      rules.one_of.map((text) => integerOf(type, literal(plan, "one_of", type, text))),
    ).sort().filter((value) => value >= low && value <= high);
    // No value is allowed.
    if (values.length === 0) return 0;
    low = values[0];
    high = values[values.length - 1];
    setBits(entry, HAS_LIST);
    if (high - low < MOST_APART) {
      const table = new Uint8Array(Number(high - low) + 1);
      for (const value of values) table[Number(value - low)] = 1;
      setBits(entry, HAS_TABLE);
      entry.setUint32(AT_LIST, place(table), true);
    } else {
      entry.setUint32(AT_LIST, place(new Uint8Array(values.buffer)), true);
      entry.setInt32(AT_LIST_COUNT, values.length, true);
    }
  }
  entry.setBigInt64(AT_LOW, low, true);
  entry.setBigInt64(AT_HIGH, high, true);
  return kind;
}

/** Those of one byte once more, where they are found at once; the first word of two counts. */
function writeTruths(
  entry: DataView,
  trues: readonly string[],
  falses: readonly string[],
  place: Place,
): void {
  const table = new Uint8Array(256).fill(NEITHER);
  for (const [words, truth] of [[falses, 0], [trues, 1]] as const) {
    for (const word of words) if (encodeUtf8(word).length === 1) table[encodeUtf8(word)[0]] = truth;
  }
  entry.setUint32(AT_TRUTHS, place(table), true);
}

function writeText(entry: DataView, plan: ColumnPlan, place: Place): boolean {
  const { type, rules } = plan;
  const own = type.name === "varchar" ? type.length : null;
  entry.setInt32(AT_LENGTH, Math.min(own ?? 2 ** 31 - 1, rules.max_length ?? 2 ** 31 - 1), true);
  if (rules.one_of === undefined) return true;
  if (rules.one_of.length > MOST_TEXTS) return false;
  const texts = rules.one_of.map((text) => literal(plan, "one_of", type, text).subarray(4));
  setBits(entry, HAS_LIST);
  entry.setUint32(AT_LIST, placeTexts(texts, place), true);
  entry.setInt32(AT_LIST_COUNT, texts.length, true);
  return true;
}

function writeFloatLimits(entry: DataView, plan: ColumnPlan): boolean {
  const { type, rules } = plan;
  const read = (what: string, text: string | undefined, otherwise: number) => {
    if (text === undefined) return otherwise;
    const { buffer } = literal(plan, what, type, text);
    const view = new DataView(buffer);
    return type.name === "real" ? view.getFloat32(4) : view.getFloat64(4);
  };
  const low = read("min", rules.min, -Infinity);
  const high = read("max", rules.max, Infinity);
  // NaN is above all else there.
  if (low !== low || high !== high) return false;
  setBits(entry, HAS_LIMITS);
  entry.setFloat64(AT_LOW, low, true);
  entry.setFloat64(AT_HIGH, high, true);
  return true;
}

function writeNumericLimits(
  entry: DataView,
  plan: ColumnPlan,
  type: Extract<ColumnType, { name: "numeric" }>,
  place: Place,
): boolean {
  const { rules } = plan;
  const { precision, scale } = type;
  if (precision !== null) {
    const places = scale ?? 0;
    if (places < 0 || places > MOST_PLACES) return false;
    const limits = unitLimits(plan, places, 10n ** BigInt(precision) - 1n);
    if (limits === null) return false;
    setBits(entry, HAS_LIMITS);
    // All of up to four digits before the point.
    const all = 10n ** BigInt(places + 4) - 1n;
    if (limits[0] <= -all && limits[1] >= all) setBits(entry, ANY_VALUE);
    entry.setInt32(AT_SCALE, places, true);
    entry.setBigInt64(AT_LOW, limits[0], true);
    entry.setBigInt64(AT_HIGH, limits[1], true);
    return true;
  }
  entry.setInt32(AT_SCALE, -1, true);
  if (rules.min === undefined && rules.max === undefined) {
    setBits(entry, ANY_VALUE);
    return true;
  }
  // Each value has a scale of its own, and the limits are counted in its units.
  const table = new BigInt64Array((MOST_PLACES + 1) * 2);
  for (let places = 0; places <= MOST_PLACES; places++) {
    const limits = unitLimits(plan, places, MOST_INT64);
    if (limits === null) return false;
    table.set(limits, places * 2);
  }
  setBits(entry, HAS_LIMITS | HAS_TABLE);
  entry.setUint32(AT_LIST, place(new Uint8Array(table.buffer)), true);
  return true;
}

/** The least and the most units of a scale that a column's rules allow; null where there are none. */
function unitLimits(plan: ColumnPlan, scale: number, most: bigint): [bigint, bigint] | null {
  const { rules } = plan;
  const type: ColumnType = { name: "numeric", precision: null, scale: null };
  let low = -most;
  let high = most;
  if (rules.min !== undefined) {
    const limit = units(literal(plan, "min", type, rules.min), scale);
    if (limit === null) return null;
    const least = limit.isExact ? limit.floor : limit.floor + 1n;
    if (least > low) low = least;
  }
  if (rules.max !== undefined) {
    const limit = units(literal(plan, "max", type, rules.max), scale);
    if (limit === null) return null;
    if (limit.floor < high) high = limit.floor;
  }
  return [inInt64(low), inInt64(high)];
}

function inInt64(value: bigint): bigint {
  return value < LEAST_INT64 ? LEAST_INT64 : value > MOST_INT64 ? MOST_INT64 : value;
}

/** A finite numeric in units of its scale, rounded down; null for NaN and the infinities. */
function units(
  encoded: Uint8Array<ArrayBuffer>,
  scale: number,
): { readonly floor: bigint; readonly isExact: boolean } | null {
  const view = new DataView(encoded.buffer);
  const digits = view.getUint16(4);
  const weight = view.getInt16(6);
  const sign = view.getUint16(8);
  if (sign !== 0 && sign !== 0x4000) return null;
  let value = 0n;
  for (let d = 0; d < digits; d++) value = value * 10000n + BigInt(view.getUint16(12 + d * 2));
  if (sign !== 0) value = -value;
  // The last digit counts this power of ten.
  const power = (weight - digits + 1) * 4 + scale;
  if (power >= 0) return { floor: value * 10n ** BigInt(power), isExact: true };
  const unit = 10n ** BigInt(-power);
  const isExact = value % unit === 0n;
  const quotient = value / unit;
  return { floor: isExact || value > 0n ? quotient : quotient - 1n, isExact };
}

/** The value of a type that is an integer when it is encoded. */
function integerOf(type: ColumnType, encoded: Uint8Array<ArrayBuffer>): bigint {
  const view = new DataView(encoded.buffer);
  if (type.name === "smallint") return BigInt(view.getInt16(4));
  if (type.name === "integer" || type.name === "date") return BigInt(view.getInt32(4));
  return view.getBigInt64(4);
}

function literal(
  { name, options }: ColumnPlan,
  what: string,
  type: ColumnType,
  text: string,
): Uint8Array<ArrayBuffer> {
  return encodeLiteral(`${name}, ${what}`, type, options, text);
}

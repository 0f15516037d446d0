import type { SchemaElement, TimeUnit } from "hyparquet";
import type { StoredType } from "../../../rows/stored/stored_rows.ts";
import { notAvailable, type Place } from "./faults.ts";
import { putHex, type TextWriter } from "./text_writer.ts";

/** How the values of a leaf are written, in the words of Postgres and with every digit. */
export interface LeafText {
  /** JSON has numbers and booleans for them; else strings. */
  readonly kind: "number" | "boolean" | "text";
  /** What the values are where no text is made of them. */
  readonly stored: StoredType;
  // deno-lint-ignore no-explicit-any -- what a value is follows from the physical type
  put(value: any, out: TextWriter): void;
}

const OTHER: StoredType = { kind: "other" };
const INTEGER: StoredType = { kind: "integer" };
const DOUBLE: StoredType = { kind: "double" };

/** Texts of a leaf by its types: the logical one first, then the older converted one. */
export function leafText(element: SchemaElement, asBytea: boolean, place: Place): LeafText {
  const { type, converted_type: converted, logical_type: logical } = element;
  const name = logical?.type;
  if (logical !== undefined && name === "DECIMAL" || converted === "DECIMAL") {
    const scale = (logical?.type === "DECIMAL" ? logical.scale : element.scale) ?? 0;
    return number((value, out) => putDecimal(out, value, scale), { kind: "decimal", scale });
  }
  switch (type) {
    case "BOOLEAN":
      return {
        kind: "boolean",
        stored: { kind: "boolean" },
        put: (value, out) => out.ascii(value ? "true" : "false"),
      };
    case "INT32":
      if (name === "DATE" || converted === "DATE") {
        return text((v, out) => putDate(out, v), { kind: "date" });
      }
      if (name === "TIME" || converted === "TIME_MILLIS") {
        return text(putClockMillis, { kind: "time", perSecond: SECOND.MILLIS });
      }
      if (isUnsigned(element)) return number((value, out) => out.digits(value >>> 0), OTHER);
      return number((value, out) => out.digits(value), INTEGER);
    case "INT64":
      return int64(element);
    case "INT96":
      return text((value: bigint, out) => {
        const days = (value >> 64n) - 2440588n;
        putTimestamp(out, days * DAY.NANOS + (value & 0xffff_ffff_ffff_ffffn), "NANOS", false);
      }, OTHER);
    case "FLOAT":
    case "DOUBLE":
      return number((value, out) => putDouble(out, value), DOUBLE);
    case "BYTE_ARRAY":
      return bytes(asBytea || name === "GEOMETRY" || name === "GEOGRAPHY" || converted === "BSON");
    case "FIXED_LEN_BYTE_ARRAY":
      if (name === "UUID") return text(putUuid, { kind: "uuid" });
      if (name === "FLOAT16") return number((value, out) => putDouble(out, float16(value)), OTHER);
      if (converted === "INTERVAL") return text(putInterval, OTHER);
      return bytes(asBytea);
    default:
      throw notAvailable(place, `the unknown type ${type}`);
  }
}

function text(put: LeafText["put"], stored: StoredType): LeafText {
  return { kind: "text", stored, put };
}

function number(put: LeafText["put"], stored: StoredType): LeafText {
  return { kind: "number", stored, put };
}

/** Bytes of no stated meaning are texts, unless their column is `bytea`. */
function bytes(asBytea: boolean): LeafText {
  if (!asBytea) return text((value: Uint8Array, out) => out.copy(value), { kind: "text" });
  return text((value: Uint8Array, out) => {
    out.ascii("\\x");
    putHex(out, value);
  }, OTHER);
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === "INTEGER" ? !logical.isSigned : converted?.startsWith("UINT_") ?? false;
}

function int64(element: SchemaElement): LeafText {
  const { converted_type: converted, logical_type: logical } = element;
  if (logical?.type === "TIMESTAMP") {
    // Only the logical type tells whether it is an instant: many wrote the older one for local times.
    const { unit, isAdjustedToUTC } = logical;
    return timestamps(unit, isAdjustedToUTC);
  }
  if (converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS") {
    return timestamps(converted === "TIMESTAMP_MILLIS" ? "MILLIS" : "MICROS", false);
  }
  if (logical?.type === "TIME" || converted === "TIME_MICROS") {
    const unit = logical?.type === "TIME" ? logical.unit : "MICROS";
    const stored: StoredType = { kind: "time", perSecond: SECOND[unit] };
    return text((value: bigint, out) => putClock(out, Number(value), unit), stored);
  }
  if (isUnsigned(element)) {
    return number((value: bigint, out) => putBigint(out, BigInt.asUintN(64, value)), OTHER);
  }
  return number(putInt64, INTEGER);
}

function timestamps(unit: TimeUnit, isUtc: boolean): LeafText {
  const stored: StoredType = { kind: "timestamp", perSecond: SECOND[unit], isUtc };
  return text((value, out) => putTimestamp(out, value, unit, isUtc), stored);
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function putInt64(value: bigint, out: TextWriter): void {
  putBigint(out, value);
}

function putBigint(out: TextWriter, value: bigint): void {
  if (value <= SAFE && value >= -SAFE) out.digits(Number(value));
  else out.ascii(value.toString());
}

/** The shortest text of a double: whole numbers have no point. */
function putDouble(out: TextWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.digits(value);
  else out.ascii(Object.is(value, -0) ? "-0" : String(value));
}

function putDecimal(out: TextWriter, value: number | bigint | Uint8Array, scale: number): void {
  const unscaled = value instanceof Uint8Array ? signed(value) : value;
  const isNegative = unscaled < 0;
  const digits = String(isNegative ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  out.ascii(
    (isNegative ? "-" : "") + digits.slice(0, point) + (scale > 0 ? "." + digits.slice(point) : ""),
  );
}

/** Two's complement, the highest byte first. */
function signed(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toHex()}`));
}

const DAY = { MILLIS: 86_400_000n, MICROS: 86_400_000_000n, NANOS: 86_400_000_000_000n } as const;
const SECOND = { MILLIS: 1000, MICROS: 1_000_000, NANOS: 1_000_000_000 } as const;
const FRACTION = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;

function putTimestamp(out: TextWriter, value: bigint, unit: TimeUnit, isUtc: boolean): void {
  let days: number;
  let rest: number;
  if (value <= SAFE && value >= -SAFE) {
    const number = Number(value);
    const day = SECOND[unit] * 86_400;
    days = Math.floor(number / day);
    rest = number - days * day;
  } else {
    const day = DAY[unit];
    const remainder = ((value % day) + day) % day;
    days = Number((value - remainder) / day);
    rest = Number(remainder);
  }
  putDays(out, days);
  out.byte(32);
  putClock(out, rest, unit);
  if (isUtc) out.ascii("+00");
  if (days < FIRST_AD) out.ascii(" BC");
}

function putClockMillis(value: number, out: TextWriter): void {
  putClock(out, value, "MILLIS");
}

/** A time of day; the fraction of its second ends with its last digit that is not zero. */
function putClock(out: TextWriter, value: number, unit: TimeUnit): void {
  const per = SECOND[unit];
  const seconds = Math.floor(value / per);
  let fraction = value - seconds * per;
  const minutes = Math.floor(seconds / 60);
  out.digits(Math.floor(minutes / 60), 2);
  out.byte(58);
  out.digits(minutes % 60, 2);
  out.byte(58);
  out.digits(seconds % 60, 2);
  if (fraction === 0) return;
  let width = FRACTION[unit] as number;
  while (fraction % 10 === 0) {
    fraction /= 10;
    width--;
  }
  out.byte(46);
  out.digits(fraction, width);
}

/** Days from 1970-01-01 to 0001-01-01: those before are in years BC. */
const FIRST_AD = -719_162;

function putDate(out: TextWriter, days: number): void {
  putDays(out, days);
  if (days < FIRST_AD) out.ascii(" BC");
}

/** `YYYY-MM-DD` in the proleptic Gregorian calendar; a year BC without its sign. */
function putDays(out: TextWriter, days: number): void {
  // Eras of 400 years from a first of March, as they all have as many days.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const day = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const dayOfYear = day -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  out.digits(year > 0 ? year : 1 - year, 4);
  out.byte(45);
  out.digits(month, 2);
  out.byte(45);
  out.digits(dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1, 2);
}

function putUuid(value: Uint8Array, out: TextWriter): void {
  const starts = [0, 4, 6, 8, 10];
  starts.forEach((start, i) => {
    if (i > 0) out.byte(45);
    putHex(out, value.subarray(start, starts[i + 1] ?? 16));
  });
}

/** Months, days and milliseconds, which are three numbers. */
function putInterval(value: Uint8Array, out: TextWriter): void {
  const view = new DataView(value.buffer, value.byteOffset, 12);
  const [months, days, millis] = [0, 4, 8].map((at) => view.getUint32(at, true));
  out.ascii(`${months} mons ${days} days `);
  putClock(out, millis, "MILLIS");
}

function float16(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, 2).getFloat16(0, true);
}

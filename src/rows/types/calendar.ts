import type { Frame } from "../frame.ts";
import { putInt32 } from "./ascii.ts";

/** Days of 4714-11-24 BC, where Postgres begins, counted from 2000-01-01. */
export const FIRST_DAY = daysFromCivil(-4713, 11, 24);
/** Days of 5874898-01-01, which no `date` reaches. */
export const END_DAY = daysFromCivil(5874898, 1, 1);
const FIRST_SECOND = FIRST_DAY * 86400;
/** First second after the last timestamp of Postgres, 294277-01-01. */
const END_SECOND = daysFromCivil(294277, 1, 1) * 86400;

/** Days from 2000-01-01 in the proleptic Gregorian calendar; year 0 is 1 BC. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * 146097 + dayOfEra - 730425;
}

/** True where the month has that day. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month === 2) {
    return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  }
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/** Writes a timestamp: seconds from 2000-01-01 and microseconds; false where it is out of range. */
export function writeTimestamp(frame: Frame, seconds: number, micros: number): boolean {
  if (seconds < FIRST_SECOND || seconds >= END_SECOND) return false;
  writeMicros(frame, seconds, micros);
  return true;
}

/** Writes seconds and microseconds as one int64 of microseconds. */
export function writeMicros(frame: Frame, seconds: number, micros: number): void {
  const at = frame.length;
  if (seconds > -9e9 && seconds < 9e9) {
    const value = seconds * 1e6 + micros;
    const high = Math.floor(value / 4294967296);
    frame.view.setInt32(at, 8);
    frame.view.setInt32(at + 4, high);
    frame.view.setUint32(at + 8, value - high * 4294967296);
    frame.length = at + 12;
    return;
  }
  putInt32(frame.bytes, at, 8);
  // More than a double holds exactly.
  frame.view.setBigInt64(at + 4, BigInt(seconds) * 1_000_000n + BigInt(micros));
  frame.length = at + 12;
}

/** Writes `infinity` or `-infinity`. */
export function writeInfinity(frame: Frame, negative: boolean): null {
  const at = frame.length;
  putInt32(frame.bytes, at, 8);
  putInt32(frame.bytes, at + 4, negative ? 0x80000000 : 0x7fffffff);
  putInt32(frame.bytes, at + 8, negative ? 0 : 0xffffffff);
  frame.length = at + 12;
  return null;
}

import { asciiText } from "./ascii.ts";

/** What {@link readTime} found: the second of the day, microseconds, and where it stopped. */
export let timeSeconds = 0;
export let timeMicros = 0;
export let timeEnd = 0;
/** Whether it was written without colons. */
export let timeIsCompact = false;

/**
 * Reads `HH:MM[:SS[.fraction]]` or `HHMMSS[.fraction]`, at most 24:00:00; a second 60 is the next
 * minute's first.
 *
 * False where there is none; what follows it is the caller's to judge.
 */
export function readTime(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  let hour = 0;
  while (i < end && i - start < 3 && isDigit(bytes[i]!)) hour = hour * 10 + bytes[i++]! - 48;
  timeIsCompact = i - start === 3;
  if (timeIsCompact) return readCompactTime(bytes, start, end);
  if (i === start) return false;
  if (i + 3 > end || bytes[i] !== 58) return false;
  const minute = twoDigits(bytes, i + 1);
  if (minute < 0 || minute > 59) return false;
  i += 3;
  let second = 0;
  let micros = 0;
  if (i < end && bytes[i] === 58) {
    if (i + 3 > end) return false;
    second = twoDigits(bytes, i + 1);
    if (second < 0 || second > 60) return false;
    i += 3;
    if (i < end && bytes[i] === 46) {
      const from = ++i;
      while (i < end && isDigit(bytes[i]!)) i++;
      micros = readFraction(bytes, from, i);
    }
  }
  if (i < end && (isDigit(bytes[i]!) || bytes[i] === 58 || bytes[i] === 46)) return false;
  return setTime(hour, minute, second, micros, i);
}

/** `HHMMSS[.fraction]`; hours and minutes that are none are refused, though Postgres takes them. */
function readCompactTime(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 6 > end) return false;
  const hour = twoDigits(bytes, start);
  const minute = twoDigits(bytes, start + 2);
  const second = twoDigits(bytes, start + 4);
  if (hour < 0 || minute < 0 || second < 0) return false;
  let i = start + 6;
  let micros = 0;
  if (i < end && bytes[i] === 46) {
    const from = ++i;
    while (i < end && isDigit(bytes[i]!)) i++;
    if (i === from) return false;
    micros = readFraction(bytes, from, i);
  }
  if (i < end && (isDigit(bytes[i]!) || bytes[i] === 58 || bytes[i] === 46)) return false;
  return setTime(hour, minute, second, micros, i);
}

/** Checks the parts of a time and leaves them in the variables above. */
export function setTime(
  hour: number,
  minute: number,
  second: number,
  micros: number,
  end: number,
): boolean {
  let seconds = hour * 3600 + minute * 60 + second;
  if (micros >= 1_000_000) {
    seconds++;
    micros -= 1_000_000;
  }
  if (hour > 24 || minute > 59 || second > 60) return false;
  if (seconds > 86400 || (seconds === 86400 && micros > 0)) return false;
  timeSeconds = seconds;
  timeMicros = micros;
  timeEnd = end;
  return true;
}

const TENTHS = [1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** Microseconds of the digits behind a point, rounded as Postgres rounds them. */
export function readFraction(bytes: Uint8Array, start: number, end: number): number {
  const count = end - start;
  if (count <= 6) {
    let value = 0;
    for (let i = start; i < end; i++) value = value * 10 + bytes[i]! - 48;
    return value * TENTHS[count]!;
  }
  return roundToEven(Number(`0.${asciiText(bytes, start, end)}`) * 1e6);
}

/** C's `rint`. */
export function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Value of two digits; -1 where they are none. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const high = bytes[at]! - 48;
  const low = bytes[at + 1]! - 48;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1;
}

export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

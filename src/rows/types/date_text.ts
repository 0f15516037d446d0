import { isWord } from "./ascii.ts";
import { daysFromCivil, END_DAY, FIRST_DAY, isDay } from "./calendar.ts";
import { isDigit } from "./clock_text.ts";

/** What {@link readDate} found: days from 2000-01-01, and where it stopped. */
export let dateDays = 0;
export let dateEnd = 0;

let lastKey = -1;
let lastDays = 0;

/**
 * Reads `YYYY-MM-DD`, `YYYY/MM/DD` or `YYYYMMDD`; false where there is none.
 *
 * Years of fewer than four digits are left alone: Postgres reads them by its DateStyle.
 */
export function readDate(bytes: Uint8Array, start: number, end: number, bc: boolean): boolean {
  // Hot loop: ten bytes at known places, and neighbouring rows mostly share their day.
  if (!bc && end - start >= 10 && bytes[start + 4] === 45 && bytes[start + 7] === 45) {
    const a = bytes[start]! - 48;
    const b = bytes[start + 1]! - 48;
    const c = bytes[start + 2]! - 48;
    const d = bytes[start + 3]! - 48;
    const e = bytes[start + 5]! - 48;
    const f = bytes[start + 6]! - 48;
    const g = bytes[start + 8]! - 48;
    const h = bytes[start + 9]! - 48;
    // One test for eight digits: a byte below "0" turns negative, one above "9" exceeds nine.
    if (
      (a | b | c | d | e | f | g | h) < 0 ||
      a > 9 || b > 9 || c > 9 || d > 9 || e > 9 || f > 9 || g > 9 || h > 9
    ) return readLooseDate(bytes, start, end, bc);
    const year = a * 1000 + b * 100 + c * 10 + d;
    const key = year * 10000 + (e * 10 + f) * 100 + g * 10 + h;
    if (key !== lastKey) {
      const month = e * 10 + f;
      const day = g * 10 + h;
      if (year === 0 || !isDay(year, month, day)) return false;
      lastDays = daysFromCivil(year, month, day);
      lastKey = key;
    }
    dateDays = lastDays;
    dateEnd = start + 10;
    return dateEnd === end || !isDigit(bytes[dateEnd]!);
  }
  return readLooseDate(bytes, start, end, bc);
}

/** Longer years, one-digit months and days, slashes, `YYYYMMDD`, BC. */
function readLooseDate(bytes: Uint8Array, start: number, end: number, bc: boolean): boolean {
  let i = start;
  let year = 0;
  while (i < end && isDigit(bytes[i]!) && i - start < 9) year = year * 10 + bytes[i++]! - 48;
  const separator = i < end ? bytes[i]! : 0;
  if (separator !== 45 && separator !== 47) {
    if (i - start !== 8) return false;
    const month = Math.floor(year / 100) % 100;
    return setDate(Math.floor(year / 10000), month, year % 100, bc, i);
  }
  if (i - start < 4 || i - start > 7) return false;
  const monthStart = ++i;
  let month = 0;
  while (i < end && isDigit(bytes[i]!) && i - monthStart < 3) month = month * 10 + bytes[i++]! - 48;
  if (i === monthStart || i - monthStart > 2 || i >= end || bytes[i] !== separator) return false;
  const dayStart = ++i;
  let day = 0;
  while (i < end && isDigit(bytes[i]!) && i - dayStart < 3) day = day * 10 + bytes[i++]! - 48;
  if (i === dayStart || i - dayStart > 2) return false;
  return setDate(year, month, day, bc, i);
}

function setDate(year: number, month: number, day: number, bc: boolean, end: number): boolean {
  if (year < 1) return false;
  const civil = bc ? 1 - year : year;
  if (!isDay(civil, month, day)) return false;
  const days = daysFromCivil(civil, month, day);
  if (days < FIRST_DAY || days >= END_DAY) return false;
  dateDays = days;
  dateEnd = end;
  return true;
}

/** Whether {@link beforeEra} found BC. */
export let eraIsBc = false;

/** End of the text before a trailing ` BC` or ` AD`; `end` itself where there is none. */
export function beforeEra(bytes: Uint8Array, start: number, end: number): number {
  eraIsBc = false;
  if (end - start < 4 || bytes[end - 3] !== 32) return end;
  eraIsBc = isWord(bytes, end - 2, end, "bc");
  if (!eraIsBc && !isWord(bytes, end - 2, end, "ad")) return end;
  let at = end - 3;
  while (at > start && bytes[at - 1] === 32) at--;
  return at;
}

/** Dates and times in the everyday spelling of ISO 8601; anything else is left. */

/** Microseconds or days that were found. */
export let moment: i64 = 0;

/** No moment that a text with four digits for the year can be. */
export const NO_MOMENT: i64 = i64.MIN_VALUE;

/** The day that was read last, and its bytes: neighbouring rows mostly share it. At first 2000-01-01. */
let lastDays: i64 = 0;
let lastHead: u64 = 0x2d31302d30303032;
let lastTail: u32 = 0x3130;

/**
 * `YYYY-MM-DD`: days from 2000-01-01; {@link NO_MOMENT} where it is none.
 *
 * @param head eight bytes, the first one the lowest
 * @param tail the other two
 */
// @ts-ignore: decorator
@inline
export function readDay(head: u64, tail: u32): i64 {
  return head == lastHead && tail == lastTail ? lastDays : readOtherDay(head, tail);
}

function readOtherDay(head: u64, tail: u32): i64 {
  // "YYYY-MM-" and "DD": the hyphens by their places, the digits together.
  if ((head & 0xff0000ff00000000) != 0x2d00002d00000000) return NO_MOMENT;
  const digits = ((head & 0x00ffff00ffffffff) | (<u64> (tail & 0xff) << 32) |
    (<u64> (tail >> 8) << 56)) ^ 0x3030303030303030;
  if ((digits | (digits + 0x7676767676767676)) & 0x8080808080808080) return NO_MOMENT;
  const year = digit(digits, 0) * 1000 + digit(digits, 8) * 100 + digit(digits, 16) * 10 +
    digit(digits, 24);
  const month = digit(digits, 40) * 10 + digit(digits, 48);
  const day = digit(digits, 32) * 10 + digit(digits, 56);
  if (year == 0 || !isDay(year, month, day)) return NO_MOMENT;
  lastDays = daysFromCivil(year, month, day);
  lastHead = head;
  lastTail = tail;
  return lastDays;
}

/** `YYYY-MM-DD`: days from 2000-01-01 in {@link moment}. */
export function readDate(at: usize): bool {
  moment = readDay(load<u64>(at), load<u16>(at + 8));
  return moment != NO_MOMENT;
}

/**
 * `HH:MM:SS`, before 24:00: seconds; {@link NO_MOMENT} where it is none.
 *
 * @param text the first byte is the lowest
 */
// @ts-ignore: decorator
@inline
export function readSeconds(text: u64): i64 {
  const digits = text ^ 0x30303a30303a3030;
  // A digit is up to nine, a colon is zero.
  if ((digits | (digits + 0x76767f76767f7676)) & 0x8080808080808080) return NO_MOMENT;
  // Pairs of digits, of which those at the hour, the minute and the second count.
  const pairs = (digits * 10 + (digits >> 8)) & 0x00ff0000ff0000ff;
  if ((pairs + 0x0044000044000068) & 0x0080000080000080) return NO_MOMENT;
  return (pairs & 0xff) * 3600 + (pairs >> 24 & 0xff) * 60 + (pairs >> 48);
}

// @ts-ignore: decorator
@inline
function digit(packed: u64, shift: u64): i32 {
  return <i32> ((packed >> shift) & 0xff);
}

function isDay(year: i32, month: i32, day: i32): bool {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month == 2) return day == 29 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31);
}

function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 730425;
}

/** Where {@link readClock} ended. */
let clockEnd: usize = 0;

/** `HH:MM[:SS[.ffffff]]`, before 24:00: microseconds; -1 where it is none. */
function readClock(at: usize, end: usize): i64 {
  const length = end - at;
  if (length < 5) return -1;
  let seconds: i64 = 0;
  if (length >= 8 && load<u8>(at + 5) == 58) {
    seconds = readSeconds(load<u64>(at));
    if (seconds == NO_MOMENT) return -1;
    clockEnd = at + 8;
  } else {
    const hour = twoDigits(at);
    const minute = twoDigits(at + 3);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || load<u8>(at + 2) != 58) return -1;
    seconds = hour * 3600 + minute * 60;
    clockEnd = at + 5;
    return seconds * 1000000;
  }
  let micros: i64 = 0;
  if (clockEnd < end && load<u8>(clockEnd) == 46) {
    let i = clockEnd + 1;
    let unit: i64 = 1000000;
    for (; i < end; i++) {
      const digit: u32 = <u32> load<u8>(i) - 48;
      if (digit > 9) break;
      micros = micros * 10 + digit;
      unit /= 10;
    }
    if (i == clockEnd + 1 || unit == 0) return -1;
    micros *= unit;
    clockEnd = i;
  }
  return seconds * 1000000 + micros;
}

function twoDigits(at: usize): i32 {
  const high: u32 = <u32> load<u8>(at) - 48;
  const low: u32 = <u32> load<u8>(at + 1) - 48;
  return high > 9 || low > 9 ? -1 : <i32> (high * 10 + low);
}

/** A time of day: microseconds in {@link moment}. */
export function readTime(start: usize, end: usize): bool {
  const clock = readClock(start, end);
  if (clock < 0 || clockEnd != end) return false;
  moment = clock;
  return true;
}

/**
 * A date, or a date, a blank or `T`, and a time: microseconds from 2000-01-01 in {@link moment}.
 *
 * @param zoned an offset such as `Z`, `+02` or `-05:30` may follow; without one it is UTC
 * @param needsOffset without one it is left: its zone is not UTC
 */
export function readTimestamp(start: usize, end: usize, zoned: bool, needsOffset: bool): bool {
  const length = end - start;
  if (length < 10 || !readDate(start)) return false;
  const days = moment * 86400000000;
  if (length == 10) {
    moment = days;
    return !needsOffset;
  }
  const separator: u32 = load<u8>(start + 10);
  if (separator != 32 && separator != 84) return false;
  const clock = readClock(start + 11, end);
  if (clock < 0) return false;
  moment = days + clock;
  if (clockEnd == end) return !needsOffset;
  return zoned && readOffset(clockEnd, end);
}

/** Takes an offset from {@link moment}. */
function readOffset(at: usize, end: usize): bool {
  const length = end - at;
  const sign: u32 = load<u8>(at);
  if (length == 1) return sign == 90;
  if (sign != 43 && sign != 45 || length < 3) return false;
  const hours = twoDigits(at + 1);
  let minutes = 0;
  if (length == 6 && load<u8>(at + 3) == 58) minutes = twoDigits(at + 4);
  else if (length == 5) minutes = twoDigits(at + 3);
  else if (length != 3) return false;
  if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59) return false;
  const offset = <i64> (hours * 60 + minutes) * 60000000;
  moment -= sign == 45 ? -offset : offset;
  return true;
}

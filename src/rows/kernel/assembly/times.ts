/** Dates and times in the everyday spelling of ISO 8601; anything else is left. */

/** Microseconds or days that were found. */
export let moment: i64 = 0;

/** The day that was read last: neighbouring rows mostly share it. At first 2000-01-01. */
let lastDigits: u64 = 0x3131303030303032;
let lastDays: i32 = 0;

/** `YYYY-MM-DD`: days from 2000-01-01 in {@link moment}. */
export function readDate(at: usize): bool {
  const head = load<u64>(at);
  const tail: u32 = load<u16>(at + 8);
  // "YYYY-MM-" and "DD": the hyphens by their places, the digits packed into one key.
  if ((head & 0xff0000ff00000000) != 0x2d00002d00000000) return false;
  const key = (head & 0x00ffff00ffffffff) | (<u64> (tail & 0xff) << 32) | (<u64> (tail >> 8) << 56);
  if (key == lastDigits) {
    moment = lastDays;
    return true;
  }
  const digits = key ^ 0x3030303030303030;
  if ((digits | (digits + 0x7676767676767676)) & 0x8080808080808080) return false;
  const year = digit(digits, 0) * 1000 + digit(digits, 8) * 100 + digit(digits, 16) * 10 +
    digit(digits, 24);
  const month = digit(digits, 40) * 10 + digit(digits, 48);
  const day = digit(digits, 32) * 10 + digit(digits, 56);
  if (year == 0 || !isDay(year, month, day)) return false;
  lastDays = daysFromCivil(year, month, day);
  lastDigits = key;
  moment = lastDays;
  return true;
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
    const digits = load<u64>(at) ^ 0x30303a30303a3030;
    // A digit is up to nine, a colon is zero.
    if ((digits | (digits + 0x76767f76767f7676)) & 0x8080808080808080) return -1;
    const hour = digit(digits, 0) * 10 + digit(digits, 8);
    const minute = digit(digits, 24) * 10 + digit(digits, 32);
    const second = digit(digits, 48) * 10 + digit(digits, 56);
    if (hour > 23 || minute > 59 || second > 59) return -1;
    seconds = hour * 3600 + minute * 60 + second;
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

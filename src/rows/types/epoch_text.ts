import { daysFromCivil } from "./calendar.ts";
import { isDigit, roundToEven, setTime } from "./clock_text.ts";

const EPOCH_DAYS = daysFromCivil(1970, 1, 1);
/** Seconds of 0001-01-01 and 10000-01-01: a count beyond them is one of another unit. */
const FIRST = (daysFromCivil(1, 1, 1) - EPOCH_DAYS) * 86_400;
const END = (daysFromCivil(10_000, 1, 1) - EPOCH_DAYS) * 86_400;

/** Digits that a double keeps. */
const SAFE_DIGITS = 15;

/**
 * Reads a count since 1970-01-01 UTC: digits, perhaps with a minus and decimals.
 *
 * The function returns days from 2000-01-01 and leaves the time as `setTime` does; NaN where the
 * text is no such count, or no moment of the years 1 to 9999.
 *
 * @param places digits of the unit below a second: 3 for milliseconds
 */
export function readEpoch(
  places: number,
): (bytes: Uint8Array, start: number, end: number) => number {
  return (bytes, start, end) => {
    const negative = bytes[start] === 45;
    let i = negative && start < end ? start + 1 : start;
    const first = i;
    while (i < end && isDigit(bytes[i]!)) i++;
    const point = i;
    if (point === first) return NaN;
    if (i < end) {
      if (bytes[i] !== 46 || ++i === end) return NaN;
      while (i < end && isDigit(bytes[i]!)) i++;
      if (i !== end) return NaN;
    }
    // Digits before the second, then those of the fraction, wherever the point stands.
    let whole = 0;
    for (let at = first; at < point - places; at++) {
      whole = whole * 10 + bytes[at]! - 48;
      if (whole > END) return NaN;
    }
    let fraction = 0;
    let scale = 1;
    for (let at = point - places, k = 0; at < end && k < SAFE_DIGITS; at++) {
      if (at === point) continue;
      fraction = fraction * 10 + (at < first ? 0 : bytes[at]! - 48);
      scale *= 10;
      k++;
    }
    let micros = roundToEven(fraction / (scale / 1e6));
    let seconds = whole;
    if (negative) {
      seconds = -whole;
      if (micros > 0) {
        seconds--;
        micros = 1_000_000 - micros;
      }
    }
    if (micros >= 1_000_000) {
      seconds++;
      micros -= 1_000_000;
    }
    if (seconds < FIRST || seconds >= END) return NaN;
    const days = Math.floor(seconds / 86_400);
    const rest = seconds - days * 86_400;
    const hour = Math.floor(rest / 3600);
    const minute = Math.floor(rest % 3600 / 60);
    return setTime(hour, minute, rest % 60, micros, end) ? days + EPOCH_DAYS : NaN;
  };
}

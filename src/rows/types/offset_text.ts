import { startsWithWord } from "./ascii.ts";
import { isDigit, twoDigits } from "./clock_text.ts";

/** Where {@link readOffset} stopped. */
export let offsetEnd = 0;

/** Words for UTC in a format. */
const ZERO = ["utc", "gmt", "z"];

/**
 * Seconds east of UTC at a place of a text: `Z`, `UTC`, `GMT`, `±hh`, `±hhmm`, `±hh:mm[:ss]`; NaN
 * where there is none.
 */
export function readOffset(bytes: Uint8Array, start: number, end: number): number {
  for (const word of ZERO) {
    if (!startsWithWord(bytes, start, end, word)) continue;
    offsetEnd = start + word.length;
    return 0;
  }
  const sign = bytes[start];
  if (start >= end || (sign !== 43 && sign !== 45)) return NaN;
  let i = start + 1;
  const hours = i + 2 <= end ? twoDigits(bytes, i) : -1;
  if (hours < 0 || hours > 15) return NaN;
  i += 2;
  const colon = i < end && bytes[i] === 58;
  let minutes = 0;
  let seconds = 0;
  const at = colon ? i + 1 : i;
  if (at + 2 <= end && isDigit(bytes[at]!)) {
    minutes = twoDigits(bytes, at);
    if (minutes < 0 || minutes > 59) return NaN;
    i = at + 2;
    if (colon && i + 3 <= end && bytes[i] === 58) {
      seconds = twoDigits(bytes, i + 1);
      if (seconds < 0 || seconds > 59) return NaN;
      i += 3;
    }
  }
  offsetEnd = i;
  const offset = hours * 3600 + minutes * 60 + seconds;
  return sign === 45 ? -offset : offset;
}

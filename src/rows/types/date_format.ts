import { startsWithWord } from "./ascii.ts";
import { daysFromCivil, isDay } from "./calendar.ts";
import { isDigit, readFraction, setTime } from "./clock_text.ts";

/** Reads a whole field by a pattern; the date in {@link formatDays}, the time as `setTime` leaves it. */
export type ReadFormat = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Days from 2000-01-01 that a format found last. */
export let formatDays = 0;

interface Part {
  /** Slot of {@link slots}, or -1 for literal bytes. */
  readonly slot: number;
  readonly least: number;
  readonly most: number;
  readonly literal: Uint8Array;
}

const YEAR = 0, MONTH = 1, DAY = 2, HOUR = 3, HALF_HOUR = 4, MINUTE = 5, SECOND = 6;
const FRACTION = 7, HALF = 8, SHORT_YEAR = 9;

const SLOTS: Readonly<Record<string, readonly [slot: number, least: number, most: number]>> = {
  yyyy: [YEAR, 4, 4],
  yy: [SHORT_YEAR, 2, 2],
  MM: [MONTH, 2, 2],
  M: [MONTH, 1, 2],
  dd: [DAY, 2, 2],
  d: [DAY, 1, 2],
  HH: [HOUR, 2, 2],
  H: [HOUR, 1, 2],
  hh: [HALF_HOUR, 2, 2],
  h: [HALF_HOUR, 1, 2],
  mm: [MINUTE, 2, 2],
  ss: [SECOND, 2, 2],
  a: [HALF, 2, 2],
};

/**
 * Compiles a pattern such as `MM/dd/yyyy HH:mm`.
 *
 * Letters stand for parts (`yyyy yy MM M dd d HH H hh h mm ss S… a`), `'…'` quotes letters, and
 * everything else stands for itself. A run of `S` takes one to as many fraction digits, at least 9.
 * A pattern that would have to guess, such as `yyyy-mm-dd`, never comes here: the spec refuses it.
 */
export function compileFormat(pattern: string): ReadFormat {
  const parts = splitPattern(pattern);
  const slots = new Int32Array(10);
  return (bytes, start, end) => {
    slots.fill(0);
    slots[YEAR] = 2000;
    slots[MONTH] = slots[DAY] = 1;
    slots[HALF] = slots[HALF_HOUR] = -1;
    let i = start;
    for (let p = 0; p < parts.length; p++) {
      const part = parts[p]!;
      if (part.slot < 0) {
        const literal = part.literal;
        for (let k = 0; k < literal.length; k++) if (bytes[i + k] !== literal[k]) return false;
        i += literal.length;
        if (i > end) return false;
        continue;
      }
      if (part.slot === HALF) {
        if (startsWithWord(bytes, i, end, "am")) slots[HALF] = 0;
        else if (startsWithWord(bytes, i, end, "pm")) slots[HALF] = 12;
        else return false;
        i += 2;
        continue;
      }
      const from = i;
      let value = 0;
      while (i < end && i - from < part.most && isDigit(bytes[i]!)) {
        value = value * 10 + bytes[i++]! - 48;
      }
      if (i - from < part.least) return false;
      slots[part.slot] = part.slot === FRACTION ? readFraction(bytes, from, i) : value;
      if (part.slot === SHORT_YEAR) slots[YEAR] = value < 70 ? 2000 + value : 1900 + value;
    }
    if (i !== end) return false;
    let hour = slots[HOUR]!;
    if (slots[HALF_HOUR]! >= 0) {
      hour = slots[HALF_HOUR]!;
      if (hour < 1 || hour > 12) return false;
      hour = hour % 12 + Math.max(0, slots[HALF]!);
    }
    const year = slots[YEAR]!;
    if (year === 0 || !isDay(year, slots[MONTH]!, slots[DAY]!)) return false;
    formatDays = daysFromCivil(year, slots[MONTH]!, slots[DAY]!);
    return setTime(hour, slots[MINUTE]!, slots[SECOND]!, slots[FRACTION]!, i);
  };
}

function splitPattern(pattern: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of pattern.matchAll(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']+/g)) {
    const slot = SLOTS[token];
    if (slot !== undefined) {
      parts.push({
        slot: slot[0],
        least: slot[1],
        most: slot[2],
        literal: new Uint8Array(),
      });
    } else if (/^S+$/.test(token)) {
      const most = Math.max(9, token.length);
      parts.push({ slot: FRACTION, least: 1, most, literal: new Uint8Array() });
    } else {
      const quoted = token.startsWith("'");
      const text = token === "''" ? "'" : quoted ? token.slice(1, -1) : token;
      parts.push({ slot: -1, least: 0, most: 0, literal: new TextEncoder().encode(text) });
    }
  }
  return parts;
}

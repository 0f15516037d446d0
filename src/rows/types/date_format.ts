import {
  EPOCHS,
  formatList,
  type FormatToken,
  formatWays,
  MONTHS,
  WEEKDAYS,
} from "../../core/date_format.ts";
import { startsWithWord } from "./ascii.ts";
import { daysFromCivil, isDay } from "./calendar.ts";
import { isDigit, readFraction, setTime } from "./clock_text.ts";
import { offsetEnd, readOffset } from "./offset_text.ts";
import { readEpoch } from "./epoch_text.ts";

/** Reads a whole field by a pattern; the date in {@link formatDays}, the time as `setTime` leaves it. */
export type ReadFormat = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Days from 2000-01-01 that a format found last. */
export let formatDays = 0;

/** Seconds east of UTC that a format found last; NaN where the text does not say. */
export let formatOffset = NaN;

interface Part {
  /** Slot of {@link slots}, or what else is read here. */
  readonly slot: number;
  readonly least: number;
  readonly most: number;
  readonly literal: Uint8Array;
  /** Words in lower case, for a name. */
  readonly words: readonly string[];
}

const YEAR = 0, MONTH = 1, DAY = 2, HOUR = 3, HALF_HOUR = 4, MINUTE = 5, SECOND = 6;
const FRACTION = 7, HALF = 8, SHORT_YEAR = 9, WEEKDAY = 10;
const LITERAL = -1, NAME = -2, OFFSET = -3, DAY_NAME = -4;

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
  MMM: [NAME, 0, 0],
  MMMM: [NAME, 0, 0],
  EEE: [DAY_NAME, 0, 0],
  EEEE: [DAY_NAME, 0, 0],
  Z: [OFFSET, 0, 0],
};

const WORDS: Readonly<Record<string, readonly string[]>> = {
  MMM: MONTHS.map((name) => name.slice(0, 3)),
  MMMM: MONTHS,
  EEE: WEEKDAYS.map((name) => name.slice(0, 3)),
  EEEE: WEEKDAYS,
};

/**
 * Compiles the formats of a column, such as `MM/dd/yyyy HH:mm[:ss]`; the first that fits reads.
 *
 * Letters stand for parts (`core/date_format.ts` lists them), `[…]` may be left out, `'…'` quotes
 * letters, and everything else stands for itself. A run of `S` takes one to as many fraction
 * digits, at least 9. A pattern that would have to guess, such as `yyyy-mm-dd`, never comes here:
 * the spec refuses it.
 */
export function compileFormat(format: string | readonly string[]): ReadFormat {
  const ways = formatList(format).flatMap((pattern): ReadFormat[] => {
    if (Object.hasOwn(EPOCHS, pattern)) return [compileEpoch(EPOCHS[pattern])];
    const found = formatWays(pattern);
    if (typeof found === "string") throw new Error(found);
    return found.map(compileWay);
  });
  if (ways.length === 1) return ways[0];
  return (bytes, start, end) => {
    for (let w = 0; w < ways.length; w++) if (ways[w]!(bytes, start, end)) return true;
    return false;
  };
}

function compileEpoch(places: number): ReadFormat {
  const read = readEpoch(places);
  return (bytes, start, end) => {
    const days = read(bytes, start, end);
    if (days !== days) return false;
    formatDays = days;
    formatOffset = 0;
    return true;
  };
}

function compileWay(tokens: readonly FormatToken[]): ReadFormat {
  const parts = tokens.map(partOf);
  const slots = new Int32Array(11);
  return (bytes, start, end) => {
    slots.fill(0);
    slots[YEAR] = 2000;
    slots[MONTH] = slots[DAY] = 1;
    slots[HALF] = slots[HALF_HOUR] = slots[WEEKDAY] = -1;
    formatOffset = NaN;
    let i = start;
    for (let p = 0; p < parts.length; p++) {
      const part = parts[p]!;
      if (part.slot === LITERAL) {
        const literal = part.literal;
        for (let k = 0; k < literal.length; k++) if (bytes[i + k] !== literal[k]) return false;
        i += literal.length;
        if (i > end) return false;
        continue;
      }
      if (part.slot === NAME || part.slot === DAY_NAME) {
        const index = part.words.findIndex((word) => startsWithWord(bytes, i, end, word));
        if (index < 0) return false;
        slots[part.slot === NAME ? MONTH : WEEKDAY] = part.slot === NAME ? index + 1 : index;
        i += part.words[index]!.length;
        continue;
      }
      if (part.slot === OFFSET) {
        formatOffset = readOffset(bytes, i, end);
        if (formatOffset !== formatOffset) return false;
        i = offsetEnd;
        continue;
      }
      if (part.slot === HALF) {
        const half = bytes[i]! | 32;
        if (i >= end || (half !== 97 && half !== 112)) return false;
        slots[HALF] = half === 97 ? 0 : 12;
        if (startsWithWord(bytes, i + 1, end, "m")) i += 2;
        else if (startsWithWord(bytes, i + 1, end, ".m.")) i += 4;
        else return false;
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
    // 2000-01-01 was a Saturday. A weekday that is not the date's is a mistake in one of them.
    if (slots[WEEKDAY]! >= 0 && ((formatDays + 6) % 7 + 7) % 7 !== slots[WEEKDAY]) return false;
    return setTime(hour, slots[MINUTE]!, slots[SECOND]!, slots[FRACTION]!, i);
  };
}

function partOf(token: FormatToken): Part {
  const none = { least: 0, most: 0, literal: new Uint8Array(), words: [] };
  if (token.part === "literal") {
    return { ...none, slot: LITERAL, literal: new TextEncoder().encode(token.text) };
  }
  const { letters } = token;
  if (token.part === "fraction") {
    return { ...none, slot: FRACTION, least: 1, most: Math.max(9, letters.length) };
  }
  const [slot, least, most] = SLOTS[letters]!;
  return { ...none, slot, least, most, words: WORDS[letters] ?? [] };
}

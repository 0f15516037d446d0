const EPOCH_2000 = 946_684_800;
const DAY = 86_400;
/** 400 years of seconds. */
const CYCLE = 146_097 * DAY;
/** Days remembered of each zone: 270 years in some 10 MB. */
const MAX_DAYS = 100_000;

/** Seconds east of UTC for a local time, given in seconds from 2000-01-01. */
export type LocalOffset = (local: number) => number;

/** The offsets around a day; `boundary` is the UTC second of the change, Infinity where none is. */
interface Day {
  readonly before: number;
  readonly after: number;
  readonly boundary: number;
}

/**
 * Offsets of an IANA zone, as Postgres chooses them.
 *
 * A time that the clocks skipped or showed twice takes the smaller of the two offsets.
 */
export function localOffset(zone: string): LocalOffset {
  if (/^(utc|etc\/utc|z)$/i.test(zone)) return () => 0;
  const offsetAt = utcOffset(zone);
  const days = new Map<number, Day>();
  let lastDay = NaN;
  let { before, after, boundary }: Day = { before: 0, after: 0, boundary: Infinity };

  function enter(day: number): void {
    let found = days.get(day);
    if (found === undefined) {
      found = readDay(offsetAt, day);
      if (days.size >= MAX_DAYS) days.clear();
      days.set(day, found);
    }
    lastDay = day;
    ({ before, after, boundary } = found);
  }

  return (local) => {
    const day = Math.floor(local / DAY);
    if (day !== lastDay) enter(day);
    if (boundary === Infinity) return before;
    // Postgres asks for the first change that is less than a day back.
    if (boundary <= local - DAY) return after;
    if (local - before < boundary && local - after < boundary) return before;
    if (local - before > boundary && local - after >= boundary) return after;
    return Math.min(before, after);
  };
}

/** No offset is a day long, so a local day lies within the three UTC days around it. */
function readDay(offsetAt: LocalOffset, day: number): Day {
  let low = (day - 1) * DAY;
  let high = (day + 2) * DAY;
  const before = offsetAt(low);
  const after = offsetAt(high);
  if (before === after) return { before, after, boundary: Infinity };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return { before, after: offsetAt(high), boundary: high };
}

/** Seconds east of UTC at a UTC second from 2000-01-01. */
function utcOffset(zone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (asked) => {
    // Intl ends in the year 275760, and the calendar repeats every 400 years.
    const utc = asked < CYCLE ? asked : asked % CYCLE + CYCLE;
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts((utc + EPOCH_2000) * 1000)) {
      part[type] = value;
    }
    const shown = new Date(0);
    const year = part["era"] === "BC" ? 1 - Number(part["year"]) : Number(part["year"]);
    shown.setUTCFullYear(year, Number(part["month"]) - 1, Number(part["day"]));
    shown.setUTCHours(Number(part["hour"]), Number(part["minute"]), Number(part["second"]));
    return shown.getTime() / 1000 - EPOCH_2000 - utc;
  };
}

const EPOCH_2000 = 946_684_800;
const DAY = 86_400;
/** 400 years of seconds. */
const CYCLE = 146_097 * DAY;

/** Seconds east of UTC for a local time, given in seconds from 2000-01-01. */
export type LocalOffset = (local: number) => number;

/**
 * Offsets of an IANA zone, as Postgres chooses them.
 *
 * A time that the clocks skipped or showed twice takes the smaller of the two offsets.
 */
export function localOffset(zone: string): LocalOffset {
  if (/^(utc|etc\/utc|z)$/i.test(zone)) return () => 0;
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
  const days = new Map<number, number>();
  let lastDay = NaN;
  let lastOffset = NaN;

  function offsetAt(asked: number): number {
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
  }

  function exactOffset(local: number): number {
    const before = offsetAt(local - DAY);
    const after = offsetAt(local + DAY);
    if (before === after) return before;
    const beforeHolds = offsetAt(local - before) === before;
    const afterHolds = offsetAt(local - after) === after;
    if (beforeHolds !== afterHolds) return beforeHolds ? before : after;
    return Math.min(before, after);
  }

  return (local) => {
    const day = Math.floor(local / DAY);
    if (day === lastDay && lastOffset === lastOffset) return lastOffset;
    let offset = days.get(day);
    if (offset === undefined) {
      const before = offsetAt((day - 1) * DAY);
      // NaN marks a day near a transition, where each time is looked up.
      offset = before === offsetAt((day + 2) * DAY) ? before : NaN;
      days.set(day, offset);
    }
    lastDay = day;
    lastOffset = offset;
    return offset === offset ? offset : exactOffset(local);
  };
}

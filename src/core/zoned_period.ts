import { fillPlaceholder, type Period, type PeriodBounds, periodBounds } from "./period.ts";

/**
 * The moments at which a period begins and ends in a zone, as Postgres reads them: UTC, with `+00`.
 *
 * A period begins with the first moment of its first day: where the clocks skip midnight, that of
 * the change; where they show it twice, the first one.
 *
 * @throws Error for hours, which clocks skip and repeat; the spec has been checked before
 */
export function zonedBounds(by: Period, text: string, zone: string): PeriodBounds {
  if (by === "hour") throw new Error("Hours have no zone: the spec allowed what it must not");
  const { start, end } = periodBounds(by, text);
  return { start: utcText(startOfDay(start, zone)), end: utcText(startOfDay(end, zone)) };
}

/** Whether a period has no moment in a zone: Samoa had no 30 December 2011. */
export function isSkipped(by: Period, text: string, zone: string): boolean {
  const { start, end } = zonedBounds(by, text, zone);
  return start === end;
}

/**
 * What stands for a placeholder in SQL: as `fillPlaceholder` has it, but `start` and `end` are
 * moments where the partitions have a zone, `2021-01-01 00:00:00+01:00`. A date and a timestamp
 * read their local part from it.
 */
export function fillInSql(
  partitions: { readonly by: Period | "list"; readonly timezone?: string },
  partition: string,
  name: string,
  pattern: string | null,
): string | null {
  const value = fillPlaceholder(partitions.by, partition, name, pattern);
  const { timezone } = partitions;
  if (timezone === undefined || value === null) return value;
  if (pattern !== "start" && pattern !== "end") return value;
  const local = Temporal.PlainDate.from(value).toZonedDateTime("UTC").epochMilliseconds;
  const east = (local - startOfDay(value, timezone).epochMilliseconds) / 1000;
  return `${value} 00:00:00${offsetText(east)}`;
}

/** A moment with the fields of a zone's clock in place of those of UTC. */
export function localClock(now: Date, zone: string): Date {
  const instant = Temporal.Instant.fromEpochMilliseconds(now.getTime());
  const { offsetNanoseconds } = instant.toZonedDateTimeISO(zone);
  return new Date(now.getTime() + offsetNanoseconds / 1e6);
}

function startOfDay(date: string, zone: string): Temporal.Instant {
  return Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant();
}

function utcText(instant: Temporal.Instant): string {
  return `${instant.toString({ smallestUnit: "second" }).replace("T", " ").replace("Z", "")}+00`;
}

function offsetText(east: number): string {
  const seconds = Math.abs(east);
  const two = (value: number) => String(value).padStart(2, "0");
  const text = `${east < 0 ? "-" : "+"}${two(Math.floor(seconds / 3600))}:${
    two(Math.floor(seconds % 3600 / 60))
  }`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}

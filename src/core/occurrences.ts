import { isTimeZone } from "./time_zone.ts";
import { Cron } from "croner";

/** When something happens again and again: a cron expression, read in a time zone. */
export interface Recurrence {
  /** Minute, hour, day of the month, month, day of the week; or `@daily` and its like. */
  readonly cron: string;
  /** IANA name, such as `America/New_York`. */
  readonly timezone: string;
}

/**
 * What is wrong with a recurrence, or null.
 *
 * One that never comes (`0 0 31 2 *`) is wrong too: nobody means it.
 */
export function recurrenceFault({ cron, timezone }: Recurrence): RecurrenceFault | null {
  if (!isTimeZone(timezone)) {
    return {
      key: "timezone",
      message: `"${timezone}" is not a time zone`,
      hint: 'Write an IANA name, such as "Europe/Berlin" or "UTC"',
    };
  }
  if (!cron.startsWith("@") && cron.trim().split(/\s+/).length !== 5) {
    // The package would take a date and time for something that happens once.
    return { key: "cron", message: `"${cron}" does not have five fields`, hint: FIELDS };
  }
  try {
    // Of all moments the first: there are no years in it that would matter.
    if (parse({ cron, timezone }).nextRun(new Date(0)) !== null) return null;
    return {
      key: "cron",
      message: `"${cron}" never occurs`,
      hint: "No month has such a day",
    };
  } catch (error) {
    // "CronPattern: Invalid value for minute: 61"
    const reason = (error as Error).message.replace(/^Cron\w+:\s*/, "");
    return {
      key: "cron",
      message: `"${cron}" is not a cron expression: ${reason}`,
      hint: FIELDS,
    };
  }
}

const FIELDS = 'Write minute, hour, day, month and weekday, such as "0 6 * * MON-FRI"';

/** What is wrong with a {@link Recurrence}, and with which half of it. */
export interface RecurrenceFault {
  readonly key: "cron" | "timezone";
  readonly message: string;
  readonly hint: string;
}

/**
 * The next occurrences after a moment, earliest first; fewer where there are no more.
 *
 * Where the clocks go forward, a time of day that does not exist happens as soon as they have, and
 * repeated ones (`*\/5`) go on; where they go back, a time of day happens once, the first time,
 * while repeated ones go on. The same as Vixie cron does.
 */
export function occurrencesAfter(recurrence: Recurrence, after: Date, count: number): Date[] {
  return parse(recurrence).nextRuns(count, after);
}

/** The latest occurrences up to and including a moment, latest first. */
export function occurrencesUpTo(recurrence: Recurrence, moment: Date, count: number): Date[] {
  // The package leaves the moment itself out.
  return parse(recurrence).previousRuns(count, new Date(moment.getTime() + 1));
}

function parse({ cron, timezone }: Recurrence): Cron {
  // Paused, and without a function: nothing but arithmetic.
  return new Cron(cron, { timezone, paused: true, mode: "5-part", fixedTimeRule: "no-wildcard" });
}

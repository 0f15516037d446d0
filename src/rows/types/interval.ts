import type { Frame } from "../frame.ts";
import { asciiText, putInt32, skipSpace, trimEnd } from "./ascii.ts";
import { writeMicros } from "./calendar.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";

const MALFORMED: Problem = { code: "invalid_interval", expected: "an interval" };
const RANGE: Problem = { code: "out_of_range", expected: "an interval of Postgres" };

/** `interval`: `1 year 2 mons 3 days 04:05:06.7`, `P1Y2M3DT4H5M6.7S`; fractions of seconds only. */
export const interval: TypeEncoder = { name: "interval", compile: () => encodeInterval };

const VERBOSE = new RegExp(
  "^(?:([+-]?\\d{1,9}) +(?:years?|yrs?|y)(?= |$) *)?" +
    "(?:([+-]?\\d{1,9}) +(?:months?|mons?)(?= |$) *)?" +
    "(?:([+-]?\\d{1,9}) +(?:weeks?|w)(?= |$) *)?" +
    "(?:([+-]?\\d{1,9}) +(?:days?|d)(?= |$) *)?" +
    "(?:([+-]?)(\\d{1,9}):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,6}))?)?(?= |$) *|" +
    "(?:([+-]?\\d{1,9}) +(?:hours?|hrs?|h)(?= |$) *)?" +
    "(?:([+-]?\\d{1,9}) +(?:minutes?|mins?)(?= |$) *)?" +
    "(?:([+-]?)(\\d{1,9})(?:\\.(\\d{1,6}))? +(?:seconds?|secs?|s)(?= |$) *)?)" +
    "(ago)?$",
  "i",
);

const ISO = new RegExp(
  "^P(?=.)(?:(-?\\d{1,9})Y)?(?:(-?\\d{1,9})M)?(?:(-?\\d{1,9})W)?(?:(-?\\d{1,9})D)?" +
    "(?:T(?=.)(?:(-?\\d{1,9})H)?(?:(-?\\d{1,9})M)?(?:(-?)(\\d{1,9})(?:\\.(\\d{1,6}))?S)?)?$",
);

// Intervals are rare enough in files to go through a string.
const encodeInterval: Encode = (bytes, start, end, frame) => {
  const first = skipSpace(bytes, start, end);
  const text = asciiText(bytes, first, trimEnd(bytes, first, end));
  if (text === "") return MALFORMED;
  // Postgres takes no blank around this form.
  const iso = ISO.exec(asciiText(bytes, start, end));
  if (iso !== null) {
    const [, years, months, weeks, days, hours, minutes, sign, seconds, fraction] = iso;
    return write(frame, 1, [years, months, weeks, days, hours, minutes, seconds], sign, fraction);
  }
  const found = VERBOSE.exec(text);
  if (found === null || /^ago$/i.test(text)) return MALFORMED;
  const direction = found[15] === undefined ? 1 : -1;
  const [, years, months, weeks, days] = found;
  if (found[6] !== undefined) {
    if (Number(found[7]) > 59 || Number(found[8] ?? 0) > 59) return MALFORMED;
    const clock = found[5] === "-" ? "-" : "";
    const parts = [years, months, weeks, days, clock + found[6], clock + found[7], found[8]];
    return write(frame, direction, parts, clock, found[9]);
  }
  const parts = [years, months, weeks, days, found[10], found[11], found[13]];
  return write(frame, direction, parts, found[12], found[14]);
};

/** Parts: years, months, weeks, days, hours, minutes and the unsigned whole seconds. */
function write(
  frame: Frame,
  direction: number,
  parts: readonly (string | undefined)[],
  secondSign: string | undefined,
  fraction: string | undefined,
): Problem | null {
  const [years, months, weeks, days, hours, minutes, seconds] = parts.map((part) =>
    Number(part ?? 0)
  ) as [number, number, number, number, number, number, number];
  const sign = secondSign === "-" ? -direction : direction;
  const allMonths = direction * (years * 12 + months);
  const allDays = direction * (weeks * 7 + days);
  // Postgres adds up in 32 bits, so no step on the way may overflow either.
  const largest = Math.max(
    Math.abs(allMonths),
    Math.abs(allDays),
    Math.abs(years * 12),
    Math.abs(weeks * 7),
  );
  if (largest > 2147483647) return RANGE;
  const allSeconds = direction * (hours * 3600 + minutes * 60) + sign * seconds;
  const micros = sign * Number((fraction ?? "").padEnd(6, "0"));
  const at = frame.length;
  writeMicros(frame, allSeconds, micros);
  putInt32(frame.bytes, at, 16);
  putInt32(frame.bytes, at + 12, allDays);
  putInt32(frame.bytes, at + 16, allMonths);
  frame.length = at + 20;
  return null;
}

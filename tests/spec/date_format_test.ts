import { expect } from "packages/expect.ts";
import { MONTHS, WEEKDAYS } from "../../src/core/date_format.ts";
import { timeMicros, timeSeconds } from "../../src/rows/types/clock_text.ts";
import { compileFormat, formatDays } from "../../src/rows/types/date_format.ts";
import { formatFault } from "../../src/spec/coherence/date_format.ts";

const SEED = 4711;
const USUAL = [
  "yyyy-MM-dd",
  "MM/dd/yyyy HH:mm",
  "d.M.yy h:mm a",
  "yyyyMMddHHmmss",
  "HH:mm:ss.S",
  "EEE, dd MMM yyyy HH:mm:ss Z",
  "MMMM d, yyyy",
  "dd-MMM-yy",
];
const PIECES = [
  ..."yyyy yy MM M MMM MMMM dd d EEE EEEE HH H hh h mm ss S SSS a Z T - / : 7".split(" "),
  "'at'",
  "'5'",
  "''",
  " ",
];

Deno.test("formatFault accepts only formats that are read as they were written", () => {
  console.log(`seed ${SEED}`);
  let seed = SEED;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    const pieces = Array.from({ length: 1 + random(6) }, () => PIECES[random(PIECES.length)]);
    // Half of them are usual formats with a piece put in, so that many are right.
    const base = USUAL[random(USUAL.length)];
    const at = random(base.length + 1);
    const format = round % 2 === 0
      ? pieces.join(random(2) === 0 ? "" : "-")
      : base.slice(0, at) + (random(3) === 0 ? "" : pieces[0]) + base.slice(at);
    const kind = ["date", "time", "timestamp", "timestamptz"][random(4)];
    if (formatFault(format, kind) !== null) continue;
    accepted++;
    const moment: Moment = {
      year: 1970 + random(100),
      month: 1 + random(12),
      day: 1 + random(28),
      hour: random(24),
      minute: random(60),
      second: random(60),
      fraction: random(10),
    };
    const text = write(format, moment);
    const bytes = new TextEncoder().encode(text);
    const read = compileFormat(format)(bytes, 0, bytes.length);
    expect({ format, text, read }).toEqual({ format, text, read: true });
    const expected = told(format, moment);
    const days = (Date.UTC(expected.year, expected.month - 1, expected.day) -
      Date.UTC(2000, 0, 1)) / 86_400_000;
    expect({ format, text, days: formatDays, timeSeconds, timeMicros }).toEqual({
      format,
      text,
      days,
      timeSeconds: expected.hour * 3600 + expected.minute * 60 + expected.second,
      timeMicros: expected.fraction * 100_000,
    });
  }
  expect(accepted).toBeGreaterThan(1000);
});

type Part = "year" | "month" | "day" | "hour" | "minute" | "second" | "fraction";
type Moment = Record<Part, number>;

/** Letters of a format, quoted texts left out. */
function tokensOf(format: string): string[] {
  return format.replace(/'[^']*'/g, "-").match(/([A-Za-z])\1*/g) ?? [];
}

/** The moment with what the format does not tell left at its start. */
function told(format: string, moment: Moment): Moment {
  const letters = tokensOf(format).map((token) => token[0]);
  const has = (letter: string) => letters.includes(letter);
  return {
    year: has("y") ? moment.year : 2000,
    month: has("M") ? moment.month : 1,
    day: has("d") ? moment.day : 1,
    hour: has("H") || has("h") ? moment.hour : 0,
    minute: has("m") ? moment.minute : 0,
    second: has("s") ? moment.second : 0,
    fraction: has("S") ? moment.fraction : 0,
  };
}

function write(format: string, moment: Moment): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const half = moment.hour % 12 === 0 ? 12 : moment.hour % 12;
  const texts: Readonly<Record<string, string>> = {
    yyyy: String(moment.year),
    yy: two(moment.year % 100),
    MM: two(moment.month),
    M: String(moment.month),
    dd: two(moment.day),
    d: String(moment.day),
    HH: two(moment.hour),
    H: String(moment.hour),
    hh: two(half),
    h: String(half),
    mm: two(moment.minute),
    ss: two(moment.second),
    a: moment.hour < 12 ? "AM" : "PM",
    MMM: MONTHS[moment.month - 1].slice(0, 3),
    MMMM: MONTHS[moment.month - 1].toUpperCase(),
    EEE: weekday(format, moment).slice(0, 3),
    EEEE: weekday(format, moment),
    Z: "-0130",
  };
  return format.replace(/'[^']*'|([A-Za-z])\1*/g, (run) => {
    if (run === "''") return "'";
    if (run.startsWith("'")) return run.slice(1, -1);
    if (run === "T") return run;
    return texts[run] ?? (run.startsWith("S") ? String(moment.fraction) : run);
  });
}

function weekday(format: string, moment: Moment): string {
  const { year, month, day } = told(format, moment);
  return WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()];
}

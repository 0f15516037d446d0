import { MONTHS, WEEKDAYS } from "../core/date_format.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";
import { type Guess, takenBy, type Value } from "./guess.ts";

const MONTH = MONTHS.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`).join("|");
const WEEKDAY = WEEKDAYS.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`).join("|");

/** `05-Jan-2021`, `Jan 5, 2021`, `Tue, 5 January 2021 10:00:00 +0100`. */
const FORM = new RegExp(
  `^(?:(?<weekday>${WEEKDAY})(?<after>,? ))?` +
    `(?:(?<first>\\d{1,2})(?<gap>[ /.-]|\\. )(?<month1>${MONTH})|(?<month2>${MONTH})(?<gap2> )(?<second>\\d{1,2}))` +
    `(?<gap3>[ /.,-]|, )(?<year>\\d{4})` +
    `(?:(?<gap4>:| |, )(?<hour>\\d{1,2}):\\d\\d(?<seconds>:\\d\\d)?(?:(?<blank> ?)(?<half>[AaPp][Mm]))?` +
    `(?:(?<blank2> ?)(?<offset>Z|GMT|UTC|[+-]\\d\\d:?\\d\\d))?)?$`,
  "i",
);

/** Dates with the name of their month, which is a `format`; null where the first value is none. */
export function namedDateGuess(first: Value): Guess | null {
  const base = shapeOf(first.text);
  if (base === null) return null;
  const type: ColumnType = { name: base.type };
  let format = base.format;
  let isTaken = takenBy(type, { format });
  return {
    what: base.type === "date" ? "dates" : "timestamps",
    takes(value) {
      if (isTaken(value)) return true;
      const shape = shapeOf(value.text);
      if (shape === null || shape.type !== base.type) return false;
      // One digit or two, May or its whole name: the looser letters take both.
      const wider = [format, loosened(format, shape.format)].find((each) =>
        takenBy(type, { format: each })(value)
      );
      if (wider === undefined) return false;
      format = wider;
      isTaken = takenBy(type, { format });
      return true;
    },
    settle: () => ({ type: base.type, options: { format } }),
    rank: () => null,
  };
}

interface Shape {
  readonly format: string;
  readonly type: "date" | "timestamp" | "timestamptz";
}

function shapeOf(text: string): Shape | null {
  const found = FORM.exec(text)?.groups;
  if (found === undefined) return null;
  const day = (found["first"] ?? found["second"])!.length === 2 ? "dd" : "d";
  const name = (found["month1"] ?? found["month2"])!;
  const month = name.length > 3 ? "MMMM" : "MMM";
  const date = found["first"] === undefined
    ? `${month}${found["gap2"]}${day}`
    : `${day}${found["gap"]}${month}`;
  const weekday = found["weekday"] === undefined
    ? ""
    : (found["weekday"].length === 3 ? "EEE" : "EEEE") + found["after"];
  const { hour, half, seconds, blank, blank2, offset, gap4 } = found;
  const clock = hour === undefined
    ? ""
    : `${gap4}${(half === undefined ? "H" : "h").repeat(hour.length)}:mm` +
      (seconds === undefined ? "" : ":ss") + (half === undefined ? "" : `${blank}a`) +
      (offset === undefined ? "" : `${blank2}Z`);
  return {
    format: `${weekday}${date}${found["gap3"]}yyyy${clock}`,
    type: hour === undefined ? "date" : offset === undefined ? "timestamp" : "timestamptz",
  };
}

/** The looser of each letter of two formats. */
function loosened(one: string, other: string): string {
  const day = [one, other].every((format) => format.includes("dd")) ? "dd" : "d";
  const hour = /HH|hh/.test(one) && /HH|hh/.test(other);
  // May is both: the other values say which.
  const month = one.includes("MMMM") ? other.includes("MMMM") ? "MMMM" : one : other;
  const letters = /MMMM/.test(month) ? "MMMM" : "MMM";
  return one.replace(/d+/, day).replace(/MMMM?/, letters)
    .replace(/([Hh])\1?/, (run) => hour ? run : run[0]!);
}

import type { ColumnType } from "../spec/pipeline_spec.ts";
import { type Guess, takenBy, type Value } from "./guess.ts";

/** Three numbers, and perhaps a time: `31.1.2021`, `01/31/2021 9:05 PM`, `2021.01.31`. */
const FORM =
  /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:(, | |T)(\d{1,2}):\d\d(:\d\d)?(\.\d{1,6})?( ?)([AaPp][Mm])?)?$/;

const ORDERS = {
  "day first": ["d", "M", "yyyy"],
  "month first": ["M", "d", "yyyy"],
  "year first": ["yyyy", "M", "d"],
} as const;

interface Reading {
  /** Takes one digit or two. */
  readonly pattern: string;
  readonly type: ColumnType;
  readonly order: keyof typeof ORDERS;
  readonly isTaken: (value: Value) => boolean;
}

/** Dates that need a `format`; null where the first value is none. */
export function dateGuess(first: Value): Guess | null {
  const parts = FORM.exec(first.text);
  if (parts === null) return null;
  const [, one, separator, , three, gap, , seconds, fraction, blank, half] = parts;
  // With two digits the century would be guessed.
  if (one.length !== 4 && three.length !== 4) return null;
  const hasTime = gap !== undefined;
  const clock = hasTime
    ? gap.replace("T", "'T'") + (half === undefined ? "H" : "h") + ":mm" +
      (seconds === undefined ? "" : ":ss") + (fraction === undefined ? "" : ".S") +
      (half === undefined ? "" : `${blank}a`)
    : "";
  const orders = Object.keys(ORDERS) as (keyof typeof ORDERS)[];
  let readings = orders.filter((order) =>
    one.length === 4
      ? order === "year first"
      // Nobody writes the month first with dots.
      : order !== "year first" && (separator !== "." || order === "day first")
  ).map((order): Reading => {
    const pattern = ORDERS[order].join(separator) + clock;
    const type: ColumnType = { name: hasTime ? "timestamp" : "date" };
    return { pattern, type, order, isTaken: takenBy(type, { format: pattern }) };
  });
  let isPadded = true;
  let hourIsPadded = true;
  return {
    what: hasTime ? "timestamps" : "dates",
    takes(value) {
      const found = FORM.exec(value.text);
      if (found === null) return false;
      if (found[4].length !== three.length && one.length !== 4) return false;
      const left = readings.filter(({ isTaken }) => isTaken(value));
      // A refused value belongs to another form, and says nothing of this one.
      if (left.length === 0) return false;
      readings = left;
      const [a, b] = one.length === 4 ? [found[3], found[4]] : [found[1], found[3]];
      isPadded &&= a.length === 2 && b.length === 2;
      hourIsPadded &&= (found[6] ?? "00").length === 2;
      return true;
    },
    settle() {
      const [reading, other] = readings.map(({ pattern }) => padded(pattern));
      if (other !== undefined) {
        return { unsure: `it may be \`format: ${reading}\` or \`format: ${other}\`` };
      }
      return { type: readings[0].type.name, options: { format: reading } };
    },
    rank(text) {
      const found = FORM.exec(text);
      if (found === null || readings.length !== 1) return null;
      const [a, b, c] = [found[1], found[3], found[4]].map(Number);
      const [year, month, day] = readings[0].order === "year first"
        ? [a, b, c]
        : readings[0].order === "day first"
        ? [c, b, a]
        : [c, a, b];
      return (year * 12 + month) * 31 + day;
    },
  };

  /** Two digits where all values have two: what has fewer then is a typing error. */
  function padded(pattern: string): string {
    const days = isPadded ? pattern.replace(/\b[dM]\b/g, "$&$&") : pattern;
    return hourIsPadded ? days.replace(/[Hh](?=:mm)/, "$&$&") : days;
  }
}

/** What a piece of a date format stands for. */
export type FormatPart =
  | "year"
  | "month"
  | "day"
  | "weekday"
  | "hour"
  | "minute"
  | "second"
  | "fraction"
  | "half"
  | "offset";

/** A piece of a date format: letters such as `MM`, or a text that stands for itself. */
export type FormatToken =
  | { readonly part: FormatPart; readonly letters: string }
  | { readonly part: "literal"; readonly text: string };

/** The letters of a date format, by what they tell; `S` stands for a run of it. */
export const FORMAT_LETTERS: Readonly<Record<FormatPart, readonly string[]>> = {
  year: ["yyyy", "yy"],
  month: ["MM", "M", "MMM", "MMMM"],
  day: ["dd", "d"],
  weekday: ["EEE", "EEEE"],
  hour: ["HH", "H", "hh", "h"],
  minute: ["mm"],
  second: ["ss"],
  fraction: ["S"],
  half: ["a"],
  offset: ["Z"],
};

/** Formats that count from 1970-01-01 UTC, with the places that a second has in their unit. */
export const EPOCHS: Readonly<Record<string, number>> = {
  epoch: 0,
  epoch_ms: 3,
  epoch_us: 6,
  epoch_ns: 9,
};

/** English names; each is also known by its first three letters. */
export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
] as const;

/** English names from Sunday on. */
export const WEEKDAYS = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;

/** The most ways in which the optional parts of one column's formats can be left out. */
export const MOST_WAYS = 64;

/**
 * The ways to write a date that a format has, the fullest first: one, and more with optional parts
 * in brackets, as in `HH:mm[:ss]`.
 *
 * Returns the fault of a text that is no format; whether a way gives exactly one date is not asked.
 */
export function formatWays(format: string): readonly (readonly FormatToken[])[] | string {
  const stack: FormatToken[][][] = [[[]]];
  for (const [run] of format.matchAll(/'[^']*'|([A-Za-z])\1*|[[\]]|[^A-Za-z'[\]]+|'/g)) {
    const ways = stack.at(-1)!;
    if (run === "'") return `A quote in "${format}" is not closed`;
    if (run === "[") {
      stack.push([[]]);
      continue;
    }
    if (run === "]") {
      if (stack.length === 1) return `A bracket in "${format}" is not opened`;
      stack.pop();
      const before = stack.pop()!;
      const both = before.flatMap((way) => ways.map((option) => [...way, ...option]));
      if (both.length + before.length > MOST_WAYS) return tooMany(format);
      stack.push([...both, ...before]);
      continue;
    }
    const token = tokenOf(run);
    if (token === null) return `"${run}" in "${format}" is not a part of a date or time`;
    for (const way of ways) way.push(token);
  }
  return stack.length > 1 ? `A bracket in "${format}" is not closed` : stack[0];
}

function tooMany(format: string): string {
  return `"${format}" has too many optional parts: they make more than ${MOST_WAYS} ways to write it`;
}

function tokenOf(run: string): FormatToken | null {
  if (run === "''") return { part: "literal", text: "'" };
  // A `T` stands for itself, as in ISO 8601.
  if (run === "T" || !/^[A-Za-z]/.test(run)) return { part: "literal", text: unquoted(run) };
  const letters = /^S+$/.test(run) ? "S" : run;
  for (const [part, known] of Object.entries(FORMAT_LETTERS)) {
    if (known.includes(letters)) return { part: part as FormatPart, letters: run };
  }
  return null;
}

function unquoted(run: string): string {
  return run.startsWith("'") ? run.slice(1, -1) : run;
}

/** The formats of a column, as a list. */
export function formatList(format: string | readonly string[]): readonly string[] {
  return typeof format === "string" ? [format] : format;
}

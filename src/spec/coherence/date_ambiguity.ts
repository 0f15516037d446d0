import {
  EPOCHS,
  type FormatPart,
  type FormatToken,
  formatWays,
  MONTHS,
  WEEKDAYS,
} from "../../core/date_format.ts";

/** Two formats of a column, and a text that says something else in each. */
export interface Ambiguity {
  readonly one: string;
  readonly other: string;
  readonly text: string;
}

/**
 * Two of the formats that read the same text as different dates or times; null where none do.
 *
 * Texts of each format are tried on each other: days of months that can be taken for each other,
 * years that can be taken for days, and all ways to leave out optional parts.
 */
export function ambiguityOf(formats: readonly string[]): Ambiguity | null {
  // Columns of a file are mostly written alike.
  const key = JSON.stringify(formats);
  let found = FOUND.get(key);
  if (found === undefined) {
    found = findAmbiguity(formats);
    if (FOUND.size >= MOST_FOUND) FOUND.clear();
    FOUND.set(key, found);
  }
  return found;
}

const FOUND = new Map<string, Ambiguity | null>();
const MOST_FOUND = 1000;

function findAmbiguity(formats: readonly string[]): Ambiguity | null {
  const forms = formats.flatMap((format): Form[] => {
    if (Object.hasOwn(EPOCHS, format)) return [{ format, way: null, pattern: NUMBER }];
    const ways = formatWays(format);
    return typeof ways === "string"
      ? []
      : ways.map((way) => ({ format, way, pattern: patternOf(way) }));
  });
  for (const one of forms) {
    const others = forms.filter((other) => other !== one);
    if (others.length === 0) continue;
    for (const moment of MOMENTS) {
      const text = one.way === null ? "20120304" : write(one.way, moment);
      const said = reading(one, text);
      if (said === null) continue;
      for (const other of others) {
        const heard = reading(other, text);
        if (heard !== null && heard !== said) {
          return { one: one.format, other: other.format, text };
        }
      }
      if (one.way === null) break;
    }
  }
  return null;
}

interface Form {
  readonly format: string;
  /** Null: a count since 1970. */
  readonly way: readonly FormatToken[] | null;
  readonly pattern: RegExp;
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** What a form makes of a text, for comparing; null where it is none of its texts. */
function reading({ format, way, pattern }: Form, text: string): string | null {
  const found = pattern.exec(text);
  if (found === null) return null;
  if (way === null) return `${format} ${text}`;
  const told = found.groups ?? {};
  const year = told["year"]?.length === 2
    ? (Number(told["year"]) < 70 ? 2000 : 1900) + Number(told["year"])
    : Number(told["year"] ?? 2000);
  const name = told["month"]?.slice(0, 3).toLowerCase() ?? "";
  const named = MONTHS.findIndex((month) => month.startsWith(name));
  const month = /^[a-z]/.test(name) ? named + 1 : Number(told["month"] ?? 1);
  const day = Number(told["day"] ?? 1);
  const half = /^p/i.test(told["half"] ?? "") ? 12 : 0;
  const hour = told["half"] === undefined
    ? Number(told["hour"] ?? 0)
    : Number(told["hour"]) % 12 + half;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (month < 1 || month > 12 || date.getUTCDate() !== day || hour > 24) return null;
  if (told["weekday"] !== undefined) {
    const weekday = WEEKDAYS[date.getUTCDay()];
    if (!weekday.startsWith(told["weekday"].toLowerCase())) return null;
  }
  const [minute, second] = [told["minute"], told["second"]].map((digits) => Number(digits ?? 0));
  if (minute > 59 || second > 60) return null;
  const fraction = Number(`0.${told["fraction"] ?? 0}`);
  return [year, month, day, hour, minute, second, fraction, told["offset"] ?? ""].join(" ");
}

const DIGITS: Readonly<Record<string, string>> = {
  yyyy: "\\d{4}",
  M: "\\d{1,2}",
  d: "\\d{1,2}",
  H: "\\d{1,2}",
  h: "\\d{1,2}",
};

const NAMES: Readonly<Record<string, string>> = {
  MMM: namesOf(MONTHS.map((name) => name.slice(0, 3))),
  MMMM: namesOf(MONTHS),
  EEE: namesOf(WEEKDAYS.map((name) => name.slice(0, 3))),
  EEEE: namesOf(WEEKDAYS),
  a: "(?:am|pm)",
  Z: "[+-]\\d{4}",
};

function namesOf(names: readonly string[]): string {
  return `(?:${names.join("|")})`;
}

function patternOf(way: readonly FormatToken[]): RegExp {
  const source = way.map((token) =>
    token.part === "literal"
      ? token.text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
      : `(?<${token.part}>${
        token.part === "fraction"
          ? "\\d{1,9}"
          : NAMES[token.letters] ?? DIGITS[token.letters] ?? "\\d\\d"
      })`
  ).join("");
  return new RegExp(`^${source}$`, "i");
}

type Moment = Readonly<Record<Exclude<FormatPart, "weekday" | "half">, number>>;

/** Parts that can be taken for one another. */
const MOMENTS: readonly Moment[] = [2021, 2012, 2001, 1910, 1012].flatMap((year) =>
  [1, 2, 5, 10, 11, 12].flatMap((month) =>
    [1, 2, 3, 10, 12, 13, 20, 28].flatMap((day) =>
      [[1, 2, 3], [12, 10, 11], [20, 21, 22]].map(([hour, minute, second]) => ({
        ...{ year, month, day, hour, minute, second },
        fraction: 4,
        offset: 2,
      }))
    )
  )
);

function write(way: readonly FormatToken[], moment: Moment): string {
  return way.map((token) => {
    if (token.part === "literal") return token.text;
    const { part, letters } = token;
    if (part === "half") return moment.hour < 12 ? "AM" : "PM";
    if (part === "offset") return "+0200";
    if (part === "weekday") {
      const date = new Date(Date.UTC(moment.year, moment.month - 1, moment.day));
      return WEEKDAYS[date.getUTCDay()].slice(0, letters === "EEE" ? 3 : 9);
    }
    if (part === "month" && letters.length > 2) {
      return MONTHS[moment.month - 1].slice(0, letters === "MMM" ? 3 : 9);
    }
    const value = letters.startsWith("h")
      ? (moment.hour + 11) % 12 + 1
      : letters === "yy"
      ? moment.year % 100
      : moment[part];
    return String(value).padStart(part === "fraction" ? 1 : letters.length, "0");
  }).join("");
}

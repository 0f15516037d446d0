import { SluiceError } from "./error.ts";

/** A unit of time that partitions a table; all arithmetic is in UTC. */
export type Period = "year" | "quarter" | "month" | "week" | "day" | "hour";

/** A range of partitions as a pipeline file gives it. */
export interface PartitionRange {
  readonly by: Period | "list";
  /** First and last, inclusive; `current` and `current-N` still unresolved. Null for a list. */
  readonly from: string | null;
  readonly to: string | null;
  /** The values of a list. */
  readonly values: readonly string[];
}

/** First and last moment of a period as Postgres reads them; the end is exclusive. */
export interface PeriodBounds {
  readonly start: string;
  readonly end: string;
}

/** A `{name}` or `{name:pattern}` in a template. */
export interface Placeholder {
  readonly text: string;
  readonly name: string;
  readonly pattern: string | null;
  /** UTF-16 units from the start of the template. */
  readonly offset: number;
}

/** How each period is written, for messages. */
export const PERIOD_EXAMPLES: Readonly<Record<Period, string>> = {
  year: "2021",
  quarter: "2021-Q1",
  month: "2021-01",
  week: "2021-W05",
  day: "2021-01-31",
  hour: "2021-01-31T05",
};

const FORMS: Readonly<Record<Period, RegExp>> = {
  year: /^(\d{4})$/,
  quarter: /^(\d{4})-Q([1-4])$/,
  month: /^(\d{4})-(\d\d)$/,
  week: /^(\d{4})-W(\d\d)$/,
  day: /^(\d{4})-(\d\d)-(\d\d)$/,
  hour: /^(\d{4})-(\d\d)-(\d\d)T(\d\d)$/,
};

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Days from Monday 1969-12-29, the start of a week, to 1970-01-01. */
const EPOCH_WEEKDAY = 3;

/** Start of the period that a text names; null where it is not written right or does not exist. */
export function parsePartition(by: Period | "list", text: string): Date | null {
  if (by === "list") return null;
  const match = FORMS[by].exec(text);
  if (match === null) return null;
  const [year, a = 1, b = 1, c = 0] = match.slice(1).map(Number);
  if (year === 0) return null;
  const date = by === "week"
    ? startOf("week", ordinal("week", utc(year, 0, 4)) + a - 1)
    : by === "quarter"
    ? utc(year, (a - 1) * 3)
    : utc(year, a - 1, b, c);
  // A day that does not exist has rolled over to another one.
  return formatPartition(by, date) === text ? date : null;
}

/** The name of the period that a moment lies in. */
export function formatPartition(by: Period, date: Date): string {
  // The one there are many of.
  if (by === "day") return isoDate(date);
  const year = digits(date.getUTCFullYear(), 4);
  const month = digits(date.getUTCMonth() + 1, 2);
  switch (by) {
    case "year":
      return year;
    case "quarter":
      return `${year}-Q${Math.floor(date.getUTCMonth() / 3) + 1}`;
    case "month":
      return `${year}-${month}`;
    case "week": {
      const { weekYear, week } = isoWeek(date);
      return `${digits(weekYear, 4)}-W${digits(week, 2)}`;
    }
    case "hour":
      return `${isoDate(date)}T${digits(date.getUTCHours(), 2)}`;
  }
}

/** Start of the period that `from` or `to` names, `current` and `current-N` included. */
export function resolveBound(by: Period, text: string, now: Date): Date | null {
  const current = /^current(?:-(\d{1,6}))?$/.exec(text);
  if (current === null) return parsePartition(by, text);
  const start = startOf(by, ordinal(by, now) - Number(current[1] ?? 0));
  // Before the year 1 there is nothing to write.
  return parsePartition(by, formatPartition(by, start));
}

/** How many partitions lie between two starts, both inclusive; below 1 where there is none. */
export function countPeriods(by: Period, from: Date, to: Date): number {
  return ordinal(by, to) - ordinal(by, from) + 1;
}

/** More than anyone means; keeps a slip of the pen from planning for hours. */
export const MAX_PARTITIONS = 100_000;

/**
 * Every partition from first to last, in order; a list's values as they are.
 *
 * @throws SluiceError where there are more than {@link MAX_PARTITIONS}
 */
export function expandPartitions(spec: PartitionRange, now: Date): string[] {
  const partitions = firstPartitions(spec, now, MAX_PARTITIONS + 1);
  if (partitions.length <= MAX_PARTITIONS) return partitions;
  throw new SluiceError(
    "plan/too_many_partitions",
    `There are more than ${MAX_PARTITIONS} partitions from "${spec.from}" to "${spec.to}"`,
    { hint: "Load a shorter range, or choose a longer period for partitions.by" },
  );
}

/** The partitions of a range, but no more than `most` of them. */
export function firstPartitions(spec: PartitionRange, now: Date, most: number): string[] {
  const { by } = spec;
  if (by === "list") return spec.values.slice(0, most);
  const from = spec.from === null ? null : resolveBound(by, spec.from, now);
  const to = spec.to === null ? null : resolveBound(by, spec.to, now);
  if (from === null || to === null) return [];
  const first = ordinal(by, from);
  return Array.from(
    { length: Math.max(0, Math.min(countPeriods(by, from, to), most)) },
    (_, at) => formatPartition(by, startOf(by, first + at)),
  );
}

/**
 * Where a partition starts and where the next one does: dates, or timestamps for hours.
 *
 * @throws Error where the text is not such a period; the spec has been checked before
 */
export function periodBounds(by: Period, text: string): PeriodBounds {
  const start = parsePartition(by, text);
  if (start === null) throw new Error(`"${text}" is not a valid ${by}`);
  const write = by === "hour" ? isoTimestamp : isoDate;
  return { start: write(start), end: write(startOf(by, ordinal(by, start) + 1)) };
}

/** The placeholders of a template; `${NAME}` is a secret and none of them. */
export function placeholdersOf(template: string): Placeholder[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => ({
    text: match[0],
    name: match[1],
    pattern: match[2] ?? null,
    offset: match.index,
  }));
}

/** Replaces the placeholders that a partition can fill; the others stay as they are. */
export function fillTemplate(template: string, by: Period | "list", partition: string): string {
  return fillWith(template, (name, pattern) => fillPlaceholder(by, partition, name, pattern));
}

/** Replaces the placeholders of a template; those for which `fill` returns null stay. */
export function fillWith(
  template: string,
  fill: (name: string, pattern: string | null) => string | null,
): string {
  return template.replace(
    PLACEHOLDER,
    (whole, name: string, pattern?: string) => fill(name, pattern ?? null) ?? whole,
  );
}

/** What stands for one placeholder; null where this kind of partition has no such value. */
export function fillPlaceholder(
  by: Period | "list",
  partition: string,
  name: string,
  pattern: string | null,
): string | null {
  if (pattern === null && (name === "partition" || name === by)) return partition;
  if (by === "list") return null;
  const period = name === "partition" ? by : name;
  if (!isPeriod(period) || (period !== by && !COARSER[by].includes(period))) return null;
  const date = parsePartition(by, partition);
  if (date === null) return null;
  const text = formatPartition(period, date);
  if (pattern === null) return text;
  const bounds = periodBounds(period, text);
  if (pattern === "start" || pattern === "end") return bounds[pattern];
  return fillPattern(parsePartition(period, text)!, period, pattern);
}

/** Whether a name is one of the periods. */
export function isPeriod(name: string): name is Period {
  return Object.hasOwn(FORMS, name);
}

/** Whatever stands in braces: what is no name is told as an unknown one, not left in a URL. */
const PLACEHOLDER = /(?<!\$)\{([^{}:]*)(?::([^{}]*))?\}/g;

/** Periods that hold the whole of each period of a kind: a week may belong to two months. */
const COARSER: Readonly<Record<Period, readonly Period[]>> = {
  year: [],
  quarter: ["year"],
  month: ["year", "quarter"],
  week: [],
  day: ["year", "quarter", "month", "week"],
  hour: ["year", "quarter", "month", "week", "day"],
};

/** Pattern tokens that each period decides; a week's are those of its Monday. */
const TOKENS: Readonly<Record<Period, readonly string[]>> = {
  year: ["yyyy", "yy"],
  quarter: ["yyyy", "yy", "MM", "M", "Q"],
  month: ["yyyy", "yy", "MM", "M", "Q"],
  week: ["yyyy", "yy", "MM", "M", "dd", "d", "kkkk", "WW", "W"],
  day: ["yyyy", "yy", "MM", "M", "dd", "d", "Q"],
  hour: ["yyyy", "yy", "MM", "M", "dd", "d", "HH", "H", "Q"],
};

function fillPattern(date: Date, period: Period, pattern: string): string | null {
  if (!/[A-Za-z]/.test(pattern)) return null;
  let known = true;
  const filled = pattern.replace(/([A-Za-z])\1*/g, (token) => {
    if (TOKENS[period].includes(token)) return fillToken(date, token);
    known = false;
    return token;
  });
  return known ? filled : null;
}

function fillToken(date: Date, token: string): string {
  if (token === "yy") return digits(date.getUTCFullYear() % 100, 2);
  const values: Readonly<Record<string, number>> = {
    y: date.getUTCFullYear(),
    M: date.getUTCMonth() + 1,
    d: date.getUTCDate(),
    H: date.getUTCHours(),
    Q: Math.floor(date.getUTCMonth() / 3) + 1,
    k: isoWeek(date).weekYear,
    W: isoWeek(date).week,
  };
  return digits(values[token[0]], token.length);
}

/** Counts periods from the epoch, so that neighbours differ by one. */
function ordinal(by: Period, date: Date): number {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const days = Math.floor(date.getTime() / DAY);
  switch (by) {
    case "year":
      return year;
    case "quarter":
      return year * 4 + Math.floor(month / 3);
    case "month":
      return year * 12 + month;
    case "week":
      return Math.floor((days + EPOCH_WEEKDAY) / 7);
    case "day":
      return days;
    case "hour":
      return Math.floor(date.getTime() / HOUR);
  }
}

function startOf(by: Period, ordinal: number): Date {
  switch (by) {
    case "year":
      return utc(ordinal, 0);
    case "quarter":
      return utc(0, ordinal * 3);
    case "month":
      return utc(0, ordinal);
    case "week":
      return new Date((ordinal * 7 - EPOCH_WEEKDAY) * DAY);
    case "day":
      return new Date(ordinal * DAY);
    case "hour":
      return new Date(ordinal * HOUR);
  }
}

/** The ISO week: it belongs to the year that its Thursday lies in. */
function isoWeek(date: Date): { readonly weekYear: number; readonly week: number } {
  const { yearOfWeek, weekOfYear } = new Temporal.PlainDate(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
  );
  return { weekYear: yearOfWeek!, week: weekOfYear! };
}

/** `Date.UTC` would take the year 21 for 1921. */
function utc(year: number, month: number, day = 1, hour = 0): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour);
  return date;
}

function isoDate(date: Date): string {
  const year = date.getUTCFullYear();
  if (year >= 0 && year <= 9999) return date.toISOString().slice(0, "2024-02-29".length);
  return [
    digits(date.getUTCFullYear(), 4),
    digits(date.getUTCMonth() + 1, 2),
    digits(date.getUTCDate(), 2),
  ].join("-");
}

function isoTimestamp(date: Date): string {
  return `${isoDate(date)} ${digits(date.getUTCHours(), 2)}:00:00`;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

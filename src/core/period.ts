/** A unit of time that partitions a table. All arithmetic is in UTC. */
export type PeriodName = "year" | "quarter" | "month" | "week" | "day" | "hour";

/** A range of partitions as a pipeline file gives it. */
export interface PartitionRange {
  readonly by: PeriodName | "list";
  readonly from: string | null;
  readonly to: string | null;
  readonly values: readonly string[];
}

/** More partitions than this in one range are a mistake. */
export const MAX_PARTITIONS = 100_000;

const FORMS: Readonly<Record<PeriodName, RegExp>> = {
  year: /^(\d{4})$/,
  quarter: /^(\d{4})-Q([1-4])$/,
  month: /^(\d{4})-(\d{2})$/,
  week: /^(\d{4})-W(\d{2})$/,
  day: /^(\d{4})-(\d{2})-(\d{2})$/,
  hour: /^(\d{4})-(\d{2})-(\d{2})T(\d{2})$/,
};

/** How each period is written, for messages. */
export const PERIOD_EXAMPLES: Readonly<Record<PeriodName, string>> = {
  year: "2021",
  quarter: "2021-Q1",
  month: "2021-01",
  week: "2021-W05",
  day: "2021-01-31",
  hour: "2021-01-31T05",
};

/**
 * The first moment of a partition, or null where the text is not one.
 *
 * @example parsePartition("month", "2021-02") // 2021-02-01T00:00:00Z
 */
export function parsePartition(by: PeriodName, text: string): Date | null {
  const match = FORMS[by].exec(text);
  if (match === null) return null;
  const [year, second = 1, third = 1, hour = 0] = match.slice(1).map(Number);
  if (year < 1) return null;
  const start = by === "quarter"
    ? utc(year, (second - 1) * 3 + 1, 1)
    : by === "week"
    ? weekStart(year, second)
    : utc(year, second, third, hour);
  // The 31st of February is another day: what comes back as another text was none.
  return formatPartition(by, start) === text ? start : null;
}

/** A moment's partition, as {@link parsePartition} reads it. */
export function formatPartition(by: PeriodName, moment: Date): string {
  const [year, month, day] = [
    pad(moment.getUTCFullYear(), 4),
    pad(moment.getUTCMonth() + 1, 2),
    pad(moment.getUTCDate(), 2),
  ];
  switch (by) {
    case "year":
      return year;
    case "quarter":
      return `${year}-Q${Math.floor(moment.getUTCMonth() / 3) + 1}`;
    case "month":
      return `${year}-${month}`;
    case "week":
      return isoWeek(moment);
    case "day":
      return `${year}-${month}-${day}`;
    case "hour":
      return `${year}-${month}-${day}T${pad(moment.getUTCHours(), 2)}`;
  }
}

/** The partition that lies `count` periods after another one's start. */
export function shift(by: PeriodName, start: Date, count: number): Date {
  const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth() + 1, start.getUTCDate()];
  switch (by) {
    case "year":
      return utc(year + count, 1, 1);
    case "quarter":
      return utc(year, month + 3 * count, 1);
    case "month":
      return utc(year, month + count, 1);
    case "week":
      return utc(year, month, day + 7 * count);
    case "day":
      return utc(year, month, day + count);
    case "hour":
      return utc(year, month, day, start.getUTCHours() + count);
  }
}

/** The first moment of a bound: a partition, `current` or `current-N`; null where it is neither. */
export function parseBound(by: PeriodName, text: string, now: Date): Date | null {
  const match = /^current(?:-(\d{1,6}))?$/.exec(text);
  if (match === null) return parsePartition(by, text);
  const current = parsePartition(by, formatPartition(by, now))!;
  return shift(by, current, -Number(match[1] ?? 0));
}

/**
 * Every partition from the first to the last one, inclusive; none where they are the wrong way round.
 *
 * @throws RangeError for more than {@link MAX_PARTITIONS}, or a bound that is not written right
 */
export function expandPartitions(range: PartitionRange, now: Date): string[] {
  if (range.by === "list") return [...range.values];
  const start = parseBound(range.by, range.from ?? "", now);
  const end = parseBound(range.by, range.to ?? range.from ?? "", now);
  if (start === null || end === null) {
    throw new RangeError(`"${range.from}" to "${range.to}" is no range of ${range.by}s`);
  }
  const partitions: string[] = [];
  for (let at = start; at.getTime() <= end.getTime(); at = shift(range.by, at, 1)) {
    if (partitions.length === MAX_PARTITIONS) {
      throw new RangeError(`More than ${MAX_PARTITIONS} partitions from "${range.from}"`);
    }
    partitions.push(formatPartition(range.by, at));
  }
  return partitions;
}

/**
 * First moment of a partition and of the next one, as Postgres reads them: dates, for hours
 * timestamps.
 */
export function periodBounds(by: PeriodName, partition: string): { start: string; end: string } {
  const start = parsePartition(by, partition);
  if (start === null) throw new RangeError(`"${partition}" is no ${by}`);
  return { start: sqlMoment(by, start), end: sqlMoment(by, shift(by, start, 1)) };
}

/**
 * Names that a `{…}` placeholder may have for partitions of a kind: its own, `partition`, and
 * coarser ones.
 */
export function placeholderNames(by: PeriodName | "list"): readonly string[] {
  return by === "list" ? ["partition"] : PLACEHOLDERS[by];
}

const PLACEHOLDERS: Readonly<Record<PeriodName, readonly string[]>> = {
  year: ["partition", "year"],
  quarter: ["partition", "quarter", "year"],
  month: ["partition", "month", "quarter", "year"],
  week: ["partition", "week", "year"],
  day: ["partition", "day", "month", "quarter", "year", "week"],
  hour: ["partition", "hour", "day", "month", "quarter", "year", "week"],
};

/** What may follow the colon of a placeholder. */
export const PLACEHOLDER_FORMAT = /^(start|end|(yyyy|yy|MM|M|dd|d|HH|H|[-_/.])+)$/;

const PLACEHOLDER = /(?<!\$)\{([a-z_]\w*)(?::([^{}]*))?\}/gi;

/**
 * Puts a partition into the placeholders of a template: `{month}`, `{month:yyyy}`, `{partition}`.
 *
 * `${NAME}` is a secret and is left alone.
 */
export function fillTemplate(template: string, by: PeriodName | "list", partition: string): string {
  return template.replace(PLACEHOLDER, (whole, name: string, format: string | undefined) => {
    if (!placeholderNames(by).includes(name)) return whole;
    if (by === "list") return format === undefined ? partition : whole;
    const start = parsePartition(by, partition);
    if (start === null) return whole;
    if (format === "start" || format === "end") {
      const unit = name === "partition" ? by : name as PeriodName;
      return periodBounds(unit, formatPartition(unit, start))[format];
    }
    if (format !== undefined) return formatMoment(start, format);
    return name === "partition" ? partition : formatPartition(name as PeriodName, start);
  });
}

/** Each `{name}` or `{name:format}` of a template, secrets left out. */
export function placeholders(
  template: string,
): readonly { readonly name: string; readonly format: string | null; readonly index: number }[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => ({
    name: match[1],
    format: match[2] ?? null,
    index: match.index,
  }));
}

function formatMoment(moment: Date, format: string): string {
  return format.replace(/yyyy|yy|MM|M|dd|d|HH|H/g, (token) => {
    const year = pad(moment.getUTCFullYear(), 4);
    switch (token) {
      case "yyyy":
        return year;
      case "yy":
        return year.slice(2);
      case "MM":
        return pad(moment.getUTCMonth() + 1, 2);
      case "M":
        return String(moment.getUTCMonth() + 1);
      case "dd":
        return pad(moment.getUTCDate(), 2);
      case "d":
        return String(moment.getUTCDate());
      case "HH":
        return pad(moment.getUTCHours(), 2);
      default:
        return String(moment.getUTCHours());
    }
  });
}

function sqlMoment(by: PeriodName, moment: Date): string {
  const day = formatPartition("day", moment);
  return by === "hour" ? `${day} ${pad(moment.getUTCHours(), 2)}:00:00` : day;
}

/** ISO 8601: week 1 holds the year's first Thursday. */
function weekStart(year: number, week: number): Date {
  const fourth = utc(year, 1, 4);
  const weekday = (fourth.getUTCDay() + 6) % 7;
  return utc(year, 1, 4 - weekday + 7 * (week - 1));
}

function isoWeek(moment: Date): string {
  const [year, month, day] = [
    moment.getUTCFullYear(),
    moment.getUTCMonth() + 1,
    moment.getUTCDate(),
  ];
  const thursday = utc(year, month, day - (moment.getUTCDay() + 6) % 7 + 3);
  const isoYear = thursday.getUTCFullYear();
  const days = (thursday.getTime() - weekStart(isoYear, 1).getTime()) / 86_400_000;
  return `${pad(isoYear, 4)}-W${pad(Math.floor(days / 7) + 1, 2)}`;
}

/** Not `Date.UTC`: it takes the years 0 to 99 for 1900 to 1999. */
function utc(year: number, month: number, day: number, hour = 0): Date {
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  moment.setUTCHours(hour);
  return moment;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

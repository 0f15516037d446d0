import { formatList } from "../../core/date_format.ts";
import type { Frame } from "../frame.ts";
import { isSpace, isWord, putInt32, skipSpace, trimEnd } from "./ascii.ts";
import { daysFromCivil, writeInfinity, writeTimestamp } from "./calendar.ts";
import {
  readTime,
  timeEnd,
  timeIsCompact,
  timeMicros,
  timeSeconds,
  twoDigits,
} from "./clock_text.ts";
import { compileFormat, formatDays, formatOffset } from "./date_format.ts";
import { beforeEra, dateDays, dateEnd, eraIsBc, readDate } from "./date_text.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { offsetEnd, readOffset } from "./offset_text.ts";
import { type LocalOffset, localOffset } from "./time_zone.ts";

const EPOCH_DAYS = daysFromCivil(1970, 1, 1);

/** `date`: ISO dates, ` BC`, `infinity`, `epoch`; or the column's format. */
export const date: TypeEncoder = {
  name: "date",
  compile(_type, { format }) {
    if (format === undefined) return encodeDate;
    const problem: Problem = { code: "invalid_date", expected: written("date", format) };
    const read = compileFormat(format);
    return (bytes, start, end, frame) => {
      if (!read(bytes, start, end)) return problem;
      return writeDate(frame, formatDays);
    };
  },
};

/** `time`: `HH:MM[:SS[.fraction]]` or `HHMMSS`; or the column's format. */
export const time: TypeEncoder = {
  name: "time",
  compile(_type, { format }) {
    const expected = format === undefined
      ? "a time such as 23:59:59 (other forms need the column's `format`)"
      : written("time", format);
    const problem: Problem = { code: "invalid_time", expected };
    const read = format === undefined ? null : compileFormat(format);
    return (bytes, start, end, frame) => {
      if (read !== null) {
        if (!read(bytes, start, end)) return problem;
      } else {
        start = skipSpace(bytes, start, end);
        end = trimEnd(bytes, start, end);
        if (!readTime(bytes, start, end) || timeEnd !== end) return problem;
      }
      writeTimestamp(frame, timeSeconds, timeMicros);
      return null;
    };
  },
};

/** `timestamp`: ISO date, then optionally a time; no offset; or the column's format. */
export const timestamp: TypeEncoder = {
  name: "timestamp",
  compile: (_type, { format }) => timestampEncoder("timestamp", format, null),
};

/** `timestamptz`: as `timestamp`, with an offset, or in the column's zone (UTC where it has none). */
export const timestamptz: TypeEncoder = {
  name: "timestamptz",
  compile: (_type, { format, timezone }) =>
    timestampEncoder("timestamptz", format, localOffset(timezone ?? "UTC")),
};

function written(type: string, format: string | readonly string[]): string {
  return `a ${type} written as ${formatList(format).join(" or ")}`;
}

const NO_DATE: Problem = {
  code: "invalid_date",
  expected: "a date such as 2021-12-31 (other forms need the column's `format`)",
};
const DATE_AND_TIME: Problem = {
  code: "invalid_date",
  expected: "a date: it holds a time too; load it as timestamp",
};

const encodeDate: Encode = (bytes, start, end, frame) => {
  if (end > start && (isSpace(bytes[start]!) || isSpace(bytes[end - 1]!))) {
    start = skipSpace(bytes, start, end);
    end = trimEnd(bytes, start, end);
  }
  const era = beforeEra(bytes, start, end);
  if (readDate(bytes, start, era, eraIsBc)) {
    if (dateEnd === era) return writeDate(frame, dateDays);
    return isTime(bytes, dateEnd + 1, era) ? DATE_AND_TIME : NO_DATE;
  }
  if (isWord(bytes, start, end, "infinity")) return writeDate(frame, 0x7fffffff);
  if (isWord(bytes, start, end, "-infinity")) return writeDate(frame, -0x80000000);
  if (isWord(bytes, start, end, "epoch")) return writeDate(frame, EPOCH_DAYS);
  return NO_DATE;
};

function isTime(bytes: Uint8Array, start: number, end: number): boolean {
  return start < end && readTime(bytes, start, end);
}

function writeDate(frame: Frame, days: number): null {
  const at = frame.length;
  putInt32(frame.bytes, at, 4);
  putInt32(frame.bytes, at + 4, days);
  frame.length = at + 8;
  return null;
}

/** A null `zone` is a timestamp without one. */
function timestampEncoder(
  type: string,
  format: string | readonly string[] | undefined,
  zone: LocalOffset | null,
): Encode {
  const code = `invalid_${type}`;
  const range: Problem = {
    code: "out_of_range",
    expected: `a ${type} (4714-11-24 BC to the year 294276)`,
  };
  if (format !== undefined) {
    const problem: Problem = { code, expected: written(type, format) };
    const read = compileFormat(format);
    return (bytes, start, end, frame) => {
      if (!read(bytes, start, end)) return problem;
      const local = formatDays * 86400 + timeSeconds;
      const east = zone === null ? 0 : formatOffset === formatOffset ? formatOffset : zone(local);
      return writeTimestamp(frame, local - east, timeMicros) ? null : range;
    };
  }
  const problem: Problem = {
    code,
    expected: `a ${type} such as 2021-12-31 23:59:59 (other forms need the column's \`format\`)`,
  };
  const zoned: Problem = {
    code,
    expected: "a timestamp: it has an offset; load it as timestamptz",
  };
  return (bytes, start, end, frame) => {
    // Hot loop: `YYYY-MM-DD HH:MM:SS` first, by its fixed places.
    if (
      end - start === 19 && bytes[start + 13] === 58 && bytes[start + 16] === 58 &&
      (bytes[start + 10] === 32 || bytes[start + 10] === 84)
    ) {
      const hour = twoDigits(bytes, start + 11);
      const minute = twoDigits(bytes, start + 14);
      const second = twoDigits(bytes, start + 17);
      if (
        hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 &&
        readDate(bytes, start, start + 10, false) && dateEnd === start + 10
      ) {
        const local = dateDays * 86400 + hour * 3600 + minute * 60 + second;
        return writeTimestamp(frame, zone === null ? local : local - zone(local), 0) ? null : range;
      }
    }
    start = skipSpace(bytes, start, end);
    end = trimEnd(bytes, start, end);
    if (isWord(bytes, start, end, "infinity")) return writeInfinity(frame, false);
    if (isWord(bytes, start, end, "-infinity")) return writeInfinity(frame, true);
    if (isWord(bytes, start, end, "epoch")) {
      writeTimestamp(frame, EPOCH_DAYS * 86400, 0);
      return null;
    }
    const era = beforeEra(bytes, start, end);
    if (!readDate(bytes, start, era, eraIsBc)) return problem;
    const days = dateDays;
    let seconds = 0;
    let micros = 0;
    let at = dateEnd;
    let clock = at;
    if (at < era) {
      const separator = bytes[at]!;
      if (separator === 84 || separator === 116) at++;
      else if (separator !== 32) return problem;
      else while (at < era && bytes[at] === 32) at++;
      if (!readTime(bytes, at, era)) return problem;
      clock = at;
      seconds = timeSeconds;
      micros = timeMicros;
      at = timeEnd;
    }
    const local = days * 86400 + seconds;
    if (at === era) {
      const utc = zone === null ? local : local - zone(local);
      return writeTimestamp(frame, utc, micros) ? null : range;
    }
    let sign = at;
    while (sign < era && bytes[sign] === 32) sign++;
    const offset = readOffset(bytes, sign, era);
    if (offset !== offset || offsetEnd !== era) return problem;
    // Postgres takes digits with a hyphen right behind them for a date, which a colon then ends.
    if (
      timeIsCompact && at - clock === 6 && bytes[at] === 45 && bytes.subarray(at, era).includes(58)
    ) return problem;
    if (zone === null) return zoned;
    return writeTimestamp(frame, local - offset, micros) ? null : range;
  };
}

import { quoteIdent } from "../../core/quote.ts";
import type { CheckPlug } from "./check.ts";

/** The newest value is recent, by the clock of Postgres; without any value nothing is fresh. */
export const freshness: CheckPlug<"freshness"> = (
  { column, maxAgeSeconds, timezone },
  { bind },
) => ({
  aggregates: { newest: `max(${quoteIdent(column)})` },
  from: null,
  passed: `newest is not null and ${
    timezone === undefined
      ? "newest::timestamptz"
      : `newest::timestamp at time zone ${bind(timezone)}`
  } >= now() - ${bind(intervalOf(maxAgeSeconds))}::interval`,
  observed: "coalesce(newest::text, 'no value')",
  expected: bind(`a ${column} of the last ${wordsOf(maxAgeSeconds)}`),
  examples: null,
});

/** Postgres 14 reads no more than 2^31 of a unit. */
function intervalOf(seconds: number): string {
  return `${Math.floor(seconds / 3_600)} hours ${seconds % 3_600} seconds`;
}

function wordsOf(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

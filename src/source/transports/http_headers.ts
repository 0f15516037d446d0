import type { SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";

/** What `Content-Range` says: `start` is null in an answer to a range that does not exist. */
export interface ContentRange {
  readonly start: number | null;
  /** The last byte that is sent. */
  readonly end: number | null;
  readonly total: number | null;
}

/** Reads `bytes 100-199/500`, also with `*` for a part; null where it is something else. */
export function parseContentRange(text: string | null): ContentRange | null {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(text?.trim() ?? "");
  if (match === null) return null;
  return {
    start: match[1] === undefined ? null : Number(match[1]),
    end: match[2] === undefined ? null : Number(match[2]),
    total: match[3] === "*" ? null : Number(match[3]),
  };
}

/** Seconds that `Retry-After` asks for, given as such or as a date; null where it does not. */
export function parseRetryAfter(text: string | null, now: Date): number | null {
  if (text === null) return null;
  if (/^\s*\d+\s*$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now.getTime()) / 1000));
}

/** A length, or null where the header is missing or wrong. */
export function parseLength(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text.trim()) ? Number(text) : null;
}

/** An HTTP date as ISO 8601, or the text where it is not a date. */
export function isoDate(text: string | null): string | null {
  if (text === null) return null;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return text;
  return Temporal.Instant.fromEpochMilliseconds(milliseconds).toString();
}

/** Whether an etag proves bytes: in quotes, as RFC 9110 has it, and not weak. */
export function isStrongTag(etag: string | null): etag is string {
  return etag !== null && /^"[^"]+"$/.test(etag);
}

/** What identifies the bytes of a file: a header and its value, as the server sent it. */
export interface Validator {
  readonly header: "etag" | "last-modified";
  readonly value: string;
}

/**
 * What `If-Range` may hold: the etag if it is strong, else the modification date if it is.
 *
 * A date proves nothing about a file that was changed in the second it was sent in (RFC 9110,
 * 8.8.2.2).
 */
export function strongValidator(headers: Headers): Validator | null {
  const etag = headers.get("etag");
  if (etag !== null && !etag.startsWith("W/")) return { header: "etag", value: etag };
  const modified = headers.get("last-modified");
  const sent = headers.get("date");
  if (modified === null || Number.isNaN(Date.parse(modified))) return null;
  if (sent !== null && Date.parse(sent) - Date.parse(modified) < 1000) return null;
  return { header: "last-modified", value: modified };
}

/** What the headers of a whole file tell about it. */
export function factsOf({ shown }: Location, headers: Headers): SourceFacts {
  return {
    url: shown,
    etag: headers.get("etag"),
    lastModified: isoDate(headers.get("last-modified")),
    bytes: parseLength(headers.get("content-length")),
    sha256: null,
  };
}

/** A fact that one of two answers leaves out tells nothing. */
export function unchanged<T>(before: T | null, now: T | null): boolean {
  return before === null || now === null || before === now;
}

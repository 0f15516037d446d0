import type { Secrets } from "./secret.ts";

/**
 * A copy of plain data with secrets removed from every text in it.
 *
 * Done before the data becomes JSON: afterwards a secret with a quote or a backslash in it would
 * be written with escapes and not be found.
 */
export function redactDeep<T>(value: T, secrets: Pick<Secrets, "redact">): T {
  return copy(value, (text) => secrets.redact(text)) as T;
}

function copy(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => copy(item, redact));
  if (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) !== Date.prototype
  ) {
    return Object.fromEntries(
      // A rejected record is the user's data, byte for byte, and never holds a secret of ours.
      Object.entries(value).map(([key, item]) => [key, key === "raw" ? item : copy(item, redact)]),
    );
  }
  return value;
}

/**
 * JSON whose texts Postgres can hold: it has no NUL and no half of a surrogate pair.
 *
 * Messages quote what a file has, and a file may have anything.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, each) => typeof each === "string" ? storableText(each) : each,
  );
}

/** A text that Postgres can hold: what it cannot becomes U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

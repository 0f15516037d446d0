/**
 * JSON whose texts Postgres can hold: it has no NUL and no half of a surrogate pair.
 *
 * Messages quote what a file has, and a file may have anything.
 *
 * @param text what else becomes of each text
 */
export function storableJson(value: unknown, text: (text: string) => string = same): string {
  return JSON.stringify(
    value,
    (_key, each) => typeof each === "string" ? text(storableText(each)) : each,
  );
}

/** A text that Postgres can hold: what it cannot becomes U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

function same(text: string): string {
  return text;
}

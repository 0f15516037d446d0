/** A record of a text, and where it stands. */
export interface SplitRecord {
  readonly fields: readonly string[];
  /** Lines before it. */
  readonly line: number;
}

/**
 * Splits the start of a text into records of any width, which is how a dialect is recognised; the
 * reader of the format is stricter.
 */
export function splitText(
  text: string,
  delimiter: string,
  quote: string | null,
  most: number,
): SplitRecord[] {
  const records: SplitRecord[] = [];
  let fields: string[] = [];
  let line = 0;
  let start = 0;
  let at = 0;
  let first = 0;
  while (at < text.length && records.length < most) {
    if (quote !== null && at === start && text[at] === quote) {
      const end = closingQuote(text, at + 1, quote);
      // The text was cut off there.
      if (end === -1) break;
      for (let i = at; i < end; i++) if (text[i] === "\n") line++;
      at = end;
    }
    const character = text[at];
    if (character === delimiter[0] && text.startsWith(delimiter, at)) {
      fields.push(text.slice(start, at));
      start = at += delimiter.length;
    } else if (character === "\n" || character === "\r") {
      fields.push(text.slice(start, at));
      records.push({ fields, line: first });
      fields = [];
      at += character === "\r" && text[at + 1] === "\n" ? 2 : 1;
      first = ++line;
      start = at;
    } else at++;
  }
  if (records.length < most && start < text.length) {
    records.push({ fields: [...fields, text.slice(start)], line: first });
  }
  return records;
}

/** Behind the quote that ends a field; -1 where there is none. */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at + 1;
  }
  return -1;
}

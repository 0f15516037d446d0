/** How the records of a source are read, as far as a field can be found in one. */
export interface RecordForm {
  readonly kind: "csv" | "json";
  readonly delimiter: string;
  /** Null: nothing is quoted. */
  readonly quote: string | null;
  /** What precedes a quote that does not end a field, where it is not another quote. */
  readonly escape: string | null;
}

/** Which field of a record. */
export interface FieldName {
  /** Its place, from 0; -1: not known. */
  readonly index: number;
  /** Its names in JSON, the likeliest first. */
  readonly keys: readonly string[];
}

/** A rejected record as text, with the field that is wrong marked where it can be found. */
export function RecordText(
  { raw, length, form, field }: {
    readonly raw: Uint8Array;
    /** Bytes of all of it. */
    readonly length: number;
    readonly form: RecordForm | null;
    /** Null: it is about the record as a whole. */
    readonly field: FieldName | null;
  },
) {
  const text = new TextDecoder("utf-8").decode(raw).replace(/\r?\n$/, "");
  const range = form === null || field === null ? null : fieldRange(text, form, field);
  const more = length > raw.length ? ` … ${length - raw.length} more bytes` : "";
  if (range === null) return <pre class="raw" tabindex={0}><code>{visible(text)}{more}</code></pre>;
  const [from, to] = range;
  return (
    <pre class="raw" tabindex={0}>
      <code>
        {visible(text.slice(0, from))}
        <mark>{visible(text.slice(from, to)) || "⌀"}</mark>
        {visible(text.slice(to))}{more}
      </code>
    </pre>
  );
}

/** Where a field stands in the text of a record; null where that is not clear. */
export function fieldRange(
  text: string,
  form: RecordForm,
  { index, keys }: FieldName,
): readonly [number, number] | null {
  if (form.kind === "csv") return index < 0 ? null : csvRange(text, form, index);
  for (const key of keys) {
    const range = jsonRange(text, key);
    if (range !== null) return range;
  }
  return null;
}

function csvRange(
  text: string,
  form: RecordForm,
  index: number,
): readonly [number, number] | null {
  let start = 0;
  for (let field = 0;; field++) {
    const end = endOfField(text, start, form);
    if (field === index) return [start, end];
    if (end >= text.length) return null;
    start = end + form.delimiter.length;
  }
}

function endOfField(text: string, start: number, form: RecordForm): number {
  const { delimiter, quote, escape } = form;
  let at = start;
  if (quote !== null && text.startsWith(quote, at)) {
    for (at += quote.length; at < text.length; at++) {
      if (escape !== null && text.startsWith(escape, at)) at += escape.length;
      else if (!text.startsWith(quote, at)) continue;
      else if (!text.startsWith(quote, at + quote.length)) break;
      else at += quote.length;
    }
  }
  const end = text.indexOf(delimiter, at);
  return end < 0 ? text.length : end;
}

/** Of a key of the outermost object, with its value. */
function jsonRange(text: string, key: string): readonly [number, number] | null {
  let depth = 0;
  let from = -1;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      const isKey = depth === 1 && from < 0 && /^\s*:/.test(text.slice(end));
      if (isKey && decoded(text.slice(at, end)) === key) from = at;
      at = end - 1;
    } else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      if (from >= 0 && depth === 1) return [from, at];
      depth--;
    } else if (char === "," && depth === 1 && from >= 0) return [from, at];
  }
  return from < 0 ? null : [from, text.length];
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, text.length);
}

function decoded(literal: string): string {
  try {
    return JSON.parse(literal);
  } catch {
    return literal;
  }
}

/** Control characters, and those that turn the direction of text, as what they are. */
function visible(text: string): string {
  return text.replace(UNSAFE, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

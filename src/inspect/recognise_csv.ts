import type { Guess, Value } from "./guess.ts";
import { guessesFor } from "./guesses.ts";
import { NULL_TEXTS } from "./field_profile.ts";
import { type SplitRecord, splitText } from "./split_text.ts";

/** How a CSV file is written: the keys of `source.format` that differ from what is left out. */
export interface CsvDialect {
  delimiter?: string;
  quote?: string | null;
  escape?: string;
  header?: false;
  skip_lines?: number;
  skip_repeated_headers?: true;
  drop_empty_surplus?: true;
  blanks_around_quotes?: true;
}

/** How many records a dialect reads, and how many it cannot read. */
type Count = (dialect: CsvDialect) => { readonly good: number; readonly bad: number };

/** Delimiters that files have; of those that fit alike the first is taken. */
const DELIMITERS = ["||", "::", "\t", ";", "|", "\u0001", "\u001f", "^", "~", ","] as const;

/** Records that are looked at. */
const LOOKED_AT = 1_000;

/**
 * The dialect of the start of a file.
 *
 * @param count how many records of the text a dialect reads, and how many it cannot read
 */
export function recogniseCsv(
  text: string,
  count: Count,
): CsvDialect {
  const dialect: CsvDialect = {};
  const separator = /^sep=(.)\r?\n/i.exec(text)?.[1];
  const quote = isSingleQuoted(text) ? "'" : '"';
  const { delimiter, records } = separator === undefined
    ? bestDelimiter(text, quote)
    : { delimiter: separator, records: splitText(text, separator, quote, LOOKED_AT).slice(1) };
  if (delimiter !== ",") dialect.delimiter = delimiter;
  const skipped = separator === undefined ? preamble(records) : 0;
  const rest = records.slice(skipped).filter(({ fields }) => fields.some((each) => each !== ""));
  if (separator !== undefined) dialect.skip_lines = 1;
  else if (skipped > 0) dialect.skip_lines = records[skipped].line;
  if (quote === "'") dialect.quote = quote;
  else Object.assign(dialect, bestQuotes(dialect, rest, count));
  const plain = rest.map(({ fields }) => fields.map((each) => unquoted(each, dialect.quote)));
  if (!hasHeader(plain)) dialect.header = false;
  else if (isRepeated(plain)) dialect.skip_repeated_headers = true;
  return withFewerUnread(dialect, count);
}

/** Whether apostrophes stand around fields, more than one a line, and double quotes nowhere. */
function isSingleQuoted(text: string): boolean {
  if (text.includes('"')) return false;
  const fields = text.match(/(?<=^|[,;|\t])'[^'\n]*'(?=[,;|\t\r\n]|$)/gm)?.length ?? 0;
  return fields * 2 > text.split("\n").length;
}

function bestDelimiter(text: string, quote: string) {
  const all = DELIMITERS.map((delimiter) => {
    const records = splitText(text, delimiter, quote, LOOKED_AT);
    // An empty field between two single ones is no delimiter of two characters.
    const isBroken = delimiter.length > 1 &&
      records.some(({ fields }) => fields.some((each) => each.includes(delimiter[0])));
    return { delimiter, records, score: isBroken ? 0 : evenness(records) };
  });
  const best = all.reduce((best, each) => each.score > best.score ? each : best);
  if (best.score > 0) return best;
  // One column: a character that no value holds.
  const comma = all[all.length - 1];
  const isFree = ({ delimiter, records }: typeof comma) =>
    delimiter.length === 1 && records.every(({ fields }) => fields.length === 1);
  return isFree(comma) ? comma : all.find(isFree) ?? comma;
}

/** How many of the records have the width that most of them have; 0 where that is one field. */
function evenness(records: readonly SplitRecord[]): number {
  const filled = records.filter(({ fields }) => fields.length > 1 || fields[0] !== "");
  const width = commonWidth(filled);
  if (width < 2) return 0;
  const even = filled.filter(({ fields }) => fields.length === width).length / filled.length;
  // A header knows how many fields there are: commas of decimals do not stand in it.
  const first = filled[0].fields.length;
  return first === width ? even : first < 2 ? even / 2 : even / 1.5;
}

function commonWidth(records: readonly SplitRecord[]): number {
  const counts = new Map<number, number>();
  for (const { fields } of records) {
    counts.set(fields.length, (counts.get(fields.length) ?? 0) + 1);
  }
  return [...counts].reduce((best, each) => each[1] > best[1] ? each : best, [0, 0])[0];
}

/** Records before the table: titles and notes, which have no second field. */
function preamble(records: readonly SplitRecord[]): number {
  const width = commonWidth(records);
  const first = records.findIndex(({ fields }) => fields.length === width);
  const isText = records.slice(0, first).every(({ fields }) =>
    fields.slice(1).every((each) => each === "")
  );
  return width > 1 && first > 0 && isText ? first : 0;
}

/** What else a file may be written with, where some records can only be read so. */
function withFewerUnread(dialect: CsvDialect, count: Count): CsvDialect {
  let best = { dialect, ...count(dialect) };
  if (best.bad === 0) return dialect;
  for (const more of [{ blanks_around_quotes: true }, { drop_empty_surplus: true }] as const) {
    const wider = { ...best.dialect, ...more };
    const counted = count(wider);
    if (counted.bad < best.bad) best = { dialect: wider, ...counted };
  }
  return best.dialect;
}

/** The header stands among the records, as joined files have it. */
function isRepeated([first, ...rest]: readonly (readonly string[])[]): boolean {
  return rest.some((fields) => fields.length > 1 && fields.join("\0") === first.join("\0"));
}

/** Quotes and escapes that leave the fewest records unread. */
function bestQuotes(
  dialect: CsvDialect,
  records: readonly SplitRecord[],
  count: Count,
): CsvDialect {
  const fields = records.flatMap(({ fields }) => fields);
  const isQuoted = (quote: string) =>
    fields.some((each) => each.length > 1 && each.startsWith(quote) && each.endsWith(quote));
  const ways: CsvDialect[] = [{}];
  if (fields.some((each) => each.includes('\\"'))) ways.push({ escape: "\\" });
  if (!isQuoted('"')) {
    if (fields.some((each) => each.includes('"'))) ways.push({ quote: null });
  }
  if (ways.length === 1) return ways[0];
  const counted = ways.map((way) => ({ way, ...count({ ...dialect, ...way }) }));
  return counted.reduce((best, each) =>
    each.bad < best.bad || each.bad === best.bad && each.good > best.good ? each : best
  ).way;
}

/**
 * Whether the first record names the fields: it does unless it looks as those below it do.
 */
function hasHeader(records: readonly (readonly string[])[]): boolean {
  const [first, ...rest] = records;
  if (first === undefined || rest.length === 0) {
    return first === undefined || !first.some((each) => typeName(each) !== null);
  }
  let alike = false;
  for (let f = 0; f < first.length; f++) {
    const values = rest.map((fields) => fields[f] ?? "")
      .filter((each) => each !== "" && !NULL_TEXTS.has(each));
    const guess = values.length === 0 ? null : commonGuess(values);
    if (guess === null) continue;
    // A name above numbers: nothing could be clearer.
    if (!isEmpty(first[f]) && !guess.takes(valueOf(first[f]))) return true;
    if (!isEmpty(first[f])) alike = true;
  }
  if (alike) return areYears(first);
  if (first.some((each) => typeName(each) !== null)) return false;
  // Nothing but texts: values come again below, names do not, unless the header does.
  const isJoined = rest.some((fields) =>
    fields.join("\0").replace(/^\ufeff/, "") === first.join("\0")
  );
  const comesAgain = first.some((each, f) =>
    each !== "" && rest.some((fields) => fields[f] === each)
  );
  return isJoined || !comesAgain;
}

function isEmpty(text: string): boolean {
  return text === "" || NULL_TEXTS.has(text);
}

/** Numbers that name columns: years, in their order. */
function areYears(first: readonly string[]): boolean {
  const numbers = first.filter((each) => /^\d+$/.test(each)).map(Number);
  return numbers.length > 1 && numbers.length < first.length &&
    numbers.every((each, i) =>
      each >= 1800 && each <= 2200 && (i === 0 || each === numbers[i - 1] + 1)
    );
}

/** What all values are, text aside. */
function commonGuess(values: readonly string[]): Guess | null {
  const parsed = values.map(valueOf);
  const [guess] = guessesFor(parsed[0]).filter((each) =>
    each.what !== "words for yes and no" && parsed.every((value) => each.takes(value))
  );
  return guess ?? null;
}

function typeName(text: string): string | null {
  return isEmpty(text) ? null : commonGuess([text])?.what ?? null;
}

function valueOf(text: string): Value {
  const trimmed = text.trim();
  return { text: trimmed, bytes: new TextEncoder().encode(trimmed), isNumber: false };
}

function unquoted(text: string, quote: string | null = '"'): string {
  return quote !== null && text.length > 1 && text.startsWith(quote) && text.endsWith(quote)
    ? text.slice(1, -1)
    : text;
}

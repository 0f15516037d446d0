import { quotedText } from "../core/quoted_text.ts";
import type { RowsPlan } from "../plan/load_plan.ts";
import type { CsvOptions } from "../spec/pipeline_spec.ts";
import { Frame } from "./frame.ts";
import { compileType } from "./types/mod.ts";

/** Why a header may have none of the pipeline's columns, and what to write then. */
export interface Guess {
  readonly what: string;
  readonly hint: string;
}

/** Delimiters that files have, the most frequent first. */
const DELIMITERS = [",", ";", "\t", "|", "\u0001", "\u001f", "^", "~", ":", " "] as const;

/** Characters of a header that are looked at. */
const LONGEST_HEADER = 100_000;

/** Looks at a header in which no column of the pipeline occurs. */
export function guessWrongFile(
  plan: RowsPlan,
  names: readonly string[],
  format: CsvOptions,
): Guess | null {
  return otherDelimiter(plan, names, format) ?? markup(names) ?? withoutHeader(plan, names);
}

function otherDelimiter(
  { columns }: RowsPlan,
  names: readonly string[],
  { delimiter, quote }: CsvOptions,
): Guess | null {
  const line = names.join(delimiter).slice(0, LONGEST_HEADER);
  const others = DELIMITERS.filter((each) => each !== delimiter && line.includes(each));
  const bare = (text: string) =>
    quote !== null && text.length > 1 && text.startsWith(quote) && text.endsWith(quote)
      ? text.slice(1, -1)
      : text;
  for (const other of others) {
    const found = new Set(line.split(other).map((text) => bare(text.trim())));
    if (columns.some(({ from, aliases }) => [from, ...aliases].some((each) => found.has(each)))) {
      return delimiterGuess(other, `its fields are separated by ${quotedText(other)}`);
    }
  }
  const [likely] = others;
  if (names.length > 1 || likely === undefined || likely === " ") return null;
  return delimiterGuess(likely, `its fields may be separated by ${quotedText(likely)}`);
}

function delimiterGuess(delimiter: string, what: string): Guess {
  return {
    what: `the header is one of another delimiter: ${what}`,
    hint: `If it is the right file, say so:\nsource:\n  format: { type: csv, delimiter: ${
      quotedText(delimiter)
    } }`,
  };
}

function markup([first]: readonly string[]): Guess | null {
  if (!/^\s*<[a-z!?]/i.test(first)) return null;
  return {
    what: "it looks like HTML or XML",
    hint: "Open the address in a browser, and name the address of the file itself in `source.url`",
  };
}

/** Texts that are hardly names, without the blanks around them. */
const DATA = /^[-+]?(\d[\d.,:/ TZ-]*|\d+(\.\d+)?[eE][-+]?\d+)$/;

/** Whether the first record holds values: where columns have types, it fits all of them. */
function withoutHeader({ columns }: RowsPlan, names: readonly string[]): Guess | null {
  const scratch = new Frame(1 << 10);
  let fits = 0;
  for (const [c, { type, options }] of columns.entries()) {
    const text = names[c] ?? "";
    if (text === "" || ["text", "varchar", "char", "boolean", "bytea"].includes(type.name)) {
      continue;
    }
    const bytes = new TextEncoder().encode(text);
    scratch.length = 0;
    scratch.reserve(bytes.length * 2 + 64);
    if (compileType(type, options)(bytes, 0, bytes.length, scratch) !== null) return null;
    fits++;
  }
  if (fits === 0 && !names.some(looksLikeData)) return null;
  return {
    what: "its first line looks like data, so that it may have no header",
    hint: "If its columns stand in the order of the pipeline's, say so:\n" +
      "source:\n  format: { type: csv, header: false }",
  };
}

/** Whether a text is hardly a name: a number, a date, a time. */
export function looksLikeData(text: string): boolean {
  return DATA.test(text.trim());
}

import { quotedText } from "../../../core/quoted_text.ts";
import type { Guess } from "../../../rows/wrong_file.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";

/** Delimiters that files have, the most frequent first. */
const DELIMITERS = [
  "||",
  "::",
  ",",
  ";",
  "\t",
  "|",
  "\u0001",
  "\u001f",
  "^",
  "~",
  ":",
  " ",
] as const;

/** Characters of a header that are looked at. */
const LONGEST_HEADER = 100_000;

/** Whether a header in which no name is known was split at the wrong character. */
export function guessDelimiter(
  names: readonly string[],
  isKnown: (name: string) => boolean,
  { delimiter, quote }: CsvOptions,
): Guess | null {
  const line = names.join(delimiter).slice(0, LONGEST_HEADER);
  const others = DELIMITERS.filter((each) => each !== delimiter && line.includes(each));
  const bare = (text: string) =>
    quote !== null && text.length > 1 && text.startsWith(quote) && text.endsWith(quote)
      ? text.slice(1, -1)
      : text;
  for (const other of others) {
    if (line.split(other).some((text) => isKnown(bare(text.trim())))) {
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

import type { RowsPlan } from "../plan/load_plan.ts";
import { Frame } from "./frame.ts";
import { compileType } from "./types/mod.ts";

/** Why a header may have none of the pipeline's columns, and what to write then. */
export interface Guess {
  readonly what: string;
  readonly hint: string;
}

/** The guess of a format for a file with none of the pipeline's names, or null. */
export type GuessFormat = (
  names: readonly string[],
  isKnown: (name: string) => boolean,
) => Guess | null;

/** Examines the names of a file that has none of the pipeline's columns. */
export function guessWrongFile(
  plan: RowsPlan,
  names: readonly string[],
  guessFormat: GuessFormat,
): Guess | null {
  const known = new Set(plan.columns.flatMap(({ from, aliases }) => [from, ...aliases]));
  return guessFormat(names, (name) => known.has(name)) ?? markup(names) ??
    withoutHeader(plan, names);
}

function markup([first = ""]: readonly string[]): Guess | null {
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

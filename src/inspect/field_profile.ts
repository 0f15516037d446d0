import type { ColumnOptions } from "../spec/pipeline_spec.ts";
import { guessesFor } from "./guesses.ts";
import type { Guess, Value } from "./guess.ts";
import type { SeparatedGuess } from "./separated_guess.ts";

/** What the values of a field show. */
export interface FieldEvidence {
  /** A type as a pipeline file has it. */
  readonly type: string;
  readonly options: ColumnOptions;
  /** What the values are, in the plural. */
  readonly what: string;
  /** Values that are not NULL. */
  readonly values: number;
  /** Fields without a value. */
  readonly empty: number;
  /** Texts that are read as NULL, with their counts. */
  readonly nullTexts: ReadonlyMap<string, number>;
  /** Least and greatest value as they are written; null where they have no order. */
  readonly range: readonly [least: string, greatest: string] | null;
  /** Of the longest text, in characters. */
  readonly longest: number;
  /** Every value is another one; false as well where that was not followed. */
  readonly isUnique: boolean;
  /** What a person should look at. */
  readonly notes: readonly string[];
}

/** What is known about the whole file when the fields are judged. */
export interface Circumstances {
  readonly isWhole: boolean;
  /** Texts that are NULL in every column. */
  readonly nullValues: readonly string[];
  /** An empty field may stand for NULL: JSON has a word for it. */
  readonly hasEmptyFields: boolean;
  /** Some column writes its decimals behind a comma. */
  readonly hasDecimalCommas: boolean;
}

/**
 * What programs write where there is no value. In a text it may mean something: NA is Namibia, and
 * `None` an answer.
 */
export const NULL_TEXTS: ReadonlySet<string> = new Set([
  "\\N",
  "NULL",
  "null",
  "Null",
  "(null)",
  "NA",
  "N/A",
  "n/a",
  "#N/A",
  "None",
  "none",
  "nil",
  "-",
  "--",
]);

/** Different values that are remembered, all fields together. */
export const MOST_DISTINCT = 4_000_000;

/** Values of a field that need not be looked at again. */
const MOST_SEEN = 1_000;

/** How many more values may be remembered. */
export interface Budget {
  left: number;
}

/** Collects what the values of one field show. */
export class FieldProfile {
  /** Null until there is a value. */
  #guesses: Guess[] | null = null;
  #distinct: Set<string> | null = new Set();
  #values = 0;
  #empty = 0;
  #quotedEmpty = 0;
  #padded = 0;
  #blank = 0;
  #nested = 0;
  #longest = 0;
  #leadingZeros: string | null = null;
  readonly #seen = new Set<string>();
  readonly #nullTexts = new Map<string, number>();
  readonly #ranges = new Map<Guess, Range>();
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  seeEmpty(isQuoted: boolean): void {
    this.#empty++;
    if (isQuoted) this.#quotedEmpty++;
    this.#forgetDistinct();
  }

  /** An object or a list of JSON. */
  seeNested(): void {
    this.#values++;
    this.#nested++;
    this.#guesses = [];
    this.#forgetDistinct();
  }

  /**
   * @param text as the field says it, with the blanks around it
   * @param isBare it is not in quotes, so that it may stand for NULL
   */
  see(text: string, isBare: boolean, isNumber: boolean): void {
    const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, "");
    if (trimmed.length < text.length) this.#padded++;
    if (trimmed === "" && isBare) {
      this.#blank++;
      this.#forgetDistinct();
      return;
    }
    if (isBare && NULL_TEXTS.has(trimmed)) {
      this.#nullTexts.set(trimmed, (this.#nullTexts.get(trimmed) ?? 0) + 1);
      this.#longest = Math.max(this.#longest, text.length);
      this.#forgetDistinct();
      return;
    }
    this.#values++;
    this.#remember(text);
    // Most fields say the same things over and over.
    if (this.#seen.has(text)) return;
    if (this.#seen.size < MOST_SEEN && text.length < 100) this.#seen.add(text);
    if (text.length > this.#longest) this.#longest = text.length;
    if (this.#guesses?.length === 0) return;
    if (/^-?0\d+([.,]\d+)?$/.test(trimmed)) this.#leadingZeros ??= trimmed;
    const value: Value = { text: trimmed, bytes: new TextEncoder().encode(trimmed), isNumber };
    this.#guesses = (this.#guesses ?? guessesFor(value)).filter((guess) => {
      if (guess.takes(value)) {
        this.#order(guess, trimmed);
        return true;
      }
      this.#ranges.delete(guess);
      return false;
    });
  }

  /** Some value writes its decimals behind a comma, and all are such numbers. */
  hasDecimalCommas(): boolean {
    const [first] = this.#guesses ?? [];
    const settled = first?.settle(true);
    return settled !== undefined && "options" in settled && settled.options.decimal === ",";
  }

  /** Records that are NULL by a text. */
  nullTexts(): ReadonlyMap<string, number> {
    return this.#nullTexts;
  }

  result(around: Circumstances): FieldEvidence {
    const { isWhole, nullValues, hasEmptyFields, hasDecimalCommas } = around;
    const nulls = [...this.#nullTexts.keys()];
    const [guess, ...others] = this.#guesses ?? [];
    const settled = guess?.settle(isWhole) ?? null;
    const common = {
      empty: this.#empty,
      longest: this.#longest,
      isUnique: this.#distinct !== null && this.#values > 0,
    };
    const mayBeThousands = hasDecimalCommas && guess?.what === "numbers" &&
      others.some((each) => (each as Partial<SeparatedGuess>).mayBeThousands?.());
    if (settled !== null && "type" in settled && !mayBeThousands) {
      const kept = [...(hasEmptyFields ? [""] : []), ...nulls];
      const range = this.#ranges.get(guess);
      return {
        ...common,
        empty: this.#empty + this.#blank,
        type: settled.type,
        options: {
          ...settled.options,
          ...(kept.every((text) => nullValues.includes(text)) ? {} : { null_values: kept }),
          ...(this.#padded > 0 ? { trim: true } : {}),
          ...(this.#quotedEmpty > 0 ? { empty_as_null: true } : {}),
        },
        what: guess.what,
        values: this.#values,
        nullTexts: this.#nullTexts,
        range: range === undefined ? null : [range.least, range.greatest],
        notes: [],
      };
    }
    const isNested = this.#nested > 0 && this.#nested === this.#values;
    const texts = isNested ? new Map() : this.#nullTexts;
    const left = [...texts].filter(([text]) => !nullValues.includes(text));
    return {
      ...common,
      type: isNested ? "jsonb" : "text",
      options: {},
      what: isNested ? "objects or lists" : "texts",
      values: this.#values + this.#blank + left.reduce((sum, [, count]) => sum + count, 0),
      nullTexts: new Map([...texts].filter(([text]) => nullValues.includes(text))),
      range: null,
      notes: [
        ...(mayBeThousands
          ? ["points may stand between thousands here: write `thousands` or `decimal`"]
          : settled !== null && "unsure" in settled
          ? [settled.unsure]
          : []),
        ...(this.#leadingZeros === null || isNested
          ? []
          : [`zeros in front count, as in ${this.#leadingZeros}`]),
        ...left.map(([text, count]) => `${count} × ${text} may stand for NULL`),
      ],
    };
  }

  #order(guess: Guess, text: string): void {
    const rank = guess.rank(text);
    if (rank === null) return;
    const range = this.#ranges.get(guess);
    if (range === undefined) {
      this.#ranges.set(guess, { low: rank, least: text, high: rank, greatest: text });
      return;
    }
    if (rank < range.low) {
      range.low = rank;
      range.least = text;
    } else if (rank > range.high) {
      range.high = rank;
      range.greatest = text;
    }
  }

  #remember(text: string): void {
    if (this.#distinct === null) return;
    // A long text is no key, and a hundred thousand of them fill the memory.
    if (text.length > 200 || this.#budget.left <= 0 || this.#distinct.has(text)) {
      return this.#forgetDistinct();
    }
    this.#distinct.add(text);
    this.#budget.left--;
  }

  #forgetDistinct(): void {
    this.#budget.left += this.#distinct?.size ?? 0;
    this.#distinct = null;
  }
}

interface Range {
  low: number | string;
  least: string;
  high: number | string;
  greatest: string;
}

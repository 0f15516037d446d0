import type { ColumnType } from "../spec/pipeline_spec.ts";
import { dateGuess } from "./date_guess.ts";
import { type Guess, takenBy, timeRank, type Value } from "./guess.ts";
import { mixedDateGuess } from "./mixed_date_guess.ts";
import { moneyGuess } from "./money_guess.ts";
import { separatedGuess } from "./separated_guess.ts";
import { wordGuess } from "./word_guess.ts";

/** Whole numbers of a sample that leave room below the limit of `integer`. */
const SAMPLE_INTEGER = 100_000_000;
const INTEGER = 2_147_483_647;

/** What a field may be whose first value this is; the likelier first. */
export function guessesFor(first: Value): Guess[] {
  return [
    ...plainGuesses(),
    ...[separatedGuess(first), dateGuess(first), wordGuess(first)].filter((guess) =>
      guess !== null
    ),
    ...[mixedDateGuess(first), halfDayGuess(first), moneyGuess(first, numberGuesses)]
      .filter((guess) => guess !== null),
  ];
}

/** Times such as `9:05 PM`; null where the first value is none. */
function halfDayGuess(first: Value): Guess | null {
  const found = /^\d{1,2}:\d\d(:\d\d)?( ?)[ap]\.?m\.?$/i.exec(first.text);
  if (found === null) return null;
  const format = `h:mm${found[1] === undefined ? "" : ":ss"}${found[2]}a`;
  const type: ColumnType = { name: "time" };
  return {
    what: "times of day",
    takes: takenBy(type, { format }),
    settle: () => ({ type: "time", options: { format } }),
    rank: timeRank(type, { format }),
  };
}

/** What the number of an amount may be. */
function numberGuesses(number: Value): Guess[] {
  const separated = separatedGuess(number);
  return [wholeGuess(), decimalGuess(), ...(separated === null ? [] : [separated])];
}

function plainGuesses(): Guess[] {
  return [
    plainGuess("true or false", { name: "boolean" }, /^(true|false)$/i, () => null),
    wholeGuess(),
    decimalGuess(),
    plainGuess("numbers with exponents", { name: "double precision" }, SCIENTIFIC, Number),
    plainGuess("dates", { name: "date" }, /^\d{4}([-/])\d{1,2}\1\d{1,2}$/),
    plainGuess("timestamps", { name: "timestamp" }, new RegExp(`^${MOMENT}$`)),
    plainGuess(
      "timestamps with an offset",
      { name: "timestamptz" },
      new RegExp(String.raw`^${MOMENT} ?(Z|[+-]\d\d(:?\d\d)?)$`),
    ),
    plainGuess("times of day", { name: "time" }, /^\d\d:\d\d(:\d\d(\.\d{1,6})?)?$/),
    plainGuess("UUIDs", { name: "uuid" }, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i),
  ];
}

/** More digits behind the second than Postgres keeps would be lost. */
const MOMENT = String.raw`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?`;

/**
 * `1E3` is as likely a part's code: an exponent counts with a sign or behind decimals. Fifteen
 * digits are what a double keeps.
 */
const SCIENTIFIC =
  /^(?!-0(\.0*)?$)-?(?=[\d.]{1,16}(e|$))(0|[1-9]\d*)(\.\d+(e[-+]?\d{1,3})?|(e[-+]\d{1,3})?)$/i;

const DECIMAL = /^-?((0|[1-9]\d*)(\.\d*)?|\.\d+)$/;

function plainGuess(
  what: string,
  type: ColumnType,
  form: RegExp,
  rank: Guess["rank"] = (text) => text,
): Guess {
  const isTaken = takenBy(type, {});
  return {
    what,
    takes: (value) => form.test(value.text) && isTaken(value),
    settle: () => ({ type: type.name, options: {} }),
    rank,
  };
}

/** Leading zeros and signs without need are of codes, and stay text. */
function wholeGuess(): Guess {
  const isTaken = takenBy({ name: "bigint" }, {});
  let largest = 0;
  return {
    what: "whole numbers",
    takes(value) {
      if (!/^(0|-?[1-9]\d*)$/.test(value.text) || !isTaken(value)) return false;
      largest = Math.max(largest, Math.abs(Number(value.text)));
      return true;
    },
    settle: (isWhole) => ({
      type: largest <= (isWhole ? INTEGER : SAMPLE_INTEGER) ? "integer" : "bigint",
      options: {},
    }),
    rank: Number,
  };
}

/** Exact, however many digits there are: what a number is for, its file does not say. */
function decimalGuess(): Guess {
  const isTaken = takenBy({ name: "numeric", precision: null, scale: null }, {});
  let hasDigits = false;
  return {
    what: "numbers",
    takes(value) {
      if (value.text === "NaN") return true;
      if (!DECIMAL.test(value.text) || value.text === "-0" || !isTaken(value)) return false;
      return hasDigits = true;
    },
    settle: () =>
      hasDigits ? { type: "numeric", options: {} } : { unsure: "there is nothing but NaN" },
    rank: (text) => text === "NaN" ? null : Number(text),
  };
}

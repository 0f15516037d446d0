import type { ColumnType } from "../spec/pipeline_spec.ts";
import { dateGuess } from "./date_guess.ts";
import { type Guess, takenBy, type Value } from "./guess.ts";
import { namedDateGuess } from "./named_date_guess.ts";

/** More forms in one column are rather a text. */
const MOST_FORMS = 4;

/** Dates that are written in several ways, which is a list of formats. */
export function mixedDateGuess(first: Value): Guess | null {
  const start = guessFor(first);
  if (start === null) return null;
  const forms = [start];
  return {
    what: start.what,
    takes(value) {
      if (forms.some((form) => form.takes(value))) return true;
      const shape = shapeOf(value.text);
      const form = guessFor(value);
      // Two forms that look alike are day and month in both orders: nobody knows which.
      if (form === null || form.what !== start.what || forms.length === MOST_FORMS) return false;
      if (forms.some((each) => each.shape === shape) || !form.takes(value)) return false;
      forms.push(form);
      return true;
    },
    settle(isWhole) {
      const formats: string[] = [];
      let type = "";
      for (const form of forms) {
        const settled = form.settle(isWhole);
        if ("unsure" in settled) return settled;
        if (type !== "" && settled.type !== type) {
          return { unsure: "some values have an offset and others none" };
        }
        type = settled.type;
        formats.push(settled.options.format as string);
      }
      return { type, options: { format: formats.length === 1 ? formats[0] : formats } };
    },
    rank: () => null,
  };
}

interface Form extends Guess {
  readonly shape: string;
}

function guessFor(value: Value): Form | null {
  const guess = isoGuess(value) ?? dateGuess(value) ?? namedDateGuess(value);
  return guess === null ? null : { ...guess, shape: shapeOf(value.text) };
}

/** What tells forms apart that cannot be taken for one another. */
function shapeOf(text: string): string {
  return text.replace(/\d+/g, (digits) => digits.length === 4 ? "4" : "1")
    .replace(/[a-z]{2,}/gi, "a");
}

const ISO = /^\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/;

/** What needs no format, among values that do. */
function isoGuess(first: Value): Guess | null {
  const found = ISO.exec(first.text);
  if (found === null) return null;
  const [, gap, seconds, fraction] = found;
  const format = "yyyy-MM-dd" + (gap === undefined ? "" : gap === "T" ? "'T'" : " ") +
    (gap === undefined ? "" : "HH:mm") + (seconds === undefined ? "" : ":ss") +
    (fraction === undefined ? "" : ".S");
  const type: ColumnType = { name: gap === undefined ? "date" : "timestamp" };
  return {
    what: gap === undefined ? "dates" : "timestamps",
    takes: takenBy(type, { format }),
    settle: () => ({ type: type.name, options: { format } }),
    rank: () => null,
  };
}

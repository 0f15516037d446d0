import type { Problem } from "../types/encoder.ts";
import { countCodePoints } from "../types/utf8.ts";
import type { Rule } from "./rule.ts";

/** `max_length`: code points of the field. */
export const maxLength: Rule = {
  name: "max_length",
  compile({ rules }) {
    const limit = rules.max_length;
    if (limit === undefined) return null;
    const problem: Problem = { code: "too_long", expected: `at most ${limit} characters long` };
    return (_frame, _at, bytes, start, end) =>
      end - start > limit && countCodePoints(bytes, start, end) > limit ? problem : null;
  },
};

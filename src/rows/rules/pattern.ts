import { compilePattern } from "../../core/pattern/mod.ts";
import type { Problem } from "../types/encoder.ts";
import type { Rule } from "./rule.ts";

/** `pattern`: the regular expression is found somewhere in the field. */
export const pattern: Rule = {
  name: "pattern",
  compile({ rules }) {
    if (rules.pattern === undefined) return null;
    const { test } = compilePattern(rules.pattern);
    const problem: Problem = {
      code: "pattern_mismatch",
      expected: `a match of the pattern ${rules.pattern}`,
    };
    return (_frame, _at, bytes, start, end) => test(bytes.subarray(start, end)) ? null : problem;
  },
};

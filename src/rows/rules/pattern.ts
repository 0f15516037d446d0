import type { Problem } from "../types/encoder.ts";
import type { Rule } from "./rule.ts";

/** `pattern`: the regular expression is found somewhere in the field. */
export const pattern: Rule = {
  name: "pattern",
  compile({ rules }) {
    if (rules.pattern === undefined) return null;
    const expression = new RegExp(rules.pattern, "u");
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const problem: Problem = {
      code: "pattern_mismatch",
      expected: `a match of the pattern ${rules.pattern}`,
    };
    return (_frame, _at, bytes, start, end) =>
      expression.test(decoder.decode(bytes.subarray(start, end))) ? null : problem;
  },
};

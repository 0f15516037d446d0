import type { Problem } from "../types/encoder.ts";
import { beyond } from "./compare.ts";
import { encodeLiteral, unrounded } from "./literal.ts";
import type { Rule } from "./rule.ts";

/** `min`: the value itself is allowed. */
export const min: Rule = {
  name: "min",
  compile({ name, type, options, rules }) {
    if (rules.min === undefined) return null;
    const limit = encodeLiteral(`${name}, min`, unrounded(type), options, rules.min);
    const view = new DataView(limit.buffer);
    const outside = beyond(type, view, -1);
    const problem: Problem = { code: "below_min", expected: `at least ${rules.min}` };
    return (frame, at) => outside(frame.view, at) ? problem : null;
  },
};

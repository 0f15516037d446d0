import type { Problem } from "../types/encoder.ts";
import { compareOf } from "./compare.ts";
import { encodeLiteral, unrounded } from "./literal.ts";
import type { Rule } from "./rule.ts";

/** `min`: the value itself is allowed. */
export const min: Rule = {
  name: "min",
  compile({ name, type, options, rules }) {
    if (rules.min === undefined) return null;
    const limit = encodeLiteral(`${name}, min`, unrounded(type), options, rules.min);
    const view = new DataView(limit.buffer);
    const compare = compareOf(type);
    const problem: Problem = { code: "below_min", expected: `at least ${rules.min}` };
    return (frame, at) => compare(frame.view, at, view, 0) < 0 ? problem : null;
  },
};

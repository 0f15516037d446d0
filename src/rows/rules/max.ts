import type { Problem } from "../types/encoder.ts";
import { beyond } from "./compare.ts";
import { encodeLiteral, unrounded } from "./literal.ts";
import type { Rule } from "./rule.ts";

/** `max`: the value itself is allowed. */
export const max: Rule = {
  name: "max",
  compile({ name, type, options, rules }) {
    if (rules.max === undefined) return null;
    const limit = encodeLiteral(`${name}, max`, unrounded(type), options, rules.max);
    const view = new DataView(limit.buffer);
    const outside = beyond(type, view, 1);
    const problem: Problem = { code: "above_max", expected: `at most ${rules.max}` };
    return (frame, at) => outside(frame.view, at) ? problem : null;
  },
};

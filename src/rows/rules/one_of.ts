import type { Problem } from "../types/encoder.ts";
import { compareOf } from "./compare.ts";
import { encodeLiteral } from "./literal.ts";
import type { Rule } from "./rule.ts";

/** `one_of`: equal to one of the values, as values of the column's type. */
export const oneOf: Rule = {
  name: "one_of",
  compile({ name, type, options, rules }) {
    if (rules.one_of === undefined) return null;
    const compare = compareOf(type);
    const views = rules.one_of.map((value) =>
      new DataView(encodeLiteral(`${name}, one_of`, type, options, value).buffer)
    ).sort((a, b) => compare(a, 0, b, 0));
    const problem: Problem = {
      code: "not_one_of",
      expected: `one of ${rules.one_of.slice(0, 10).join(", ")}${
        rules.one_of.length > 10 ? ", …" : ""
      }`,
    };
    if (type.name === "smallint") {
      // A table answers at once, however many values there are.
      const allowed = new Uint8Array(65536);
      for (const view of views) allowed[view.getUint16(4)] = 1;
      return (frame, at) => allowed[frame.view.getUint16(at + 4)] === 1 ? null : problem;
    }
    return (frame, at) => {
      let low = 0;
      let high = views.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        const order = compare(frame.view, at, views[middle], 0);
        if (order === 0) return null;
        if (order < 0) high = middle;
        else low = middle + 1;
      }
      return problem;
    };
  },
};

import type { ColumnPlan } from "../../plan/load_plan.ts";
import { max } from "./max.ts";
import { maxLength } from "./max_length.ts";
import { min } from "./min.ts";
import { oneOf } from "./one_of.ts";
import { pattern } from "./pattern.ts";
import type { Check, Rule } from "./rule.ts";

export { REQUIRED } from "./required.ts";
export type { Check, Rule } from "./rule.ts";

/** All rules on values that are there, in the order they are checked. */
export const RULES: readonly Rule[] = [min, max, maxLength, pattern, oneOf];

/** The checks of a column; null where it has none. */
export function compileRules(column: ColumnPlan): readonly Check[] | null {
  const checks = RULES.map((rule) => rule.compile(column)).filter((check) => check !== null);
  return checks.length === 0 ? null : checks;
}

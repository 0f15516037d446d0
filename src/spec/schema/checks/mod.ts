import { acceptedValues } from "./accepted_values.ts";
import type { CheckPlug } from "./check_plug.ts";
import { drift } from "./drift.ts";
import { foreignKey } from "./foreign_key.ts";
import { freshness } from "./freshness.ts";
import { nullRate } from "./null_rate.ts";
import { range } from "./range.ts";
import { rowCount } from "./row_count.ts";
import { rowDiff } from "./row_diff.ts";
import { sql } from "./sql.ts";
import { unique } from "./unique.ts";
import { z } from "../../zod.ts";

/** Every kind of check, as a pipeline file names it. */
export const CHECKS = {
  row_count: rowCount,
  null_rate: nullRate,
  unique,
  range,
  accepted_values: acceptedValues,
  foreign_key: foreignKey,
  freshness,
  drift,
  row_diff: rowDiff,
  sql,
} as const;

type Checks = typeof CHECKS;

/** A check by its kind, with the options of the kind; null where the file leaves one out. */
export type CheckKind = {
  readonly [Kind in keyof Checks]: { readonly kind: Kind } & ReturnType<Checks[Kind]["build"]>;
}[keyof Checks];

/** The plug of a kind. */
export function plugOf(kind: CheckKind["kind"]): CheckPlug {
  // The table pairs each kind with its own options, which a lookup by name cannot show.
  return CHECKS[kind] as CheckPlug;
}

/** One check: a mapping with its kind as the only key. */
const checkSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(CHECKS).map(([kind, { schema }]) => [kind, schema.optional()]),
  ) as Record<CheckKind["kind"], z.ZodOptional<z.ZodType>>,
).superRefine((check, context) => {
  const kinds = Object.keys(check);
  // An unknown key is told already, and its value is gone.
  if (kinds.length === 1 || context.issues.length > 0) return;
  const message = kinds.length === 0
    ? "This is not a check"
    : `"${kinds.join('" and "')}" are ${kinds.length} checks: give each a dash of its own`;
  const hint = kinds.length === 0 ? `Checks: ${Object.keys(CHECKS).join(", ")}` : undefined;
  context.addIssue({ code: "custom", message, params: { hint } });
}).meta({
  minProperties: 1,
  maxProperties: 1,
  standIn: { row_count: { min: 0 } },
  elsewhere: {
    expression_is_true: "rules.<name>",
    expect_column_pair_values_a_to_be_greater_than_b: "rules.<name>",
    pattern: "columns.<name>.pattern",
    regex: "columns.<name>.pattern",
    expect_column_values_to_match_regex: "columns.<name>.pattern",
  },
});

/** `checks:` */
export const checksSchema = z.array(checkSchema).describe(
  "What must hold of a load as a whole before anybody sees it",
).meta({
  words: ["tests", "data_tests", "assertions", "expectations", "quality"],
});

export type CheckInput = z.output<typeof checkSchema>;

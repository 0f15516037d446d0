import type { CheckKind } from "../../spec/checks_spec.ts";
import { acceptedValues } from "./accepted_values.ts";
import type { CheckPlug, CheckSql, CheckSqlInput } from "./check.ts";
import { drift } from "./drift.ts";
import { foreignKey } from "./foreign_key.ts";
import { freshness } from "./freshness.ts";
import { nullRate } from "./null_rate.ts";
import { range } from "./range.ts";
import { rowCount } from "./row_count.ts";
import { rowDiff } from "./row_diff.ts";
import { sql } from "./sql.ts";
import { unique } from "./unique.ts";

/** Every kind of check. */
export const CHECKS: { readonly [Kind in CheckKind["kind"]]: CheckPlug<Kind> } = {
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
};

/** The SQL of a check, whatever its kind. */
export function checkSql(check: CheckKind, context: CheckSqlInput): CheckSql {
  // The table pairs each kind with its own options, which a lookup by name cannot show.
  return (CHECKS[check.kind] as CheckPlug<CheckKind["kind"]>)(check as never, context);
}

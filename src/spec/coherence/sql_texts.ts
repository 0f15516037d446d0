import { type SqlFault, sqlFault } from "../../core/sql_text.ts";
import type { Report } from "../report.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";

/** A rule is one condition: it stands in brackets among others, and must stay in them. */
export const ruleSql: Check = ({ rules }, report, input) => {
  for (const { name, check } of rules) {
    const path = typeof input.rules[name] === "string" ? ["rules", name] : ["rules", name, "check"];
    tell(`Rule "${name}" is not a condition`, check, path, report);
  }
};

/** So does the expression of a column. */
export const expressionSql: Check = ({ columns }, report) => {
  for (const { name, expression } of columns) {
    if (expression === undefined) continue;
    const path = ["columns", name, "expression"];
    tell(`Column "${name}" has no expression`, expression, path, report, IN_BRACES);
  }
};

/** So is the query of a check. */
export const checkSql: Check = ({ placedChecks }, report) => {
  for (const { check, path } of placedChecks) {
    if (check.kind !== "sql") continue;
    const query = check.query.trim().replace(/;$/, "");
    tell(`Check "${check.name}" is not a query`, query, [...path, "query"], report);
  }
};

/** Characters that are shown from the place of a fault on. */
const SHOWN = 20;

const CLOSED = "Write one expression, with its brackets, quotes and comments closed";
const IN_BRACES = `${CLOSED}; in braces a comma ends a value: put the expression in quotes`;

function tell(what: string, sql: string, path: Path, report: Report, hint = CLOSED): void {
  const fault: SqlFault | null = sqlFault(sql);
  if (fault !== null) tellFault(what, sql, fault, path, report, hint);
}

/** Reports why SQL would not stay within its brackets. */
export function tellFault(
  what: string,
  sql: string,
  { offset, message }: SqlFault,
  path: Path,
  report: Report,
  hint = CLOSED,
): void {
  const place = sql.slice(offset, offset + SHOWN).toWellFormed();
  report.value(
    path,
    "spec/bad_sql",
    `${what}: ${message}, at ${JSON.stringify(place)}`,
    hint,
  );
}

import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { Statement, TableName } from "../load_plan.ts";
import type { Merge } from "./merge.ts";
import { mergeChanged } from "./narrow.ts";
import { columnList, counted, expectNone, keyIn, lockTarget, sameKey, sameValues } from "./sql.ts";

/** Rows with a known key are updated where they differ, others inserted, vanished ones deleted. */
export function mergeByKey(merge: Merge): readonly Statement[] {
  const { beforeTable, after, columns } = merge;
  return mergeChanged(merge, null, {
    before: "The rows that this load changes or removes, as they are now: rollback puts them back",
    unchanged: "Rows that are there already, to the byte, are left alone",
  }, applyChange(merge, beforeTable, after, columns));
}

/** Takes back what {@link mergeByKey} did, or does it again, unless somebody changed it since. */
export function moveByKey(merge: Merge, direction: "undo" | "redo"): readonly Statement[] {
  const { target, after, beforeTable } = merge;
  const [from, to] = direction === "undo" ? [after, beforeTable] : [beforeTable, after];
  const written = direction === "undo" ? merge.restored : merge.columns;
  return [
    lockTarget(target),
    ...requireUntouched(merge, from, to),
    ...applyChange(merge, from, to, written),
  ];
}

/** Turns the rows of `from`, which the target holds, into the rows of `to`. */
function applyChange(
  { target, key, match, columns }: Merge,
  from: TableName,
  to: TableName,
  written: readonly string[],
): Statement[] {
  const table = quoteTable(target);
  const values = columns.filter((name) => !key.includes(name));
  const assignments = values.map((name) => `${quoteIdent(name)} = n.${quoteIdent(name)}`);
  const statements: Statement[] = [];
  statements.push(counted(
    `delete from ${table} t using ${quoteTable(from)} o
where ${sameKey(match, "t", "o")} and not ${keyIn(match, to, "n", "o")}`,
    "rows_deleted",
    "Rows whose key is gone",
  ));
  if (assignments.length > 0) {
    statements.push(counted(
      `update ${table} t set ${assignments.join(", ")}
from ${quoteTable(to)} n, ${quoteTable(from)} o
where ${sameKey(match, "t", "n")} and ${sameKey(match, "o", "n")}`,
      "rows_updated",
      "Rows whose key is known and whose values differ",
    ));
  }
  statements.push(counted(
    `insert into ${table} (${columnList(written)}) overriding system value
select ${columnList(written, "n")} from ${quoteTable(to)} n
where not ${keyIn(match, from, "o", "n")}`,
    "rows_inserted",
    "Rows whose key is new",
  ));
  return statements;
}

function requireUntouched(
  { target, key, match, compared }: Merge,
  from: TableName,
  to: TableName,
): Statement[] {
  const table = quoteTable(target);
  return [
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "o")} from ${quoteTable(from)} o
  where not exists (select from ${table} t
    where ${sameKey(match, "t", "o")} and ${sameValues(compared, "t", "o")}) limit 5) e`,
      "Rows of this version were changed or deleted since",
      "Continuing would lose later changes",
    ),
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "n")} from ${quoteTable(to)} n
  where not ${keyIn(match, from, "o", "n")} and ${keyIn(match, target, "t", "n")} limit 5) e`,
      "Rows with these keys were added since",
      "Continuing would lose later changes",
    ),
  ];
}

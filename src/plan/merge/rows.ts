import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { Statement, TableName } from "../load_plan.ts";
import { nameOf, recordTable } from "../identity.ts";
import type { Merge } from "./merge.ts";
import { narrow } from "./narrow.ts";
import {
  columnList,
  counted,
  expectNone,
  keyIn,
  lockTarget,
  rowText,
  sameKey,
  statement,
} from "./sql.ts";

/** Adds the rows of the load; where there is a key, only those whose key is not there yet. */
export function appendRows(merge: Merge): readonly Statement[] {
  const { target, after, key, match } = merge;
  const statements: Statement[] = [];
  if (key.length > 0) {
    const { find, shrink } = narrow(
      merge,
      sameKey(match, "s", "t"),
      "rows_known",
      "Rows whose key is there already are left alone",
    );
    statements.push(
      lockTarget(target),
      ...find,
      ...shrink,
    );
  }
  return [...statements, insertAll(merge, after, merge.columns)];
}

/** Deletes the rows that the load stands for and adds its own. */
export function replaceRows(merge: Merge): readonly Statement[] {
  const { target, beforeTable, after, scope } = merge;
  const where = scope === null ? "" : `\nwhere ${scope}`;
  return [
    lockTarget(target),
    statement(
      `create table ${quoteTable(beforeTable)} as
select t.* from ${quoteTable(target)} t${where}`,
      "The rows that this load replaces: rollback puts them back",
    ),
    recordTable(nameOf(target), beforeTable, "before"),
    counted(
      `delete from ${quoteTable(target)} t${where}`,
      "rows_deleted",
      "The rows that this load replaces",
    ),
    insertAll(merge, after, merge.columns),
  ];
}

/** Takes back what {@link appendRows} or {@link replaceRows} did, or does it again. */
export function moveRows(merge: Merge, direction: "undo" | "redo"): readonly Statement[] {
  const { target, after, beforeTable, before } = merge;
  const removed = direction === "undo" ? after : before ? beforeTable : null;
  const added = direction === "undo" ? (before ? beforeTable : null) : after;
  const written = direction === "undo" ? merge.restored : merge.columns;
  return [
    lockTarget(target),
    ...(removed === null ? [] : removeRows(merge, removed)),
    ...(direction === "redo" && merge.key.length > 0 ? [requireAbsent(merge)] : []),
    ...(added === null ? [] : [insertAll(merge, added, written)]),
  ];
}

function insertAll({ target }: Merge, from: TableName, columns: readonly string[]): Statement {
  return counted(
    `insert into ${quoteTable(target)} (${columnList(columns)}) overriding system value
select ${columnList(columns, "n")} from ${quoteTable(from)} n`,
    "rows_inserted",
    "All of them at once, in this transaction",
    `ROW EXCLUSIVE on ${target.schema}.${target.table}, as long as the insert takes`,
  );
}

function requireAbsent({ target, after, key, match }: Merge): Statement {
  return expectNone(
    `select to_jsonb(e) as example from (
  select ${columnList(key, "s")} from ${quoteTable(after)} s
  where ${keyIn(match, target, "t", "s")} limit 5) e`,
    "Rows with these keys were added since",
    "No key may be there twice",
  );
}

/**
 * Deletes as many rows of the target as `removed` has of each kind.
 *
 * Rows without a key are told apart by all their values alone; which of several equal ones goes is
 * all the same.
 */
function removeRows(merge: Merge, removed: TableName): Statement[] {
  const { target, key, match } = merge;
  const columns = merge.columns;
  const table = quoteTable(target);
  // With a key the join finds the candidates, without one every row of the scope is looked at.
  const narrow = [
    ...(merge.scope === null ? [] : [`(${merge.scope})`]),
    ...(key.length === 0
      ? []
      : [`exists (select from ${quoteTable(removed)} k where ${sameKey(match, "k", "t")})`]),
  ];
  const common = `gone as (
  select ${rowText(columns, "g")} as image, count(*) as copies,
    (array_agg(${quoteIdent("g")}))[1] as example
  from ${quoteTable(removed)} g group by 1
), present as (
  select t.tableoid as part, t.ctid as place, ${rowText(columns, "t")} as image,
    row_number() over (partition by ${rowText(columns, "t")} order by t.ctid desc) as copy
  from ${table} t${narrow.length === 0 ? "" : `\n  where ${narrow.join(" and ")}`}
)`;
  return [
    expectNone(
      `with ${common}
select to_jsonb(g.example) as example from gone g
where g.copies > (select count(*) from present p where p.image = g.image) limit 5`,
      "Rows of this version were changed or deleted since",
      "Continuing would lose later changes",
    ),
    counted(
      `delete from ${table} t using (
  with ${common}
  select p.part, p.place from present p join gone g on g.image = p.image and p.copy <= g.copies
) d
where t.tableoid = d.part and t.ctid = d.place`,
      "rows_deleted",
      "The rows of this version, as many of each as it added",
    ),
  ];
}

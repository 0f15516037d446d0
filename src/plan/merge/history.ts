import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { Statement } from "../load_plan.ts";
import type { Merge } from "./merge.ts";
import { mergeChanged } from "./narrow.ts";
import {
  columnList,
  counted,
  expectNone,
  type Key,
  keyIn,
  lockTarget,
  sameKey,
  sameValues,
} from "./sql.ts";

/** A new version of each changed row; the one before is closed. */
export function mergeHistory(merge: Merge): readonly Statement[] {
  return mergeChanged(merge, 't."_current"', {
    before: "The rows that this load closes, as they are now: rollback reopens them",
    unchanged: "Rows that are current already, to the byte, get no new version",
  }, forward(merge));
}

/** Takes the new versions away and reopens what they closed; or does it again. */
export function moveHistory(merge: Merge, direction: "undo" | "redo"): readonly Statement[] {
  return direction === "undo"
    ? [lockTarget(merge.target), ...backward(merge)]
    : [lockTarget(merge.target), ...requireReopened(merge), ...forward(merge)];
}

function forward({ target, after, beforeTable, match, columns, moment }: Merge): Statement[] {
  const table = quoteTable(target);
  return [
    counted(
      `update ${table} t set "_valid_to" = ${moment}, "_current" = false
from ${quoteTable(beforeTable)} b
where ${sameVersion(match, "t", "b")} and t."_current"`,
      "rows_deleted",
      "Close the versions that are no longer current",
    ),
    counted(
      `insert into ${table} (${
        columnList(columns)
      }, "_valid_from", "_valid_to", "_current") overriding system value
select ${columnList(columns, "s")}, ${moment}, null, true from ${quoteTable(after)} s`,
      "rows_inserted",
      "The new versions, all from the same moment on",
    ),
  ];
}

function backward({ target, after, beforeTable, key, match, compared }: Merge): Statement[] {
  const table = quoteTable(target);
  return [
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "s")} from ${quoteTable(after)} s
  where not exists (select from ${table} t where t."_current" and ${sameKey(match, "t", "s")}
    and ${sameValues(compared, "t", "s")}) limit 5) e`,
      "Rows of this version were changed, closed or deleted since",
      "Continuing would lose later changes",
    ),
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "b")} from ${quoteTable(beforeTable)} b
  where not ${keyIn(match, after, "s", "b")}
    and exists (select from ${table} t where t."_current" and ${
        sameKey(match, "t", "b")
      }) limit 5) e`,
      "Rows with these keys were added since",
      "Continuing would lose later changes",
    ),
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "b")} from ${quoteTable(beforeTable)} b
  where not exists (select from ${table} t where ${sameVersion(match, "t", "b")}
    and not t."_current") limit 5) e`,
      "Rows that this version closed were deleted since",
      "They could not be reopened",
    ),
    counted(
      `delete from ${table} t using ${quoteTable(after)} s
where t."_current" and ${sameKey(match, "t", "s")}`,
      "rows_deleted",
      "The versions that this load made",
    ),
    counted(
      `update ${table} t set "_valid_to" = null, "_current" = true
from ${quoteTable(beforeTable)} b
where ${sameVersion(match, "t", "b")}`,
      "rows_updated",
      "Reopen what this load had closed",
    ),
  ];
}

function requireReopened({ target, after, beforeTable, key, match }: Merge): Statement[] {
  const table = quoteTable(target);
  return [
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "b")} from ${quoteTable(beforeTable)} b
  where not exists (select from ${table} t where ${sameVersion(match, "t", "b")}
    and t."_current") limit 5) e`,
      "Rows that this version closes were changed or deleted since",
      "Continuing would lose later changes",
    ),
    expectNone(
      `select to_jsonb(e) as example from (
  select ${columnList(key, "s")} from ${quoteTable(after)} s
  where not ${keyIn(match, beforeTable, "b", "s")}
    and exists (select from ${table} t where t."_current" and ${
        sameKey(match, "t", "s")
      }) limit 5) e`,
      "Rows with these keys were added since",
      "Continuing would lose later changes",
    ),
  ];
}

function sameVersion(match: Key, a: string, b: string): string {
  return `${sameKey(match, a, b)} and ${a}.${quoteIdent("_valid_from")} = ${b}.${
    quoteIdent("_valid_from")
  }`;
}

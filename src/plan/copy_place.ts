import { OFFSET_COLUMN } from "../core/names.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { IsolationPlan, PartitionPlan, RowsPlan, Statement, TableName } from "./load_plan.ts";

/** The table that COPY fills. */
interface CopyPlace {
  /** Texts of the file, values without what rows can break, or the rows as they are published. */
  readonly kind: "texts" | "raw" | "staging";
  readonly table: TableName;
  /** Rows carry their place in the file, whatever {@link RowsPlan} says. */
  readonly offsetColumn?: boolean;
}

/** @param isolation of an attempt that looks for the rows that Postgres refuses */
export function copyPlace(
  { staging, conversion, compute }: PartitionPlan,
  isolation: IsolationPlan | null,
): CopyPlace {
  if (conversion !== null) {
    return { kind: "texts", table: conversion.texts, offsetColumn: conversion.offsetColumn };
  }
  if (isolation !== null) {
    return { kind: "raw", table: isolation.raw, offsetColumn: isolation.offsetColumn };
  }
  return compute === null
    ? { kind: "staging", table: staging }
    : { kind: "raw", table: compute.raw };
}

/** What COPY is told, to be shown: it is no statement that is executed, rows are streamed into it. */
export function copyStatement(rows: RowsPlan, partition: PartitionPlan, why: string): Statement {
  const { table, offsetColumn = rows.offsetColumn } = copyPlace(partition, null);
  const names = [
    ...rows.columns.map(({ name }) => name),
    ...partition.constants.map(({ name }) => name),
    ...(rows.lineColumn ? ["_source_line"] : []),
    ...(offsetColumn ? [OFFSET_COLUMN] : []),
  ];
  const columns = names.map(quoteIdent).join(", ");
  return {
    sql: `copy ${quoteTable(table)} (${columns})\nfrom stdin with (format binary)`,
    params: [],
    why,
    lock: null,
  };
}

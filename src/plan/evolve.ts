import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { ColumnInfo, TableInfo } from "../db/catalog.ts";
import { HISTORY_COLUMNS, type Layout, type LayoutColumn } from "./layout.ts";
import type { Statement, TableName } from "./load_plan.ts";
import { catalogType, sqlType } from "./sql_types.ts";
import { type TypeChange, typeChange } from "./widening.ts";

/** What the table that stands lacks, or has otherwise than the pipeline. */
export interface Evolution {
  readonly statements: readonly Statement[];
  /** What no statement may mend; empty where the pipeline can load. */
  readonly differences: readonly string[];
  /** Differences that `--allow-destructive` would mend. */
  readonly destructive: boolean;
}

/** Tables that must change with the target, so that rollback can use them. */
export interface Evolving {
  readonly layout: Layout;
  readonly table: TableInfo;
  /** Sluice made the table; others are never altered. */
  readonly managed: boolean;
  readonly allowDestructive: boolean;
  /** Detached versions, and the tables of merges. */
  readonly kept: readonly TableName[];
}

/** Compares the table with the pipeline's columns. Pure. */
export function evolve(input: Evolving): Evolution {
  const { layout, table, managed } = input;
  const present = new Map(table.columns.map((column) => [column.name, column]));
  const statements: Statement[] = [];
  const differences: string[] = [];
  let destructive = false;
  for (const column of layout.columns) {
    const there = present.get(column.name);
    if (there === undefined) {
      if (managed && canAdd(layout, column)) statements.push(...addColumn(input, column));
      else differences.push(`column "${column.name}" is missing in the table`);
      continue;
    }
    if (there.type !== catalogType(column.type)) {
      const change = typeChange(there.type, column.type);
      const fixed = !managed || column.name === layout.partitionColumn;
      if (!fixed && (change !== "destructive" || input.allowDestructive)) {
        statements.push(...changeType(input, column, there, change));
      } else {
        destructive ||= !fixed;
        differences.push(
          `column "${column.name}" is ${there.type} in the table, ${
            sqlType(column.type)
          } in the pipeline${
            managed && fixed
              ? ", and Postgres cannot change it: the table is partitioned by it"
              : ""
          }`,
        );
      }
    }
    if (there.notNull && !column.notNull) {
      if (managed) statements.push(dropNotNull(layout, there, "may be NULL in the pipeline"));
      else {
        differences.push(
          `column "${column.name}" is NOT NULL in the table, not required in the pipeline`,
        );
      }
    }
  }
  for (const column of table.columns) {
    if (layout.columns.some(({ name }) => name === column.name)) continue;
    if (!column.notNull || column.default !== null || column.generated) continue;
    if (managed) {
      statements.push(
        dropNotNull(layout, column, "is no longer in the pipeline: it stays, as NULL"),
      );
    } else {
      differences.push(
        `column "${column.name}" of the table is NOT NULL and not in the pipeline`,
      );
    }
  }
  return { statements, differences, destructive };
}

/** What tells rows or versions apart cannot come later: the rows there would have no value. */
function canAdd(layout: Layout, { name }: LayoutColumn): boolean {
  return name !== layout.partitionColumn && !layout.uniqueColumns.includes(name) &&
    !HISTORY_COLUMNS.some((column) => column.name === name);
}

function addColumn({ layout, kept }: Evolving, { name, type }: LayoutColumn): Statement[] {
  return [layout.target, ...kept].map((table) => ({
    sql: `alter table ${quoteTable(table)} add column ${quoteIdent(name)} ${sqlType(type)}`,
    params: [],
    why: table === layout.target
      ? `Column "${name}" is new in the pipeline; it is NULL in the rows that are there`
      : "A version kept for rollback must have the same columns",
    lock: table === layout.target ? exclusive(layout, "for milliseconds") : null,
  }));
}

function changeType(
  { layout, kept }: Evolving,
  { name, type }: LayoutColumn,
  there: ColumnInfo,
  change: TypeChange,
): Statement[] {
  const column = quoteIdent(name);
  const sql = sqlType(type);
  const duration = change === "relabel" ? "for milliseconds" : "while every row is written anew";
  return [layout.target, ...kept].map((table) => ({
    sql: `alter table ${
      quoteTable(table)
    } alter column ${column} type ${sql} using ${column}::${sql}`,
    params: [],
    why: table !== layout.target
      ? "A version kept for rollback must have the same columns"
      : change === "destructive"
      ? `--allow-destructive: ${there.type} becomes ${sql}; a value that does not fit stops the run`
      : `${there.type} becomes ${sql}, which holds every value of it`,
    lock: table === layout.target ? exclusive(layout, duration) : null,
  }));
}

function dropNotNull(layout: Layout, { name }: ColumnInfo, why: string): Statement {
  return {
    sql: `alter table ${quoteTable(layout.target)} alter column ${quoteIdent(name)} drop not null`,
    params: [],
    why: `Column "${name}" ${why}`,
    lock: exclusive(layout, "for milliseconds"),
  };
}

function exclusive({ target }: Layout, duration: string): string {
  return `ACCESS EXCLUSIVE on ${target.schema}.${target.table}, ${duration}`;
}

import { SluiceError } from "../core/error.ts";
import { parentIndexName } from "../core/names.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { Catalog, TableInfo } from "../db/catalog.ts";
import type { Migration } from "../ledger/migrations.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Layout } from "./layout.ts";
import type { Statement } from "./load_plan.ts";
import { catalogType, sqlType } from "./sql_types.ts";

/** An index that the parent has and that each staging table must have as well. */
export interface TargetIndex {
  /** Name on the parent. */
  readonly name: string;
  /** What follows `create index NAME on TABLE`. */
  readonly definition: string;
  readonly unique: boolean;
}

/** The indexes of the target: the idempotency key first, then the declared ones. */
export function targetIndexes(
  spec: PipelineSpec,
  layout: Layout,
  serverVersion: number,
): readonly TargetIndex[] {
  const { table } = layout.target;
  const declared = spec.target.indexes.map(({ columns, method }) => ({
    name: parentIndexName(table, columns),
    definition: `using ${method} (${columns.map(quoteIdent).join(", ")})`,
    unique: false,
  }));
  if (layout.uniqueColumns.length === 0) return declared;
  // Two rows whose key is equal up to NULLs are duplicates. Postgres 14 cannot say so in an index:
  // there the deduplication in staging alone holds it.
  const nulls = serverVersion >= 150000 ? " nulls not distinct" : "";
  const unique = {
    name: parentIndexName(table, "key"),
    definition: `using btree (${layout.uniqueColumns.map(quoteIdent).join(", ")})${nulls}`,
    unique: true,
  };
  return [unique, ...declared];
}

/** Statements that make what the target lacks; empty once everything stands. */
export function setupStatements(
  layout: Layout,
  indexes: readonly TargetIndex[],
  catalog: Catalog,
  migrations: readonly Migration[],
): readonly Statement[] {
  const statements: Statement[] = migrations.flatMap(({ number, why, statements }) => [
    ...statements.map((sql) => ({ sql, params: [], why, lock: null })),
    {
      sql: `insert into sluice.migrations (number) values ($1)`,
      params: [number],
      why: `Record that migration ${number} is applied`,
      lock: null,
    },
  ]);
  const { target } = layout;
  if (!catalog.schemaExists) {
    statements.push({
      sql: `create schema if not exists ${quoteIdent(target.schema)}`,
      params: [],
      why: "The schema does not exist yet",
      lock: null,
    });
  }
  if (catalog.table === null) statements.push(createParent(layout));
  const existing = new Set(catalog.table?.indexes.map(({ name }) => name));
  for (const index of indexes) {
    if (existing.has(index.name)) continue;
    statements.push({
      sql: `create ${index.unique ? "unique " : ""}index ${quoteIdent(index.name)}
  on ${quoteTable(target)} ${index.definition}`,
      params: [],
      why: index.unique
        ? "The idempotency key: no version can hold a key twice"
        : "Declared under target.indexes",
      lock: catalog.table === null ? null : `SHARE on ${target.schema}.${target.table}`,
    });
  }
  return statements;
}

function createParent(layout: Layout): Statement {
  const columns = layout.columns.map(({ name, type, notNull }) =>
    `  ${quoteIdent(name)} ${sqlType(type)}${notNull ? " not null" : ""}`
  );
  return {
    sql: `create table ${quoteTable(layout.target)} (
${columns.join(",\n")}
) partition by ${layout.strategy} (${quoteIdent(layout.partitionColumn)})`,
    params: [],
    why: "The target: a partitioned parent, so that publishing is an exchange of partitions",
    lock: null,
  };
}

/**
 * Refuses a target that this pipeline could not publish into.
 *
 * @throws SluiceError `plan/target_not_partitioned`, `plan/target_differs`
 */
export function requireMatchingTarget(layout: Layout, catalog: Catalog): void {
  if (catalog.table === null) return;
  const name = `${layout.target.schema}.${layout.target.table}`;
  requirePartitioned(name, layout, catalog.table);
  const differences = columnDifferences(layout, catalog.table);
  if (differences.length === 0) return;
  throw new SluiceError(
    "plan/target_differs",
    `Table "${name}" does not have the columns of the pipeline: ${differences.join("; ")}`,
    {
      hint:
        "Change the columns in the pipeline file back, alter the table, or choose another target.table",
    },
  );
}

function requirePartitioned(name: string, layout: Layout, table: TableInfo): void {
  const key = table.partitionKey;
  const wanted = `${layout.strategy} (${layout.partitionColumn})`;
  if (key === null) {
    throw new SluiceError(
      "plan/target_not_partitioned",
      `"${name}" exists as a ${table.kind} that Sluice did not make`,
      {
        hint:
          "Loading into such a table is not available yet: name another target.table, or rename the old one",
      },
    );
  }
  if (
    key.strategy !== layout.strategy || key.columns.length !== 1 ||
    key.columns[0] !== layout.partitionColumn
  ) {
    throw new SluiceError(
      "plan/target_not_partitioned",
      `"${name}" is partitioned by ${key.strategy} (${
        key.columns.join(", ")
      }), the pipeline needs ${wanted}`,
      { hint: "Name another target.table, or rename the old one" },
    );
  }
}

function columnDifferences(layout: Layout, table: TableInfo): string[] {
  const wanted = new Map(layout.columns.map((column) => [column.name, column]));
  const present = new Map(table.columns.map((column) => [column.name, column]));
  const differences: string[] = [];
  for (const [name, column] of wanted) {
    const there = present.get(name);
    if (there === undefined) differences.push(`column "${name}" is missing in the table`);
    else if (there.type !== catalogType(column.type)) {
      differences.push(
        `column "${name}" is ${there.type} in the table, ${sqlType(column.type)} in the pipeline`,
      );
    } else if (there.notNull && !column.notNull) {
      differences.push(`column "${name}" is NOT NULL in the table, not required in the pipeline`);
    }
  }
  for (const [name, column] of present) {
    if (!wanted.has(name) && column.notNull && column.default === null) {
      differences.push(`column "${name}" of the table is NOT NULL and not in the pipeline`);
    }
  }
  return differences;
}

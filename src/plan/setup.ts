import { SluiceError } from "../core/error.ts";
import { nextName, parentIndexName } from "../core/names.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { Catalog } from "../db/catalog/catalog.ts";
import type { Migration } from "../ledger/migrations.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Evolution } from "./evolve.ts";
import { nameOf, recordTable, requireKeptTable, requireTarget } from "./identity.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import type { Layout } from "./layout.ts";
import type { Statement, TableName } from "./load_plan.ts";
import { identifyTarget } from "./replica_identity.ts";
import { recordTarget } from "./record_target.ts";
import { sqlType } from "./sql_types.ts";

/** An index of the target; staging must have it as well where it takes the target's place. */
export interface TargetIndex {
  /** Name on the target. */
  readonly name: string;
  /** What follows `create index NAME on TABLE`. */
  readonly definition: string;
  /** The condition after WHERE, on the target only; null: all rows are in it. */
  readonly where: string | null;
  readonly unique: boolean;
}

/** The indexes of the target: the idempotency key first, then the declared ones. */
export function targetIndexes(
  spec: PipelineSpec,
  layout: Layout,
  { serverVersion, table: standing }: Pick<Catalog, "serverVersion" | "table">,
  /** Names that cannot be given any more. */
  names: readonly string[],
): readonly TargetIndex[] {
  const { table } = layout.target;
  const nameFor = (wish: string) => indexName(wish, standing?.indexes ?? [], names);
  const declared = spec.target.indexes.map(({ columns, method }) => ({
    name: nameFor(parentIndexName(table, columns)),
    definition: `using ${method} (${columns.map(quoteIdent).join(", ")})`,
    where: null,
    unique: false,
  }));
  if (layout.uniqueColumns.length === 0) return declared;
  // Two rows whose key is equal up to NULLs are duplicates. Postgres 14 cannot say so in an index:
  // there the deduplication in staging alone holds it.
  const nulls = serverVersion >= 150000 ? " nulls not distinct" : "";
  const unique = {
    name: nameFor(parentIndexName(table, "key")),
    definition: `using btree (${layout.uniqueColumns.map(quoteIdent).join(", ")})${nulls}`,
    where: spec.refresh.mode === "history" ? quoteIdent("_current") : null,
    unique: true,
  };
  return [unique, ...declared];
}

/** The name that the table's index has, or that a new one can have: a renamed table keeps its own. */
function indexName(
  wish: string,
  standing: readonly { readonly name: string }[],
  taken: readonly string[],
): string {
  const candidate = (n: number) => n === 0 ? wish : nextName(wish, n);
  for (let n = 0; n < taken.length + 1; n++) {
    if (standing.some(({ name }) => name === candidate(n))) return candidate(n);
  }
  for (let n = 0;; n++) {
    if (!taken.includes(candidate(n))) return candidate(n);
  }
}

/** What making or mending the target depends on. */
export interface SetupInput {
  readonly spec: PipelineSpec;
  readonly layout: Layout;
  readonly indexes: readonly TargetIndex[];
  readonly catalog: Catalog;
  readonly migrations: readonly Migration[];
  readonly managed: boolean;
  /** Loads are merged into it. */
  readonly merges: boolean;
  /** Null where the table does not stand yet. */
  readonly evolution: Evolution | null;
  /** Remembers what the file asks for. */
  readonly record: readonly Statement[];
  /** Tables that change with it. */
  readonly kept: readonly OwnedTable[];
  /** Partitions that a merge needs and that do not stand: name, and bound. */
  readonly leaves: readonly { readonly name: TableName; readonly bound: string }[];
}

/** Statements that make what the target lacks; empty once everything stands. */
export function setupStatements(input: SetupInput): readonly Statement[] {
  const { layout, catalog, evolution } = input;
  const { target } = layout;
  const statements: Statement[] = input.migrations.flatMap(({ number, why, statements }) => [
    ...statements.map((sql) => ({ sql, params: [], why, lock: null, migration: number })),
    {
      sql: `insert into sluice.migrations (number) values ($1)`,
      params: [number],
      why: `Record that migration ${number} is applied`,
      lock: null,
      migration: number,
    },
  ]);
  if (!catalog.schemaExists) {
    statements.push({
      sql: `select pg_advisory_xact_lock(hashtextextended('sluice:schema:' || $1::text, 0))`,
      params: [target.schema],
      why: "First runs of two targets take turns: Postgres lets only one of two make a schema",
      lock: null,
      ifMissing: true,
    }, {
      sql: `create schema if not exists ${quoteIdent(target.schema)}`,
      params: [],
      why: "The schema does not exist yet",
      lock: null,
      ifMissing: true,
    });
  }
  if (catalog.table === null) statements.push(createTarget(layout), recordTarget(layout));
  else if (evolution !== null) {
    requireEvolved(layout, evolution);
    if (evolution.statements.length > 0) {
      statements.push(
        ...requireTarget(target, catalog.table.oid, "share update exclusive"),
        ...input.kept.flatMap(({ now, oid }) => requireKeptTable(now, oid)),
      );
    }
    statements.push(...evolution.statements);
    statements.push(
      ...evolution.statements.filter(({ lock }) => lock !== null).map((change) =>
        recordChange(layout, change)
      ),
    );
  }
  if (input.managed) statements.push(...input.record);
  if (catalog.table !== null && (evolution?.statements.length ?? 0) > 0) {
    statements.push(followTarget(layout, catalog.table.oid));
  }
  for (const { name, bound } of input.leaves) {
    statements.push({
      sql: `create table ${quoteTable(name)} partition of ${quoteTable(target)} ${bound}`,
      params: [],
      why: "The partition that rows are merged into",
      lock: catalog.table === null
        ? null
        : `SHARE UPDATE EXCLUSIVE on ${target.schema}.${target.table}, for milliseconds`,
    }, recordTable(nameOf(target), name, "partition"));
  }
  if (input.managed) statements.push(...createIndexes(input));
  if (input.managed && input.merges) statements.push(...identify(input));
  return statements;
}

/** What {@link setupStatements} do, in words; the ledger's own set-up is told elsewhere. */
export function setupChanges(
  { layout, catalog, evolution, indexes, managed, leaves }: SetupInput,
): readonly string[] {
  const { target } = layout;
  const name = nameOf(target);
  const altered = alterations(target, evolution?.statements ?? []);
  const made = catalog.table === null || !managed ? [] : missingIndexes(indexes, catalog);
  return [
    ...(catalog.schemaExists ? [] : [`creates the schema ${target.schema}`]),
    ...(catalog.table === null ? [`creates ${name}`] : []),
    ...(altered.length === 0 ? [] : [`alters ${name} (${altered.join("; ")})`]),
    ...made.map((index) => `creates the index ${index.name}`),
    ...(catalog.table === null || leaves.length === 0 ? [] : [
      `creates ${leaves.length === 1 ? "a partition" : `${leaves.length} partitions`} of ${name}`,
    ]),
  ];
}

/** Each once; without a lock they are about the ledger, or about tables that no reader sees. */
function alterations(target: TableName, statements: readonly Statement[]): readonly string[] {
  const start = `alter table ${quoteTable(target)} `;
  return [
    ...new Set(
      statements.filter(({ lock }) => lock !== null).map(({ sql, why }) =>
        sql.startsWith(start) ? sql.slice(start.length).replace(/ using .*$/s, "") : why
      ),
    ),
  ];
}

/** Merges update and delete rows of the target; what stands with an identity keeps it. */
function identify({ layout, catalog, leaves }: SetupInput): Statement[] {
  const { table, published } = catalog;
  const plain = table === null && layout.strategy === null ? [layout.target] : [];
  const made = published ? [...plain, ...leaves.map(({ name }) => name)] : [];
  return identifyTarget([...made, ...table?.unidentified ?? []]);
}

/** A table that was made anew around its partitions has the rows of the one before. */
function followTarget({ target }: Layout, before: number): Statement {
  return {
    sql: `update sluice.loads l set target_oid = t.table_oid
from sluice.targets t
where t.target = $1 and l.target = $1 and l.target_oid = $2::oid
  and not exists (select from pg_class c where c.oid = $2::oid)`,
    params: [nameOf(target), before],
    why: "Loads are in the new table where it was rebuilt",
    lock: null,
  };
}

function missingIndexes(indexes: readonly TargetIndex[], { table }: Catalog): TargetIndex[] {
  const existing = new Set(table?.indexes.map(({ name }) => name));
  return indexes.filter(({ name }) => !existing.has(name));
}

function createIndexes({ layout, indexes, catalog }: SetupInput): Statement[] {
  const { target } = layout;
  return missingIndexes(indexes, catalog).map((index) => ({
    sql: `create ${index.unique ? "unique " : ""}index ${quoteIdent(index.name)}
  on ${quoteTable(target)} ${index.definition}${
      index.where === null ? "" : `\n  where ${index.where}`
    }`,
    params: [],
    why: index.unique
      ? "The idempotency key: no version can hold a key twice"
      : "Declared under target.indexes",
    lock: catalog.table === null ? null : `SHARE on ${target.schema}.${target.table}`,
  }));
}

function createTarget(layout: Layout): Statement {
  const columns = layout.columns.map(({ name, type, notNull }) =>
    `  ${quoteIdent(name)} ${sqlType(type)}${notNull ? " not null" : ""}`
  );
  const partitioned = layout.strategy === null
    ? ""
    : ` partition by ${layout.strategy} (${quoteIdent(layout.partitionColumn ?? "")})`;
  return {
    sql: `create table ${quoteTable(layout.target)} (
${columns.join(",\n")}
)${partitioned}`,
    params: [],
    why: layout.strategy === null
      ? "The target: loads are merged into it"
      : "The target: a partitioned parent, so that publishing is an exchange of partitions",
    lock: null,
  };
}

function recordChange({ target }: Layout, { sql, why }: Statement): Statement {
  return {
    sql: `insert into sluice.schema_changes (run_id, target, statement, reason)
values ($1::uuid, $2, $3, $4)`,
    params: [{ fact: "run_id" }, `${target.schema}.${target.table}`, sql, why],
    why: "The ledger's record of the change",
    lock: null,
  };
}

function requireEvolved({ target }: Layout, { differences, destructive, hint }: Evolution): void {
  if (differences.length === 0) return;
  throw new SluiceError(
    "plan/target_differs",
    `Table "${target.schema}.${target.table}" does not have the columns of the pipeline: ${
      differences.join("; ")
    }`,
    {
      hint: destructive
        ? "Change the columns in the pipeline file back, choose another target.table, or convert the values with --allow-destructive"
        : hint ??
          "Change the columns in the pipeline file, alter the table, or choose another target.table",
    },
  );
}

import type { ColumnInfo, TableInfo } from "../db/catalog/catalog.ts";
import type { AskedColumn, Ledger } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { HISTORY_COLUMNS, type Layout, LINEAGE_COLUMNS } from "./layout.ts";
import type { Statement } from "./load_plan.ts";
import { sqlType } from "./sql_types.ts";

/**
 * What the pipeline file asked of each column when it was last run, by name.
 *
 * Where it asks the same as then, what the table has otherwise is somebody else's doing, and stays.
 */
export type Asked = ReadonlyMap<string, AskedColumn>;

/**
 * Reads it from the ledger. Pure.
 *
 * Before version 0.2 nothing was recorded; a file that is the one of the newest load has asked for
 * what it asks for now. Otherwise only the columns that Sluice itself adds are known.
 */
export function askedBefore(
  spec: PipelineSpec,
  layout: Layout,
  table: TableInfo,
  { asked, loads }: Ledger,
): Asked {
  if (asked.length > 0) return new Map(asked.map((column) => [column.name, column]));
  const live = loads.filter(({ state }) => state === "live");
  const unchanged = live.length > 0 && live.every(({ specHash }) => specHash === spec.hash);
  const known = unchanged ? layout.columns : [...LINEAGE_COLUMNS, ...HISTORY_COLUMNS];
  const standing = new Map(table.columns.map((column) => [column.name, column]));
  return new Map(known.map(({ name, type, notNull }) => [name, {
    name,
    type: sqlType(type),
    notNull: notNull && (standing.get(name)?.notNull ?? false),
  }]));
}

/**
 * Records what the file asks for now; nothing where the ledger has it already.
 *
 * @param layout of the pipeline file itself, before it follows the sources or the table
 */
export function recordAsked(
  layout: Layout,
  table: TableInfo | null,
  before: Asked,
  recorded: readonly AskedColumn[],
): Statement[] {
  const standing = new Map(table?.columns.map((column) => [column.name, column]));
  const bound = boundNames(table);
  const now = layout.columns.map(({ name, type, notNull }): AskedColumn => {
    const earlier = before.get(name);
    const mayStay = notNull || bound.has(name);
    return {
      name,
      type: sqlType(type),
      // Only what Sluice made NOT NULL may it make NULL again.
      notNull: table === null
        ? notNull
        : mayStay && (standing.get(name)?.notNull ?? false) && (earlier?.notNull ?? notNull),
    };
  });
  const order = (columns: readonly AskedColumn[]) =>
    JSON.stringify(
      columns.map(({ name, type, notNull }) => [name, type, notNull].join("\n")).sort(),
    );
  if (order(now) === order(recorded)) return [];
  const { schema, table: name } = layout.target;
  return [{
    sql: `with asked as (
  select * from json_to_recordset($2::text::json) as a (name text, type text, "notNull" boolean)
), gone as (
  delete from sluice.target_columns
  where target = $1 and column_name not in (select name from asked)
)
insert into sluice.target_columns (target, column_name, type, not_null)
select $1, name, type, "notNull" from asked
on conflict (target, column_name)
  do update set type = excluded.type, not_null = excluded.not_null`,
    params: [`${schema}.${name}`, JSON.stringify(now)],
    why: "Remember what the file asks for: changes that others make stay",
    lock: null,
  }];
}

/** Whether a NOT NULL of the table is not Sluice's to take away. */
export function keepsNotNull(
  { name, notNull }: ColumnInfo,
  asked: Asked,
  bound: ReadonlySet<string>,
): boolean {
  return notNull && (bound.has(name) || !(asked.get(name)?.notNull ?? false));
}

/** Columns that Postgres keeps NOT NULL for another reason: a primary key, an identity. */
export function boundNames(table: TableInfo | null): ReadonlySet<string> {
  return new Set([
    ...(table?.indexes ?? []).filter(({ primary }) => primary).flatMap(({ columns }) => columns),
    ...(table?.columns ?? []).filter(({ default: value }) => value?.endsWith(" as identity"))
      .map(({ name }) => name),
  ]);
}

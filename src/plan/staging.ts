import { childIndexName, OFFSET_COLUMN, rawTableName, textTableName } from "../core/names.ts";
import { periodBounds } from "../core/period.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import { zonedBounds } from "../core/zoned_period.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { dropOwned, nameOf, recordTable } from "./identity.ts";
import { type Layout, partitionValue } from "./layout.ts";
import type { DeduplicatePlan, PartitionBounds, Statement, TableName } from "./load_plan.ts";
import { identifyStaging, type StagingIdentity } from "./replica_identity.ts";
import type { TargetIndex } from "./setup.ts";
import { sqlType } from "./sql_types.ts";

/** Comment for people who find a staging table; only the ledger proves that it is one. */
export const STAGING_COMMENT = "Sluice staging: not published";

/** The clause after ATTACH PARTITION: which rows the partition holds. */
export function boundClause(spec: PipelineSpec, layout: Layout, partition: string | null): string {
  if (partition === null) return "default";
  const literal = typedLiteral(layout);
  if (layout.strategy === "list") {
    return `for values in (${literal(partitionValue(spec, partition))})`;
  }
  const { start, end } = rangeBounds(spec, layout, partition);
  return `for values from (${literal(start)}) to (${literal(end)})`;
}

/** The bounds that rows must keep, for RANGE partitions. */
export function partitionBounds(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): PartitionBounds | null {
  if (layout.strategy !== "range" || layout.partitionColumn === null || partition === null) {
    return null;
  }
  return { column: layout.partitionColumn, ...rangeBounds(spec, layout, partition) };
}

/** SQL condition over the target as `t`: the rows of one partition; null for all rows. */
export function scopeCondition(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): string | null {
  if (partition === null || layout.partitionColumn === null) return null;
  return partitionCondition(spec, layout, partition, `t.${quoteIdent(layout.partitionColumn)}`);
}

/** Makes a staging table whose rows will be merged, empty, in one transaction. */
export function mergeStageStatements(
  layout: Layout,
  staging: TableName,
  offsetColumn: boolean,
  identity: StagingIdentity,
): readonly Statement[] {
  const columns = layout.loaded.map(({ name }) => quoteIdent(name)).join(", ");
  return [
    {
      sql: `create table ${quoteTable(staging)} as
select ${columns} from ${quoteTable(layout.target)} with no data`,
      params: [],
      why: "Staging: nobody sees it; its rows are merged into the target when they are complete",
      lock: `ACCESS SHARE on ${layout.target.schema}.${layout.target.table}`,
    },
    ...markStaging(layout, staging),
    ...(offsetColumn ? [addOffsetColumn(staging)] : []),
    ...identifyStaging(staging, identity),
  ];
}

/** Makes a staging table that will be the partition, empty, in one transaction. */
export function stageStatements(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  staging: TableName,
  offsetColumn: boolean,
  identity: StagingIdentity,
): readonly Statement[] {
  const statements: Statement[] = [
    {
      sql: `create table ${quoteTable(staging)}
  (like ${
        quoteTable(layout.target)
      } including all excluding indexes excluding identity excluding statistics)`,
      params: [],
      why: "Staging: nobody sees it, and it becomes the partition as it is",
      lock: `ACCESS SHARE on ${layout.target.schema}.${layout.target.table}`,
    },
    ...markStaging(layout, staging),
  ];
  const check = boundsCheck(spec, layout, partition);
  if (check !== null) {
    statements.push({
      sql: `alter table ${quoteTable(staging)} add constraint sluice_partition check (${check})`,
      params: [],
      why: "Implies the partition's bounds, so that ATTACH need not scan under its lock",
      lock: null,
    });
  }
  if (offsetColumn) statements.push(addOffsetColumn(staging));
  return [...statements, ...identifyStaging(staging, identity)];
}

function markStaging({ target }: Layout, staging: TableName): readonly Statement[] {
  return [{
    sql: `comment on table ${quoteTable(staging)} is ${quoteLiteral(STAGING_COMMENT)}`,
    params: [],
    why: "Marks the table for later runs",
    lock: null,
  }, recordTable(nameOf(target), staging, "staging")];
}

function addOffsetColumn(staging: TableName): Statement {
  return {
    sql: `alter table ${quoteTable(staging)} add column ${quoteIdent(OFFSET_COLUMN)} bigint`,
    params: [],
    why: "The position of each row in the file decides which duplicate stays",
    lock: null,
  };
}

/** How rows that share an idempotency key are found and dealt with. */
export function deduplicatePlan(
  spec: PipelineSpec,
  staging: TableName,
  indexes: readonly TargetIndex[],
  serverVersion: number,
): DeduplicatePlan | null {
  const unique = indexes.find((index) => index.unique);
  if (unique === undefined) return null;
  const table = quoteTable(staging);
  const key = spec.idempotencyKey.map(quoteIdent).join(", ");
  const order = spec.onDuplicate === "keep_last" ? " desc" : "";
  const offset = quoteIdent(OFFSET_COLUMN);
  return {
    countFirst: serverVersion < 150000,
    prove: {
      sql: `create unique index ${quoteIdent(childIndexName(staging.table, "key"))}
  on ${table} ${unique.definition}`,
      params: [],
      why: "Proves that no key occurs twice, and is built before anybody waits for it",
      lock: null,
    },
    count: {
      sql: `select coalesce(sum(copies - 1), 0)::bigint as duplicates
from (select count(*) as copies from ${table} group by ${key} having count(*) > 1) d`,
      params: [],
      why: "Counts the rows beyond the first of each key",
      lock: null,
    },
    examples: {
      sql: `select to_jsonb(d) as example
from (select ${key}, count(*) as copies from ${table}
  group by ${key} having count(*) > 1 order by count(*) desc limit 5) d`,
      params: [],
      why: "Shows the keys that occur most often",
      lock: null,
    },
    remove: spec.onDuplicate !== "fail"
      ? {
        sql: `delete from ${table} where ${offset} in (
  select ${offset} from (
    select ${offset}, row_number() over (partition by ${key} order by ${offset}${order}) as n
    from ${table}) d
  where n > 1)
returning ${offset} as "offset"`,
        params: [],
        why: `on_duplicate: ${spec.onDuplicate}`,
        lock: null,
      }
      : null,
  };
}

/** Indexes that the parent will adopt, then statistics for the planner. */
export function finishStatements(
  staging: TableName,
  indexes: readonly TargetIndex[],
  offsetColumn: boolean,
  analyze: Statement,
  /** What else is done before statistics are taken. */
  more: readonly Statement[] = [],
): readonly Statement[] {
  const table = quoteTable(staging);
  const declared = indexes.filter((index) => !index.unique);
  return [
    ...(offsetColumn
      ? [{
        sql: `alter table ${table} drop column ${quoteIdent(OFFSET_COLUMN)}`,
        params: [],
        why: "The position in the file is no longer needed",
        lock: null,
      }]
      : []),
    ...declared.map((index, at) => ({
      sql: `create index ${quoteIdent(childIndexName(staging.table, at + 1))}
  on ${table} ${index.definition}`,
      params: [],
      why: "Built on staging; the parent adopts it at the exchange",
      lock: null,
    })),
    ...more,
    analyze,
  ];
}

/**
 * Removes staging after a failure.
 *
 * A commit whose answer was lost looks like a failure too, and by then the table is live: publishing
 * makes it a version in the ledger, and what is no staging is not dropped.
 */
export function cleanupStatements(staging: TableName): readonly Statement[] {
  const { schema, table } = staging;
  const others = [rawTableName(table), textTableName(table)];
  return [staging, ...others.map((name) => ({ schema, table: name }))].map((table) =>
    dropOwned(
      table,
      ["staging"],
      "Only after a failure: leaves nothing behind, and never drops what was published",
      true,
    )
  );
}

/** What a partition holds: a value of its own, or all from `start` to before `end`. */
export type SlotBounds =
  | { readonly value: string }
  | { readonly start: string; readonly end: string };

/** Null for a whole table, which is the default partition. */
export function slotBounds(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): SlotBounds | null {
  if (partition === null) return null;
  return layout.strategy === "list"
    ? { value: partitionValue(spec, partition) }
    : rangeBounds(spec, layout, partition);
}

function boundsCheck(spec: PipelineSpec, layout: Layout, partition: string | null): string | null {
  if (partition === null || layout.partitionColumn === null) return null;
  return partitionCondition(spec, layout, partition, quoteIdent(layout.partitionColumn));
}

function partitionCondition(
  spec: PipelineSpec,
  layout: Layout,
  partition: string,
  column: string,
): string {
  const literal = typedLiteral(layout);
  if (layout.strategy === "list") {
    return `${column} is not null and ${column} = ${literal(partitionValue(spec, partition))}`;
  }
  const { start, end } = rangeBounds(spec, layout, partition);
  return `${column} is not null and ${column} >= ${literal(start)} and ${column} < ${literal(end)}`;
}

function rangeBounds(spec: PipelineSpec, layout: Layout, partition: string) {
  const by = spec.partitions!.by;
  if (by === "list") {
    throw new Error("RANGE partitions of a list: the spec allowed what it must not");
  }
  const { timezone } = spec.partitions!;
  const isMoment = columnType(layout) === "timestamptz";
  if (isMoment && timezone !== undefined) return zonedBounds(by, partition, timezone);
  const { start, end } = periodBounds(by, partition);
  // Without an offset the session's time zone would decide.
  const zone = isMoment ? "+00" : "";
  const time = zone === "" || start.includes(":") ? "" : " 00:00:00";
  return { start: start + time + zone, end: end + time + zone };
}

function typedLiteral(layout: Layout): (value: string) => string {
  const type = columnType(layout);
  return (value) => `${quoteLiteral(value)}::${type}`;
}

function columnType(layout: Layout): string {
  return sqlType(layout.columns.find(({ name }) => name === layout.partitionColumn)!.type);
}

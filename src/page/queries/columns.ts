import { quoteTable } from "../../core/quote.ts";
import type { Queryable } from "../../db/database.ts";

/** What Postgres has estimated of a column. */
export interface ColumnStatistics {
  readonly name: string;
  /** As DDL writes it. */
  readonly type: string;
  /** Share of rows that are NULL, from 0 to 1; null: the table was never analyzed. */
  readonly null_rate: number | null;
  /** Distinct values; null: not known. */
  readonly distinct: number | null;
}

/**
 * The columns of a target with what ANALYZE saw of them, over all its partitions; none where there
 * is no such table.
 */
export async function readColumnStatistics(
  db: Queryable,
  target: { readonly schema: string; readonly table: string },
): Promise<ColumnStatistics[]> {
  return await db.query<ColumnStatistics>(
    `with target as (select to_regclass($1) as oid),
leaves as (
  select c.oid, c.relname, n.nspname, greatest(c.reltuples, 0)::float8 as rows
  from target t, pg_partition_tree(t.oid) p
  join pg_class c on c.oid = p.relid
  join pg_namespace n on n.oid = c.relnamespace
  where p.isleaf
  union all
  select c.oid, c.relname, n.nspname, greatest(c.reltuples, 0)::float8
  from target t join pg_class c on c.oid = t.oid and c.relkind = 'r'
  join pg_namespace n on n.oid = c.relnamespace
  where not exists (select from pg_partition_tree(t.oid))
)
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  s.null_rate, s.distinct_values as distinct
from target t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join lateral (
  select sum(s.null_frac * l.rows) / nullif(sum(l.rows), 0) as null_rate,
    max(case when s.n_distinct < 0 then -s.n_distinct * l.rows else s.n_distinct end)
      as distinct_values
  from leaves l
  join pg_stats s on s.schemaname = l.nspname and s.tablename = l.relname
    and s.attname = a.attname and not s.inherited
) s on true
order by a.attnum`,
    [quoteTable(target)],
  );
}

import type { Layout } from "./layout.ts";
import type { Statement } from "./load_plan.ts";

/** Only what Sluice made may it alter later. */
export function recordTarget({ target }: Layout): Statement {
  return {
    sql: `insert into sluice.targets (target, table_oid)
select $1, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $2 and c.relname = $3
on conflict (target) do update set table_oid = excluded.table_oid, made_at = clock_timestamp()`,
    params: [`${target.schema}.${target.table}`, target.schema, target.table],
    why: "Remember that this table is Sluice's own: only those are altered later",
    lock: null,
  };
}

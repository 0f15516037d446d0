import type { Queryable } from "./database.ts";

/** What SQL of the pipeline file may change, and our statements behind it rely on. */
const KEPT = [
  "search_path",
  "lock_timeout",
  "statement_timeout",
  "row_security",
  "role",
  "session_replication_role",
  "datestyle",
  "intervalstyle",
  "timezone",
  "extra_float_digits",
  "bytea_output",
  "standard_conforming_strings",
];

/**
 * Runs SQL of the pipeline file in the midst of a transaction of ours: it sees the path that
 * {@link withUserPath} gives it, policies hold, and what it sets ends with it.
 *
 * @param userPath `Database.userPath`
 */
export async function withUserSettings(
  tx: Queryable,
  userPath: string | null,
  work: () => Promise<void>,
): Promise<void> {
  const [{ kept }] = await tx.query<{ kept: string }>(
    `select pg_catalog.json_object_agg(name, pg_catalog.current_setting(name))::text as kept
from pg_catalog.unnest($1::pg_catalog.text[]) as name`,
    [KEPT],
  );
  await tx.query(
    `select pg_catalog.set_config('row_security', 'on', true),
  pg_catalog.set_config('search_path', coalesce($1::pg_catalog.text, pg_catalog.current_setting('search_path')), true)`,
    [userPath],
  );
  await work();
  await tx.query(
    `select pg_catalog.set_config(k.key, k.value, true)
from pg_catalog.json_each_text($1::pg_catalog.text::pg_catalog.json) k
where pg_catalog.current_setting(k.key) operator(pg_catalog.<>) k.value`,
    [kept],
  );
}

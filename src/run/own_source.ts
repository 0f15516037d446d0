import { SluiceError } from "../core/error.ts";
import { sourceName } from "../core/source_name.ts";
import type { Queryable } from "../db/database.ts";
import { isSameDatabase, readIdentity } from "../db/identity.ts";
import { sourcePlan } from "../plan/source_plan.ts";
import type { SourceContext } from "../source/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/**
 * Makes sure that a pipeline does not read the table that it loads, nor a partition of it, as a
 * whole: it would add its own rows to themselves.
 *
 * @throws SluiceError `plan/source_is_target`; `source/…` where the source cannot be asked
 */
export async function requireOtherTable(
  spec: PipelineSpec,
  partitions: readonly (string | null)[],
  db: Queryable,
  context: SourceContext,
): Promise<void> {
  if (spec.source.table === undefined) return;
  const own = await tablesOf(spec, db);
  if (own.size === 0) return;
  const { findSourceTable } = await import("../source/read_table.ts");
  const identity = await readIdentity(db);
  const sources = new Map(
    partitions.map((partition) => {
      const source = sourcePlan(spec, partition);
      return [sourceName(source), source];
    }),
  );
  for (const [name, { table, ...source }] of sources) {
    const found = await findSourceTable({ ...source, table: table! }, context);
    if (found === null || !own.has(found.oid)) continue;
    if (!isSameDatabase(found.database, identity)) continue;
    throw new SluiceError(
      "plan/source_is_target",
      `"${name}" is the table that ${spec.file} loads, or a partition of it`,
      { hint: "Name another table as `target`, or another one as the source" },
    );
  }
}

/** OIDs of the target and of all its partitions; none where it does not stand yet. */
async function tablesOf(
  { target: { schema, table } }: PipelineSpec,
  db: Queryable,
): Promise<ReadonlySet<number>> {
  const found = await db.query<{ oid: number }>(
    `with recursive tree as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
  union
  select i.inhrelid from pg_inherits i join tree t on t.oid = i.inhparent
)
select oid::bigint as oid from tree`,
    [schema, table],
  );
  return new Set(found.map(({ oid }) => Number(oid)));
}

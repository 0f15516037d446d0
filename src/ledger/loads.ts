import { beforeImageName } from "../core/names.ts";
import type { Queryable } from "../db/database.ts";
import type { OwnedTable } from "./tables.ts";

/** Migrations that add columns to `sluice.loads`: `plan` reads what the next run will bring up to date. */
const MERGES = 2;
const OIDS = 10;

/** A published version of a partition. */
export interface LoadRecord {
  readonly pipeline: string;
  /** Null for a whole table. */
  readonly partition: string | null;
  readonly version: number;
  readonly schema: string;
  readonly table: string;
  readonly sourceUrl: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly rows: number;
  readonly specHash: string;
  readonly state: LoadState;
  /** How it was merged into the target; null where it was exchanged. */
  readonly merge: MergeRecord | null;
  /** The version that was live before; null where none was. */
  readonly basedOn: number | null;
  /** OID of the target it went into; null where that is not known. */
  readonly targetOid: number | null;
}

/** What undoing a merge needs to know beside its tables. */
export interface MergeRecord {
  /** `rows` are told apart by all their values, `keyed` by their key, `history` by key and time. */
  readonly kind: "rows" | "keyed" | "history";
  readonly key: readonly string[];
  /** Whether a table with the rows as they were before stands beside the version's own. */
  readonly before: boolean;
}

export type LoadState = "live" | "retained" | "rolled_back" | "dropped";

/**
 * Reads the versions of a target that a plan may depend on.
 *
 * @param tables of the target, as they stand
 */
export async function readLoads(
  db: Queryable,
  migration: number,
  targetKey: string,
  tables: readonly OwnedTable[],
): Promise<LoadRecord[]> {
  const loads = await db.query<LoadRecord>(
    `with recursive ${wanted(migration)}
select ${columns(migration)}
from sluice.loads l where l.id = any (array(select id from wanted))
order by l.partition nulls first, l.version`,
    [targetKey],
  );
  const known = new Set(loads.map(({ table }) => table));
  const unknown = tables.flatMap(({ kind, made: { table } }) =>
    kind === "version" && !known.has(table) ||
      kind === "before" && !known.has(table.slice(0, -BEFORE.length))
      ? [kind === "before" ? table.slice(0, -BEFORE.length) : table]
      : []
  );
  if (unknown.length === 0) return loads;
  // Tables that could not be dropped with their versions: what comes next does.
  const left = await db.query<LoadRecord>(
    `select ${columns(migration)} from sluice.loads l
where l.target = $1 and l.table_name = any($2::text[])
order by l.partition nulls first, l.version`,
    [targetKey, unknown],
  );
  return merged(loads, left);
}

const BEFORE = beforeImageName("");

/**
 * The ids of what is read, of the target `$1`: all that is kept, the newest version of each
 * partition, found by one look into the index for each, and what merges were based on.
 */
function wanted(migration: number): string {
  const hasMerges = migration >= MERGES;
  // As the index `loads_kept` has it.
  const kept = hasMerges ? "state <> 'dropped' or merge is not null" : "state <> 'dropped'";
  const newest = (below: string) =>
    `select coalesce(partition, '') as part, id from sluice.loads
  where target = $1${below}
  order by coalesce(partition, '') desc, version desc limit 1`;
  return `newest as (
  (${newest("")})
  union all
  select n.part, n.id from newest cross join lateral (
    ${newest(" and coalesce(partition, '') < newest.part")}
  ) n
), kept as materialized (
  select id${hasMerges ? ", partition, based_on, merge is not null as merges" : ""}
  from sluice.loads where target = $1 and (${kept})
), wanted as (
  select id from kept
  union
  select id from newest${
    hasMerges
      ? `
  union
  select b.id from (select * from kept where merges) m
  join sluice.loads b on b.target = $1 and b.version = m.based_on
    and coalesce(b.partition, '') = coalesce(m.partition, '')`
      : ""
  }
)`;
}

function columns(migration: number): string {
  return `l.pipeline, l.partition, l.version, l.table_schema as schema, l.table_name as table,
  l.source_url as "sourceUrl", l.etag, l.last_modified as "lastModified", l.bytes, l.sha256, l.rows,
  l.spec_hash as "specHash", l.state, ${
    migration >= MERGES
      ? `l.merge, l.based_on as "basedOn"`
      : `null as merge, null::int as "basedOn"`
  },
  ${
    migration >= OIDS
      ? "case when l.ledger_oid = 'sluice.loads'::regclass then l.target_oid::bigint end"
      : "null::bigint"
  } as "targetOid"`;
}

/** Both by partition and version, as they were. */
function merged(loads: readonly LoadRecord[], more: readonly LoadRecord[]): LoadRecord[] {
  const byPartition = Map.groupBy([...loads, ...more], ({ partition }) => partition);
  return [...byPartition.values()].flatMap((versions) =>
    versions.toSorted((a, b) => a.version - b.version)
  );
}

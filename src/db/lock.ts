import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";

/** Whoever holds an advisory lock. */
export interface AdvisoryLockHolder {
  readonly pid: number;
  readonly applicationName: string;
  /** When the session began; ISO 8601 in UTC. */
  readonly since: string;
  /** The statement it runs, or ran last; empty where we may not see it. */
  readonly query: string;
}

/** Whoever holds a lock on a table or one of its partitions. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string;
  /** The strongest lock, as `pg_locks` names it. */
  readonly mode: string;
  /** `active`, `idle in transaction` …; empty where we may not see it. */
  readonly state: string;
  /** When its transaction began; ISO 8601 in UTC, null where we may not see it. */
  readonly since: string | null;
  /** The statement it runs, or ran last; empty where we may not see it. */
  readonly query: string;
}

/** Takes the lock of a key for the session, or returns false at once where it is taken. */
export async function tryAdvisoryLock(session: Queryable, key: string): Promise<boolean> {
  const [{ locked }] = await session.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
    [key],
  );
  return locked;
}

/** Who holds the lock of a key in this database, or null. */
export async function advisoryLockHolder(
  db: Queryable,
  key: string,
): Promise<AdvisoryLockHolder | null> {
  // A 64-bit key is shown as two halves, with objsubid 1.
  const [holder] = await db.query<AdvisoryLockHolder>(
    `select l.pid, coalesce(a.application_name, '') as "applicationName",
  a.backend_start as since, coalesce(a.query, '') as query
from pg_locks l
join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.database = (select oid from pg_database where datname = current_database())
  and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
limit 1`,
    [key],
  );
  return holder ?? null;
}

/** Who else holds locks on a table or its partitions, the longest transaction first. */
export async function lockHolders(db: Queryable, table: QualifiedName): Promise<LockHolder[]> {
  // Not pg_partition_tree: that would wait for the very locks it is asked about.
  return await db.query<LockHolder>(
    `with recursive member as (
  select c.oid as relid
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
  union
  select i.inhrelid from member join pg_inherits i on i.inhparent = member.relid
)
select l.pid, coalesce(a.application_name, '') as "applicationName",
  (array_agg(l.mode order by array_position(array['AccessShareLock', 'RowShareLock',
    'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
    'ExclusiveLock', 'AccessExclusiveLock'], l.mode) desc))[1] as mode,
  coalesce(a.state, '') as state, a.xact_start as since, coalesce(a.query, '') as query
from member
join pg_locks l on l.relation = member.relid and l.granted
  and l.database = (select oid from pg_database where datname = current_database())
left join pg_stat_activity a on a.pid = l.pid
where l.pid <> pg_backend_pid()
group by l.pid, a.application_name, a.state, a.xact_start, a.query
order by a.xact_start nulls last, l.pid`,
    [table.schema, table.table],
  );
}

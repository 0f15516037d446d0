import { SluiceError } from "../core/error.ts";
import type { Database, Queryable } from "../db/database.ts";
import { LATEST_MIGRATION, type Migration, MIGRATIONS } from "./migrations.ts";

/** What is known about a target before a run: every version ever published. */
export interface Ledger {
  /** Number of the newest applied migration; 0 where the schema does not exist yet. */
  readonly migration: number;
  readonly loads: readonly LoadRecord[];
}

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
}

export type LoadState = "live" | "retained" | "rolled_back" | "dropped";

/** Reads what was loaded into a target; works before the ledger exists, and writes nothing. */
export async function readLedger(db: Queryable, targetKey: string): Promise<Ledger> {
  const migration = await appliedMigration(db);
  if (migration === 0) return { migration, loads: [] };
  const loads = await db.query<LoadRecord>(
    `select pipeline, partition, version, table_schema as schema, table_name as table,
  source_url as "sourceUrl", etag, last_modified as "lastModified", bytes, sha256, rows,
  spec_hash as "specHash", state
from sluice.loads where target = $1 order by partition nulls first, version`,
    [targetKey],
  );
  return { migration, loads };
}

/** The number of the newest applied migration, 0 where there is no ledger. */
export async function appliedMigration(db: Queryable): Promise<number> {
  // Not to_regclass: within a transaction it may answer from a cache that is older than the lock.
  const [{ exists }] = await db.query<{ exists: boolean }>(
    `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'sluice' and c.relname = 'migrations') as exists`,
  );
  if (!exists) return 0;
  const [{ number }] = await db.query<{ number: number }>(
    `select coalesce(max(number), 0)::int as number from sluice.migrations`,
  );
  if (number > LATEST_MIGRATION) {
    throw new SluiceError(
      "ledger/newer_version",
      `The ledger in this database is at migration ${number}, this Sluice knows ${LATEST_MIGRATION}`,
      { hint: "A newer Sluice has used this database: update this one" },
    );
  }
  return number;
}

/** The migrations that are still to be applied. */
export function pendingMigrations(migration: number): readonly Migration[] {
  return MIGRATIONS.filter(({ number }) => number > migration);
}

/**
 * Applies the migrations that are missing, each in a transaction of its own.
 *
 * An advisory lock makes two first runs at once take turns: the second finds nothing left to do.
 */
export async function migrate(db: Database): Promise<void> {
  if (pendingMigrations(await appliedMigration(db)).length === 0) return;
  await db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sluice:migrate', 0))`);
    for (const migration of pendingMigrations(await appliedMigration(tx))) {
      for (const sql of migration.statements) await tx.query(sql);
      await tx.query(`insert into sluice.migrations (number) values ($1)`, [migration.number]);
    }
  });
}

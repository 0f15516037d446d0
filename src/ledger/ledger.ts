import { SluiceError } from "../core/error.ts";
import type { Database, Queryable } from "../db/database.ts";
import { requireOwnSchema } from "../db/own_schema.ts";
import { isError } from "../db/sqlstate.ts";
import { type LoadRecord, readLoads } from "./loads.ts";
import { type OwnedTable, readTables } from "./tables.ts";
import { readTargetPipelines, type TargetPipeline } from "./target_pipelines.ts";
import { LATEST_MIGRATION, type Migration, MIGRATIONS } from "./migrations.ts";

export type { LoadRecord, LoadState, MergeRecord } from "./loads.ts";

/** The migration that makes `sluice.target_columns`. */
const ASKED_SINCE = 9;

/** What is known about a target before a run. */
export interface Ledger {
  /** Number of the newest applied migration; 0 where the schema does not exist yet. */
  readonly migration: number;
  /**
   * Versions, by partition and number: the newest of each partition, and of the others those that
   * stand or that rows of the target may come from. What was dropped without a trace is left out,
   * which is nearly all of a ledger of years.
   */
  readonly loads: readonly LoadRecord[];
  /** The target that stands now was made by Sluice, which may alter it. */
  readonly madeTarget: boolean;
  /** What the pipeline file asked of the target's columns; none before that was recorded. */
  readonly asked: readonly AskedColumn[];
  /** The table that Sluice made and that bears another name by now, as `schema.table`; else null. */
  readonly renamedTarget: string | null;
  /** Tables below the target that stand: Sluice made them, or may have. */
  readonly tables: readonly OwnedTable[];
  /** Pipelines that have loaded the target. */
  readonly pipelines: readonly TargetPipeline[];
}

/** What a pipeline file asked of a column when it was last run. */
export interface AskedColumn {
  readonly name: string;
  /** As DDL writes it. */
  readonly type: string;
  /** Sluice made it NOT NULL. */
  readonly notNull: boolean;
}

/**
 * Reads what was loaded into a target; works before the ledger exists, and writes nothing.
 *
 * @param known its migration, where that has been asked for already under the target's lock
 */
export async function readLedger(
  db: Queryable,
  targetKey: string,
  known?: number,
): Promise<Ledger> {
  const migration = known ?? await appliedMigration(db);
  if (migration === 0) {
    return {
      migration,
      loads: [],
      madeTarget: false,
      asked: [],
      renamedTarget: null,
      tables: [],
      pipelines: [],
    };
  }
  const tables = await readTables(db, migration, targetKey);
  return {
    migration,
    loads: await readLoads(db, migration, targetKey, tables),
    ...await madeTarget(db, migration, targetKey),
    asked: await askedColumns(db, migration, targetKey),
    tables,
    pipelines: await readTargetPipelines(db, migration, targetKey),
  };
}

async function askedColumns(
  db: Queryable,
  migration: number,
  targetKey: string,
): Promise<readonly AskedColumn[]> {
  if (migration < ASKED_SINCE) return [];
  return await db.query<AskedColumn>(
    `select column_name as name, type, not_null as "notNull" from sluice.target_columns
where target = $1 order by column_name collate "C"`,
    [targetKey],
  );
}

async function madeTarget(
  db: Queryable,
  migration: number,
  targetKey: string,
): Promise<Pick<Ledger, "madeTarget" | "renamedTarget">> {
  if (migration < 2) return { madeTarget: false, renamedTarget: null };
  const [made] = await db.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
from sluice.targets t join pg_class c on c.oid = t.table_oid
join pg_namespace n on n.oid = c.relnamespace
where t.target = $1 and c.relkind in ('r', 'p')`,
    [targetKey],
  );
  const isNamed = made?.name === targetKey;
  return { madeTarget: isNamed, renamedTarget: isNamed ? null : made?.name ?? null };
}

/** Where the ledger lies. */
const SCHEMA = "sluice";

/**
 * The number of the newest applied migration, 0 where there is no ledger. Every user of the ledger
 * asks this first.
 *
 * @throws SluiceError `db/foreign_schema` where the schema is not ours alone
 */
export async function appliedMigration(db: Queryable): Promise<number> {
  await requireOwnSchema(db, SCHEMA);
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
 *
 * @returns the number of the newest
 */
export async function migrate(db: Database): Promise<number> {
  if (pendingMigrations(await appliedMigration(db)).length === 0) return LATEST_MIGRATION;
  await db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sluice:migrate', 0))`);
    for (const migration of pendingMigrations(await appliedMigration(tx))) {
      await apply(tx, migration);
      await tx.query(`insert into sluice.migrations (number) values ($1)`, [migration.number]);
    }
    // Somebody else may have made the schema meanwhile.
    await requireOwnSchema(tx, SCHEMA);
  });
  return LATEST_MIGRATION;
}

async function apply(tx: Queryable, { number, statements }: Migration): Promise<void> {
  try {
    for (const sql of statements) await tx.query(sql);
  } catch (error) {
    if (!isError(error, "standsAlready")) throw error;
    throw new SluiceError(
      "ledger/migrations_lost",
      `Migration ${number} of the ledger is applied already, and sluice.migrations does not say so: ${error.message}`,
      {
        hint:
          `Its rows were deleted by hand: insert into sluice.migrations (number) values (${number}), for each migration whose tables and columns are there, and run again`,
        cause: error,
      },
    );
  }
}

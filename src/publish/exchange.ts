import type { Clock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import { growing, retry } from "../core/retry.ts";
import type { Database, Queryable } from "../db/database.ts";
import { lockHolders } from "../db/lock.ts";
import { isError } from "../db/sqlstate.ts";
import { withRetry } from "../db/with_retry.ts";
import type { Facts, Statement, TableName } from "../plan/load_plan.ts";
import { type Counts, executeStatements } from "./execute.ts";

/** Statements that belong together, such as those of one partition. */
export interface StatementGroup {
  readonly statements: readonly Statement[];
  readonly facts: Facts | null;
  /** Comes before the statements. */
  readonly before?: (tx: Queryable) => Promise<void>;
  /** SQL of the pipeline file is among it. */
  readonly runsHooks?: boolean;
  /** Looks at what the statements counted, and adds to the transaction; throwing ends it. */
  readonly verify?: (counts: Counts, tx: Queryable) => Promise<void>;
}

/** What an exchange needs beside its statements. */
export interface ExchangeContext {
  readonly db: Database;
  /** Where it is asked what has been published; left out: `db`. */
  readonly ledger?: Queryable;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** The table whose lock is needed, for the message when it cannot be had. */
  readonly target: TableName;
  /** Whether the transaction has taken effect: asked when the connection broke at its commit. */
  committed(): Promise<boolean>;
  onRetry(attempt: number, attempts: number, delaySeconds: number, error: SluiceError): void;
}

/** A queue behind the exchange is a stop for every reader: it waits this long, then steps aside. */
const LOCK_TIMEOUT = "500ms";
const ATTEMPTS = 12;

/**
 * Runs the statements of exchanges or merges in one transaction.
 *
 * Returns what each counted, or null where the commit took effect and its answer got lost.
 *
 * @throws SluiceError `publish/locked` (retry later) naming who holds the lock
 */
export async function exchange(
  groups: readonly StatementGroup[],
  context: ExchangeContext,
): Promise<readonly Counts[] | null> {
  return await retry(async () => {
    context.signal.throwIfAborted();
    try {
      return await inOneTransaction(groups, context.db);
    } catch (error) {
      if (!(error instanceof SluiceError) || isError(error, "standsInTheWay")) throw error;
      // Whatever the error says: only the ledger knows whether the commit took effect.
      if (error.origin === "db" && await tookEffect(context)) return null;
      throw error;
    }
  }, {
    clock: context.clock,
    signal: context.signal,
    attempts: ATTEMPTS,
    delay: growing(context.random, { base: 200, cap: 5_000 }),
    again: (error) => isError(error, "standsInTheWay"),
    onRetry: (failures, delay, error) =>
      context.onRetry(failures, ATTEMPTS, delay / 1000, error as SluiceError),
    spent: (error) => locked(error as SluiceError, context),
    aborted: (reason) => reason,
  });
}

async function inOneTransaction(
  groups: readonly StatementGroup[],
  db: Database,
): Promise<readonly Counts[]> {
  return await db.transaction(async (tx) => {
    // A policy that hid rows from us would make a merge take known rows for new ones.
    await tx.query(
      `select set_config('lock_timeout', $1, true), set_config('row_security', 'off', true)`,
      [LOCK_TIMEOUT],
    );
    const all: Counts[] = [];
    for (const { statements, facts, before, verify } of groups) {
      await before?.(tx);
      const counts = await executeStatements(tx, statements, facts);
      await verify?.(counts, tx);
      all.push(counts);
    }
    return all;
  }, groups.some(({ runsHooks }) => runsHooks));
}

/** False as well where the database cannot be asked; the first error is then the one to tell. */
async function tookEffect(context: ExchangeContext): Promise<boolean> {
  try {
    return await withRetry(() => context.committed(), context);
  } catch (error) {
    if (error instanceof SluiceError) return false;
    throw error;
  }
}

async function locked(cause: SluiceError, { db, target }: ExchangeContext): Promise<SluiceError> {
  // It waited for something else, which it names.
  if (cause.code.endsWith("/hook_failed")) return cause;
  const holders = await lockHolders(db, target);
  const who = holders.map(({ pid, query }) => `pid ${pid} (${query.slice(0, 200)})`).join(", ");
  return new SluiceError(
    "publish/locked",
    `The lock on "${target.schema}.${target.table}" was not granted in ${ATTEMPTS} attempts` +
      (who === "" ? "" : `; held by ${who}`),
    {
      retry: "later",
      hint: "Run again when that query has ended, or end it with pg_terminate_backend",
      cause,
      ...(cause.postgres === undefined ? {} : { postgres: cause.postgres }),
    },
  );
}

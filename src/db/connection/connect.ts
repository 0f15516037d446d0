import { SluiceError } from "../../core/error.ts";
import type { Secrets } from "../../core/secret.ts";
import { cancelBackends, Connection } from "./connection.ts";
import type { CopyIn, Database, Queryable, Session } from "../database.ts";
import { type Absence, atFirst, fromThenOn, openPatiently, type Patience } from "./patience.ts";
import { ConnectionPool } from "./pool.ts";
import { requireSessionPooling } from "./pooler.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve_target.ts";
import { SEARCH_PATH } from "./session_settings.ts";
import type { RetryOptions } from "../with_retry.ts";

/** How to reach a database. */
export interface ConnectOptions {
  /**
   * `postgres://` or `postgresql://`; may hold `${NAME}` references, revealed by `secrets`. What it
   * leaves out is taken from `variables`.
   */
  readonly url: string;
  /** The environment, for `PGUSER` and its like; none of it when left out. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Shown in `pg_stat_activity` unless the URL or PGAPPNAME has a name; default `sluice`. */
  readonly applicationName?: string;
  /** Connections open at once at the most; default 10. Callers beyond wait for a free one. */
  readonly maxConnections?: number;
  /** Where statements look for names without a schema; default `SEARCH_PATH`. */
  readonly searchPath?: string;
  readonly secrets?: Secrets;
  /** Gives up connecting; later only the waiting for a server that is away. */
  readonly signal?: AbortSignal;
  /** Waits for a server that is starting, full or failing over; without it none is waited for. */
  readonly wait?: Pick<RetryOptions, "clock" | "random">;
}

/**
 * Connects to a database and proves that it answers.
 *
 * @throws SluiceError `db/…` with the reason, never with the password
 */
export async function connect(options: ConnectOptions): Promise<Database> {
  const { secrets, signal, wait, maxConnections = 10, searchPath = SEARCH_PATH } = options;
  const url = secrets?.reveal(options.url) ?? options.url;
  const target = await resolveTarget(url, options.variables);
  const applicationName = options.applicationName ?? "sluice";
  const open = (signal?: AbortSignal) => Connection.open(target, applicationName, signal);
  const absence: Absence = { since: null };
  const patiently = (
    work: () => Promise<Connection>,
    patience: Patience,
    signals: (AbortSignal | undefined)[],
  ) => {
    if (wait === undefined) return work();
    const given = signals.filter((signal) => signal !== undefined);
    return openPatiently(work, patience, absence, { ...wait, signal: AbortSignal.any(given) });
  };
  const configure = (connection: Connection) => connection.configure(searchPath);
  const openChecked = () =>
    openConfigured(() => open(signal), async (connection) => {
      if (connection.pooled) await requireSessionPooling(connection, () => open(signal));
      await configure(connection);
    });
  const first = await patiently(openChecked, atFirst, [signal]);
  const pool = new ConnectionPool(
    // An interrupt ends the waiting only: what it leaves is cleaned up over new connections.
    (closed) =>
      patiently(() => openConfigured(() => open(closed), configure), fromThenOn, [signal, closed]),
    maxConnections,
  );
  pool.add(first);
  return new PooledDatabase(pool, target, applicationName, first.userPath, configure);
}

async function openConfigured(
  open: () => Promise<Connection>,
  configure: (connection: Connection) => Promise<void>,
): Promise<Connection> {
  const connection = await open();
  try {
    await configure(connection);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class PooledDatabase implements Database {
  readonly describe: string;
  readonly userPath: string | null;
  readonly #pool: ConnectionPool;
  readonly #target: ResolvedTarget;
  readonly #applicationName: string;
  readonly #configure: (connection: Connection) => Promise<void>;

  constructor(
    pool: ConnectionPool,
    target: ResolvedTarget,
    applicationName: string,
    userPath: string | null,
    configure: (connection: Connection) => Promise<void>,
  ) {
    this.describe = target.describe;
    this.userPath = userPath;
    this.#pool = pool;
    this.#target = target;
    this.#applicationName = applicationName;
    this.#configure = configure;
  }

  async query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
    const connection = await this.#pool.take();
    try {
      return plainRows(await connection.run<Row>(sql, params));
    } finally {
      this.#pool.giveBack(connection);
    }
  }

  async transaction<T>(
    work: (tx: Queryable) => Promise<T>,
    discards = false,
  ): Promise<T> {
    const connection = await this.#pool.take();
    try {
      return await inTransaction(connection, work);
    } finally {
      if (discards && connection.open) {
        await this.#reset(connection).catch(() => connection.close());
      }
      this.#pool.giveBack(connection);
    }
  }

  async session(): Promise<Session> {
    const connection = await this.#pool.take();
    let disposed = false;
    return {
      lost: connection.lost,
      async query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
        if (disposed) throw new Error("A session was used after it was disposed");
        return plainRows(await connection.run<Row>(sql, params));
      },
      [Symbol.asyncDispose]: async () => {
        if (disposed) return;
        disposed = true;
        // Waits until the locks are gone, which closing the socket would not.
        if (connection.open) await this.#reset(connection).catch(() => connection.close());
        this.#pool.giveBack(connection);
      },
    };
  }

  async #reset(connection: Connection): Promise<void> {
    await connection.run("discard all");
    await this.#configure(connection);
  }

  async copyIn(sql: string, first?: (tx: Queryable) => Promise<void>): Promise<CopyIn> {
    const connection = await this.#pool.take();
    const giveBack = () => this.#pool.giveBack(connection);
    return first === undefined
      ? await connection.copyIn(sql, giveBack)
      : await copyInTransaction(connection, sql, first, giveBack);
  }

  async cancelRunning(): Promise<number> {
    const pids = this.#pool.running();
    if (pids.length === 0) return 0;
    return await cancelBackends(this.#target, this.#applicationName, pids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }
}

async function inTransaction<T>(
  connection: Connection,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  let over = false;
  await connection.run("begin");
  const tx: Queryable = {
    async query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]> {
      if (over) throw new Error("A transaction was used after it ended");
      return plainRows(await connection.run<Row>(sql, params));
    },
  };
  let result: T;
  try {
    result = await work(tx);
  } catch (error) {
    over = true;
    // Where the rollback fails too, closing the connection rolls back.
    if (connection.open) await connection.run("rollback").catch(() => connection.close());
    throw error;
  }
  over = true;
  await commit(connection);
  return result;
}

/** A copy that counts once its transaction is committed. */
async function copyInTransaction(
  connection: Connection,
  sql: string,
  first: (tx: Queryable) => Promise<void>,
  giveBack: () => void,
): Promise<CopyIn> {
  let open = true;
  const undo = async () => {
    if (!open) return;
    open = false;
    if (connection.open) await connection.run("rollback").catch(() => connection.close());
    giveBack();
  };
  let copy: CopyIn;
  try {
    await connection.run("begin");
    await first({
      query: async <Row>(sql: string, params?: readonly unknown[]) =>
        plainRows(await connection.run<Row>(sql, params)),
    });
    copy = await connection.copyIn(sql, () => {});
  } catch (error) {
    await undo();
    throw error;
  }
  return {
    write: (bytes) => copy.write(bytes),
    async finish() {
      try {
        const rows = await copy.finish();
        await commit(connection);
        open = false;
        giveBack();
        return rows;
      } catch (error) {
        await undo();
        throw error;
      }
    },
    async abort(reason) {
      await copy.abort(reason);
      await undo();
    },
  };
}

async function commit(connection: Connection): Promise<void> {
  let command: string;
  try {
    ({ command } = await connection.run("commit"));
  } catch (error) {
    if (connection.open) throw error;
    throw new SluiceError(
      "db/commit_unknown",
      "The connection was lost during the commit, which may have taken effect",
      {
        retry: "later",
        hint: "Check the database before you do it again",
        cause: error,
      },
    );
  }
  // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed before.
  if (command !== "COMMIT") {
    throw new SluiceError(
      "db/transaction_aborted",
      "The transaction was rolled back: one of its statements had failed",
      { hint: "Nothing of it is in the database; the server's log has the statement" },
    );
  }
}

/** Without the driver's extra properties. */
function plainRows<Row>(rows: readonly Row[]): Row[] {
  return Array.from(rows);
}

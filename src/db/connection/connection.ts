import postgres from "postgres";
import { SluiceError } from "../../core/error.ts";
import { connectError } from "./connect_error.ts";
import { type CopyOut, CopyOutStream } from "./copy_out.ts";
import { CopyStream, type DriverCopy } from "./copy_stream.ts";
import type { CopyIn } from "../database.ts";
import { connectionLost, endsConnection, isReadOnly, statementError } from "../db_error.ts";
import { Line } from "./line.ts";
import type { ResolvedTarget } from "./resolve_target.ts";
import { applySettings, FIRST_SETTINGS, FIRST_SETTINGS_UNSET } from "./session_settings.ts";
import { toParameter, VALUE_TYPES } from "../values.ts";

/**
 * One connection, never replaced behind the caller's back.
 *
 * The driver's own pool reconnects silently, which loses advisory locks and settings, and writes to
 * a socket that is gone when a reserved connection drops. So each connection is a driver of its own
 * with one socket, and once that socket closes everything throws `db/connection_lost`.
 */
export class Connection implements AsyncDisposable {
  readonly #sql: postgres.Sql;
  readonly #target: ResolvedTarget;
  readonly #applicationName: string;
  readonly #line = new Line();
  readonly #lost = Promise.withResolvers<never>();
  readonly #lostSignal = new AbortController();
  #open = true;
  #doomed = false;
  #running = false;
  #pid = 0;
  #pooled = false;
  #userPath: string | null = null;
  /** Names of the settings of ours that its session takes. */
  #settings: readonly string[] = [];

  private constructor(target: ResolvedTarget, applicationName: string) {
    this.#target = target;
    this.#applicationName = applicationName;
    this.#lost.promise.catch(() => {});
    this.#sql = postgres(driverOptions(target, applicationName, this.#line, () => this.#drop()));
  }

  /** Connects and logs in; gives up after the target's time, or when the signal aborts. */
  static async open(
    target: ResolvedTarget,
    applicationName: string,
    signal?: AbortSignal,
  ): Promise<Connection> {
    signal?.throwIfAborted();
    const connection = new Connection(target, applicationName);
    const stopped = Promise.withResolvers<never>();
    const onAbort = () => stopped.reject(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    // A timer takes no longer waits.
    const limit = Math.min(target.connectTimeout * 1000, 2 ** 31 - 1);
    const timer = limit === 0
      ? undefined
      : setTimeout(() => stopped.reject(timedOut(target)), limit);
    try {
      await Promise.race([connection.#logIn(), stopped.promise]);
      return connection;
    } catch (error) {
      connection.#line.cut();
      await connection.close();
      if (signal?.aborted && error === signal.reason) throw error;
      throw connectError(error, target);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #logIn(): Promise<void> {
    const unset = Object.keys(this.#target.settings).length === 0;
    // Every name with its schema: the path is still the server's.
    const query = this.#sql.unsafe(
      `select pg_catalog.pg_backend_pid() as pid, pg_catalog.pg_is_in_recovery() as standby,
  pg_catalog.current_setting('default_transaction_read_only') operator(pg_catalog.=) 'on'
    as "readOnly",
  first.path, first.settings
from (${unset ? FIRST_SETTINGS_UNSET : FIRST_SETTINGS}) as first`,
    );
    const result = await query.execute();
    const [{ pid, standby, readOnly }] = result;
    let [first] = result;
    this.#pid = pid;
    // Postgres introduces itself with its own process; a pooler cannot, it has yet to choose one.
    this.#pooled = result.state.pid !== pid;
    // A pooler is a client too, and may set what we did not.
    if (this.#pooled && unset) [first] = await this.#sql.unsafe(FIRST_SETTINGS).execute();
    this.#userPath = first.path;
    this.#settings = first.settings ?? [];
    if (this.#target.readWrite && (standby || readOnly)) throw notWritable(this.#target, standby);
  }

  /** Whether it still can be used. */
  get open(): boolean {
    return this.#open && !this.#doomed;
  }

  /** Whether a statement runs now. */
  get running(): boolean {
    return this.#running;
  }

  /** Whether something stands between us and Postgres that lends out its sessions. */
  get pooled(): boolean {
    return this.#pooled;
  }

  /** Where it goes, without the password. */
  get describe(): string {
    return this.#target.describe;
  }

  /** Aborts when the connection drops, with the error as its reason. */
  get lost(): AbortSignal {
    return this.#lostSignal.signal;
  }

  /** The `search_path` that the URL or PGOPTIONS sets; null where neither does. */
  get userPath(): string | null {
    return this.#userPath;
  }

  /** Process id of the server's end. */
  get pid(): number {
    return this.#pid;
  }

  /** Asks for the process id again: behind a pooler it may be another one. */
  async askPid(): Promise<number> {
    const [{ pid }] = await this.run<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
    return pid;
  }

  /** Sets what each of our sessions runs with; anew after `discard all`. */
  async configure(searchPath: string): Promise<void> {
    await this.run(applySettings(searchPath, this.#settings));
  }

  /** Runs a statement; `command` is the word Postgres answered with. */
  async run<Row>(sql: string, params: readonly unknown[] = []): Promise<Result<Row>> {
    if (!this.#open) throw connectionLost(this.#target.describe);
    this.#running = true;
    try {
      const query = this.#sql.unsafe(sql, params.map(toParameter) as string[], {
        prepare: false,
      });
      const result = await this.#orLost(query.execute());
      return lastResult(result) as Result<Row>;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#running = false;
    }
  }

  /** Starts a copy; `onEnd` is called once it is over, however it ended. */
  async copyIn(sql: string, onEnd: () => void): Promise<CopyIn> {
    if (!this.#open) {
      onEnd();
      throw connectionLost(this.#target.describe);
    }
    this.#running = true;
    const end = () => {
      this.#running = false;
      onEnd();
    };
    const query = this.#sql.unsafe(sql).simple() as unknown as DriverCopy;
    const copy = new CopyStream(query, {
      lost: this.#lost.promise,
      toError: (error) => this.#failure(error),
      cancel: () => {
        // It may arrive late and hit a later statement: there shall be none.
        this.#doomed = true;
        return cancelBackends(this.#target, this.#applicationName, [this.#pid]);
      },
      close: () => this.close(),
      onEnd: end,
      send: (bytes, done) => this.#line.sendCopyData(bytes, done),
    });
    await copy.started;
    return copy;
  }

  /** Starts a `copy … to stdout`, which is the only thing that the connection does until its end. */
  async copyOut(sql: string): Promise<CopyOut> {
    if (!this.#open) throw connectionLost(this.#target.describe);
    this.#running = true;
    const query = this.#sql.unsafe(sql).simple() as unknown as DriverCopy;
    const copy = new CopyOutStream(query, {
      lost: this.#lost.promise,
      toError: (error) => this.#failure(error),
      receive: (onBytes) => this.#line.receiveCopyData(onBytes),
      onEnd: () => this.#running = false,
    });
    await copy.started;
    return copy;
  }

  /** Ends the connection at once; the server rolls back what was open. */
  async close(): Promise<void> {
    this.#drop();
    await this.#sql.end({ timeout: 0 });
    await this.#line.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Waits for a statement, or for the end of the connection.
   *
   * Not a race with one promise of the whole connection: that would keep each statement's rows for
   * as long as the connection lives (4.4 KB for 20 rows, measured).
   */
  async #orLost<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#lostSignal;
    const lost = Promise.withResolvers<never>();
    const onLost = () => lost.reject(signal.reason);
    signal.addEventListener("abort", onLost, { once: true });
    try {
      return await Promise.race([work, lost.promise]);
    } finally {
      signal.removeEventListener("abort", onLost);
    }
  }

  #failure(error: unknown): Error {
    const failure = statementError(error, this.#target.describe);
    // The socket's own word comes later: until then nobody may be given this connection.
    if (endsConnection(failure)) this.#drop();
    // After a failover the address leads to another server: only a new connection finds it.
    if (isReadOnly(failure)) this.#doomed = true;
    return failure;
  }

  #drop(): void {
    if (!this.#open) return;
    this.#open = false;
    const error = connectionLost(this.#target.describe);
    this.#lost.reject(error);
    this.#lostSignal.abort(error);
  }
}

/** Cancels the statements of server processes; returns how many processes got the signal. */
export async function cancelBackends(
  target: ResolvedTarget,
  applicationName: string,
  pids: readonly number[],
): Promise<number> {
  // A connection of its own: those in use wait for their statements.
  await using connection = await Connection.open(target, applicationName);
  const rows = await connection.run<{ told: boolean }>(
    // It runs before the path is ours.
    `select pg_catalog.pg_cancel_backend(pid) as told from pg_catalog.unnest($1::int[]) as pid`,
    [pids],
  );
  return rows.filter(({ told }) => told).length;
}

/** Rows, with the word Postgres answered with (`SELECT`, `COMMIT`, …). */
export interface Result<Row> extends Array<Row> {
  readonly command: string;
  readonly count: number | null;
}

function driverOptions(
  target: ResolvedTarget,
  applicationName: string,
  line: Line,
  onClose: () => void,
): postgres.Options<Record<string, postgres.PostgresType>> {
  const options: Record<string, unknown> = {
    host: target.host,
    port: target.port,
    user: target.user,
    // The driver asks for the password only when the server does.
    pass: () => target.password,
    database: target.database,
    // Encrypted, where it is to be, before the driver gets it.
    ssl: false,
    sslnegotiation: null,
    // Every option is named, or the driver would look for it in the environment.
    target_session_attrs: null,
    max: 1,
    idle_timeout: 0,
    max_lifetime: 0,
    // Timed by `open`: the driver would try again for ever where the server hangs up.
    connect_timeout: 0,
    keep_alive: 60,
    max_pipeline: 100,
    backoff: 0,
    prepare: false,
    debug: false,
    fetch_types: false,
    publications: "",
    no_subscribe: true,
    types: VALUE_TYPES,
    onnotice: () => {},
    onclose: onClose,
    socket: () => line.dial(target),
    connection: {
      ...target.settings,
      application_name: target.applicationName ?? applicationName,
      DateStyle: "ISO",
      TimeZone: "UTC",
      standard_conforming_strings: "on",
    },
  };
  return options as postgres.Options<Record<string, postgres.PostgresType>>;
}

function timedOut(target: ResolvedTarget): SluiceError {
  return new SluiceError(
    "db/connect_timeout",
    `Could not connect to ${target.describe}: no answer within ${target.connectTimeout} s`,
    {
      retry: "later",
      hint: "Check host, port and firewall, or add ?connect_timeout=SECONDS to the URL",
    },
  );
}

function notWritable({ describe }: ResolvedTarget, standby: boolean): SluiceError {
  const why = standby ? "it is a standby" : "its default_transaction_read_only is on";
  return new SluiceError(
    "db/read_only",
    `Could not connect to ${describe}: it cannot be written to, since ${why}`,
    {
      retry: "later",
      hint: "Connect to the primary, or wait for the failover",
    },
  );
}

/** Several statements in one text give several results: the last one counts. */
function lastResult(result: unknown): unknown {
  const several = Array.isArray(result) && Array.isArray(result.at(-1)) &&
    !("command" in result && result.command);
  return several ? (result as unknown[]).at(-1) : result;
}

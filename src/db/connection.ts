import { connect as openSocket, type Socket } from "node:net";
import postgres from "postgres";
import { SluiceError } from "../core/error.ts";
import { type ConnectionTarget, isSocketFolder } from "./connection_url.ts";
import { CopyStream, type DriverCopy } from "./copy_stream.ts";
import type { CopyIn } from "./database.ts";
import { connectError, connectionLost, endsConnection, statementError } from "./db_error.ts";
import { toParameter, VALUE_TYPES } from "./values.ts";

/**
 * One connection, never replaced behind the caller's back.
 *
 * The driver's own pool reconnects silently, which loses advisory locks and settings, and writes to
 * a socket that is gone when a reserved connection drops. So each connection is a driver of its own
 * with one socket, and once that socket closes everything throws `db/connection_lost`.
 */
export class Connection implements AsyncDisposable {
  readonly #sql: postgres.Sql;
  readonly #target: ConnectionTarget;
  readonly #applicationName: string;
  readonly #line = new Line();
  readonly #lost = Promise.withResolvers<never>();
  #open = true;
  #doomed = false;
  #running = false;
  #pid = 0;

  private constructor(target: ConnectionTarget, applicationName: string) {
    this.#target = target;
    this.#applicationName = applicationName;
    this.#lost.promise.catch(() => {});
    this.#sql = postgres(driverOptions(target, applicationName, this.#line, () => this.#drop()));
  }

  /** Connects and logs in; gives up after the target's time, or when the signal aborts. */
  static async open(
    target: ConnectionTarget,
    applicationName: string,
    signal?: AbortSignal,
  ): Promise<Connection> {
    signal?.throwIfAborted();
    const connection = new Connection(target, applicationName);
    const stop = AbortSignal.timeout(target.connectTimeout * 1000);
    const stopped = Promise.withResolvers<never>();
    const onAbort = () => stopped.reject(signal!.reason);
    const onTimeout = () => stopped.reject(timedOut(target));
    signal?.addEventListener("abort", onAbort, { once: true });
    stop.addEventListener("abort", onTimeout, { once: true });
    try {
      const login = connection.#sql.unsafe("select pg_backend_pid() as pid").execute();
      const [{ pid }] = await Promise.race([login, stopped.promise]);
      connection.#pid = pid;
      return connection;
    } catch (error) {
      connection.#line.cut();
      await connection.close();
      if (signal?.aborted && error === signal.reason) throw error;
      throw connectError(error, target);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      stop.removeEventListener("abort", onTimeout);
    }
  }

  /** Whether it still can be used. */
  get open(): boolean {
    return this.#open && !this.#doomed;
  }

  /** Whether a statement runs now. */
  get running(): boolean {
    return this.#running;
  }

  /** Process id of the server's end. */
  get pid(): number {
    return this.#pid;
  }

  /** Runs a statement; `command` is the word Postgres answered with. */
  async run<Row>(sql: string, params: readonly unknown[] = []): Promise<Result<Row>> {
    if (!this.#open) throw connectionLost(this.#target.describe);
    this.#running = true;
    try {
      const query = this.#sql.unsafe(sql, params.map(toParameter) as string[], {
        prepare: false,
      });
      const result = await Promise.race([query.execute(), this.#lost.promise]);
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

  #failure(error: unknown): Error {
    const failure = statementError(error, this.#target.describe);
    // The socket's own word comes later: until then nobody may be given this connection.
    if (endsConnection(failure)) this.#drop();
    return failure;
  }

  #drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#lost.reject(connectionLost(this.#target.describe));
  }
}

/** Makes the server give up what its processes run; returns how many were told. */
export async function cancelBackends(
  target: ConnectionTarget,
  applicationName: string,
  pids: readonly number[],
): Promise<number> {
  // A connection of its own: those in use wait for their statements.
  await using connection = await Connection.open(target, applicationName);
  const rows = await connection.run<{ told: boolean }>(
    `select pg_cancel_backend(pid) as told from unnest($1::int[]) as pid`,
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
  target: ConnectionTarget,
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
    ssl: target.tls === "disable" ? false : target.tls,
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
      application_name: applicationName,
      DateStyle: "ISO",
      TimeZone: "UTC",
      standard_conforming_strings: "on",
    },
  };
  return options as postgres.Options<Record<string, postgres.PostgresType>>;
}

/** How long a server may take to notice that it is told goodbye. */
const GOODBYE_MILLISECONDS = 500;

/** The one socket of a connection: never dialled twice, and gone for certain once closed. */
class Line {
  #socket: Socket | null = null;
  #closed = false;

  dial(target: ConnectionTarget): Promise<Socket> {
    // Where a server hangs up during the login, the driver would dial again for ever.
    if (this.#socket !== null || this.#closed) throw hungUp(target);
    const { host, port } = target;
    const socket = isSocketFolder(host)
      ? openSocket(`${host}/.s.PGSQL.${port}`)
      : openSocket({ host, port, noDelay: true });
    this.#socket = socket;
    // The driver reads the host for the name in the certificate.
    Object.assign(socket, { host, port });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
    });
  }

  /** Closes without a goodbye. */
  cut(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const socket = this.#socket;
    if (socket === null || socket.destroyed) return;
    socket.on("error", () => {});
    const gone = Promise.withResolvers<void>();
    socket.once("close", () => gone.resolve());
    const timer = setTimeout(() => socket.destroy(), GOODBYE_MILLISECONDS);
    if (socket.connecting) socket.destroy();
    await gone.promise;
    clearTimeout(timer);
  }
}

function hungUp(target: ConnectionTarget): SluiceError {
  return new SluiceError(
    "db/hung_up",
    `Could not connect to ${target.describe}: it closed the connection before the login was done`,
    {
      retry: "later",
      hint: "Check that it is a Postgres server, and look into its log",
    },
  );
}

function timedOut(target: ConnectionTarget): SluiceError {
  return new SluiceError(
    "db/connect_timeout",
    `Could not connect to ${target.describe}: no answer within ${target.connectTimeout} s`,
    {
      retry: "later",
      hint: "Check host, port and firewall, or add ?connect_timeout=SECONDS to the URL",
    },
  );
}

/** Several statements in one text give several results: the last one counts. */
function lastResult(result: unknown): unknown {
  const several = Array.isArray(result) && Array.isArray(result.at(-1)) &&
    !("command" in result && result.command);
  return several ? (result as unknown[]).at(-1) : result;
}

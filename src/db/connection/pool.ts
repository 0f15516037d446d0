import type { Connection } from "./connection.ts";

/** Opens connections when needed, up to a limit, and hands them to one user at a time. */
export class ConnectionPool {
  readonly #open: (closed: AbortSignal) => Promise<Connection>;
  readonly #limit: number;
  readonly #all = new Set<Connection>();
  #idle: Connection[] = [];
  #opening = 0;
  readonly #closed = new AbortController();
  readonly #waiting: PromiseWithResolvers<void>[] = [];

  /** `open` is given up by the signal once the pool is closed. */
  constructor(open: (closed: AbortSignal) => Promise<Connection>, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  /** Puts in a connection that is open already. */
  add(connection: Connection): void {
    this.#all.add(connection);
    this.#idle.push(connection);
  }

  /** An open connection for the caller alone; waits where all are in use. */
  async take(): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw disposed();
      this.#dropDead();
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#all.size + this.#opening < this.#limit) return await this.#openOne();
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
  }

  /** Ends the use of a connection. */
  giveBack(connection: Connection): void {
    if (connection.open && !this.#isClosed) {
      this.#idle.push(connection);
    } else {
      this.#all.delete(connection);
      // One that is of no use may still have a socket, and a transaction at its end.
      connection.close().catch(() => {});
    }
    this.#waiting.shift()?.resolve();
  }

  /** Process ids of the connections on which a statement runs. */
  running(): number[] {
    return [...this.#all].filter(({ open, running }) => open && running).map(({ pid }) => pid);
  }

  /** Closes all connections, those in use too. */
  async close(): Promise<void> {
    this.#closed.abort(disposed());
    for (const turn of this.#waiting.splice(0)) turn.resolve();
    await Promise.all([...this.#all].map((connection) => connection.close()));
    this.#all.clear();
    this.#idle = [];
  }

  async #openOne(): Promise<Connection> {
    this.#opening++;
    try {
      const connection = await this.#open(this.#closed.signal);
      if (this.#isClosed) {
        await connection.close();
        throw disposed();
      }
      this.#all.add(connection);
      return connection;
    } catch (error) {
      this.#waiting.shift()?.resolve();
      throw error;
    } finally {
      this.#opening--;
    }
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  #dropDead(): void {
    for (const connection of this.#idle) {
      if (!connection.open) this.#all.delete(connection);
    }
    this.#idle = this.#idle.filter(({ open }) => open);
  }
}

function disposed(): Error {
  return new Error("A database was used after it was disposed");
}

/** Runs SQL with `$1…` parameters, whose types the server decides. */
export interface Queryable {
  /**
   * Runs one statement and returns its rows.
   *
   * Values come back as: int8 a number where it is safe, a bigint beyond; numeric text; date,
   * timestamp and timestamptz ISO 8601 text (timestamptz in UTC, ending in `Z`); bytea a
   * `Uint8Array`; json parsed; anything else as Postgres writes it, arrays included. Values go out
   * as: an array as a Postgres array (as JSON where the server expects json), an object as JSON, a
   * `Uint8Array` as bytea, undefined as NULL. Without parameters the text may hold several
   * statements; the rows of the last one that returns some come back.
   */
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

/** One connection kept for its state (advisory locks, settings); a dropped one makes queries throw. */
export interface Session extends Queryable, AsyncDisposable {
  /** Aborts when the connection drops, with the error as its reason: whatever it held is gone. */
  readonly lost?: AbortSignal;
}

/** A pool of connections, each opened when first needed. */
export interface Database extends Queryable, AsyncDisposable {
  /**
   * Commits what `work` did, or rolls it back when `work` throws.
   *
   * @param discards the session is as new afterwards: others' SQL may have left something in it
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, discards?: boolean): Promise<T>;
  /** Keeps one connection until disposed. */
  session(): Promise<Session>;
  /**
   * Starts a `copy … from stdin` on a connection of its own.
   *
   * With `first` the copy is in one transaction with it, which `finish` commits: when `first`
   * throws, nothing is copied.
   */
  copyIn(sql: string, first?: (tx: Queryable) => Promise<void>): Promise<CopyIn>;
  /**
   * Makes the server give up every statement that runs now, so that each throws `db/canceled`; the
   * connections stay usable. Returns how many statements were told.
   */
  cancelRunning(): Promise<number>;
  /** The `search_path` that the URL or PGOPTIONS sets, for {@link withUserPath}; null: neither. */
  readonly userPath?: string | null;
  /** Where it is connected to, without the password. */
  readonly describe: string;
}

/** A running `copy … from stdin`. */
export interface CopyIn {
  /** Resolves when the caller may overwrite `bytes` and the socket wants more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the copy and returns the rows that Postgres counted; nothing counts before. */
  finish(): Promise<number>;
  /** Makes Postgres give up the copy; never throws, and does nothing after `finish`. */
  abort(reason: string): Promise<void>;
}

import type { Clock } from "../core/clock.ts";
import type { Database } from "../db/database.ts";

/** A database, and how to end its use. */
export interface OpenLink extends AsyncDisposable {
  readonly db: Database;
}

/** Milliseconds that somebody who asks over HTTP is kept waiting. */
const SOON = 2_000;

/**
 * A database that may be away: opened when first needed, and again after it was found gone.
 *
 * A pool opens new connections by itself; what it cannot do is start the embedded server again, or
 * make a ledger that was dropped meanwhile. Callers that find it broken call {@link forget}.
 */
export class DatabaseLink implements AsyncDisposable {
  readonly #open: () => Promise<OpenLink>;
  #link: Promise<OpenLink> | null = null;

  constructor(open: () => Promise<OpenLink>) {
    this.#open = open;
  }

  /** The database; throws what opening it threw. */
  async get(): Promise<Database> {
    const link = this.#link ??= this.#open();
    try {
      return (await link).db;
    } catch (error) {
      if (this.#link === link) this.#link = null;
      throw error;
    }
  }

  /** Whether it answers soon: a pool waits long for a server that is away. */
  async answers(limits: Pick<Clock, "sleep">): Promise<boolean> {
    const over = new AbortController();
    const late = limits.sleep(SOON, over.signal).then(() => false, () => false);
    const reached = this.get().then((db) => db.query("select 1")).then(() => true, () => false);
    try {
      return await Promise.race([reached, late]);
    } finally {
      over.abort();
    }
  }

  /** Opens it anew the next time; whoever uses it now finds it closed. */
  async forget(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    try {
      await (await link)?.[Symbol.asyncDispose]();
    } catch {
      // It could not be opened, or not be told goodbye: gone it is.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.forget();
  }
}

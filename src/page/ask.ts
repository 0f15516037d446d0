import type { Child } from "hono/jsx";
import type { Database, Queryable } from "../db/database.ts";
import type { PageHost } from "./host.ts";
import type { Frame } from "./parts/layout.tsx";
import type { Starts } from "./starts.ts";
import { type NoLedger, readLedgerWith } from "./queries/read.ts";

/** One look at the page: what is asked for, and what it is answered from. */
export interface Ask {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly host: PageHost;
  readonly frame: Frame;
  readonly starts: Starts;
  /** The database, if it answers soon. */
  database(): Promise<Database>;
}

/** What is shown. */
export interface Shown {
  readonly title: string;
  /** The address in the navigation that it belongs to. */
  readonly at?: string;
  readonly view: Child;
  readonly status?: number;
}

/** What is asked for cannot be shown: thrown wherever that is found, and shown in its place. */
export class NotShown extends Error {
  constructor(
    readonly status: 400 | 404 | 409 | 503,
    readonly title: string,
    /** What to do, one sentence. */
    readonly advice: string,
  ) {
    super(title);
  }
}

/** Looks that ask the database at once: loads come first. */
const AT_ONCE = 4;
/** Looks that may wait for their turn. */
const WAITING = 100;

/** Lets a few work at a time, in their order. */
export class Turns {
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws NotShown where too many wait already */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy >= AT_ONCE) {
      if (this.#waiting.length >= WAITING) {
        throw new NotShown(503, "Too many ask at once", "Load the page again in a moment.");
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#busy++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else next();
    }
  }
}

/** Reads from the ledger, or says that there is none. */
export async function askLedger<T>(
  ask: Ask,
  work: (tx: Queryable) => Promise<T>,
): Promise<T | NoLedger> {
  return await readLedgerWith(await ask.database(), work);
}

/** Reads from the ledger what is only there with one. */
export async function requireLedger<T>(
  ask: Ask,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const found = await askLedger(ask, work);
  if (found === "none") {
    throw new NotShown(
      404,
      "Nothing has been loaded yet",
      `Run a pipeline: ${ask.host.typed} run pipelines/yellow_taxi.yaml`,
    );
  }
  if (found === "older") throw olderLedger();
  return found;
}

/** An earlier version made the ledger, and nothing of this one has brought it up to date. */
export function olderLedger(): NotShown {
  return new NotShown(
    503,
    "The ledger is from an earlier version of Sluice",
    "The next run of any pipeline brings it up to date.",
  );
}

/** A whole number of the address within limits; what is none counts as left out. */
export function numberOf(text: string | null, fallback: number, most: number): number {
  const value = Number(text ?? "");
  return text !== null && /^\d{1,9}$/.test(text) && value >= 1 ? Math.min(value, most) : fallback;
}

/** A text of the address that Postgres can hold. */
export function textOf(query: URLSearchParams, name: string): string {
  return (query.get(name) ?? "").replaceAll("\0", "").toWellFormed().slice(0, 500);
}

/** The same; null where it is left out. */
export function optionOf(query: URLSearchParams, name: string): string | null {
  return query.has(name) ? textOf(query, name) : null;
}

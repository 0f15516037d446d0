import { SluiceError } from "../../core/error.ts";
import type { Queryable } from "../database.ts";
import { cancelBackends, Connection } from "./connection.ts";
import type { CopyOut } from "./copy_out.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve_target.ts";
import { applySettingsLocally, SEARCH_PATH } from "./session_settings.ts";

/** A column of what a query returns. */
export interface ReadColumn {
  readonly name: string;
  /** With its modifiers, as `format_type` prints it. */
  readonly type: string;
}

/** Settings that decide how values are written as text, and in which order a table is read. */
const TEXTS: Readonly<Record<string, string>> = {
  DateStyle: "ISO, YMD",
  TimeZone: "UTC",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  synchronize_seqscans: "off",
};

/** How long a server may take to be told that nobody waits for its answer any more, in seconds. */
const CANCEL_SECONDS = 3;

const NAME = "sluice";

/**
 * A read-only transaction on a database that data comes from, in a connection of its own.
 *
 * All that is set is set for the transaction alone: a pooler may lend its session to others.
 */
export class Reading implements Queryable, AsyncDisposable {
  readonly #connection: Connection;
  readonly #target: ResolvedTarget;
  #pid = 0;
  #isCopying = false;

  private constructor(connection: Connection, target: ResolvedTarget) {
    this.#connection = connection;
    this.#target = target;
  }

  /**
   * Connects with what the URL says and nothing else, and begins the transaction: it sees one state
   * of the database.
   *
   * @param waitSeconds how long the server may take to take us in
   * @throws SluiceError `db/…`, never with the password
   */
  static async open(url: string, waitSeconds: number, signal: AbortSignal): Promise<Reading> {
    const target = await targetOf(url, waitSeconds);
    const connection = await Connection.open(target, NAME, signal);
    try {
      const reading = new Reading(connection, target);
      await reading.#begin();
      return reading;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Where it is connected to, without the password. */
  get describe(): string {
    return this.#connection.describe;
  }

  async #begin(): Promise<void> {
    await this.#connection.run("begin isolation level repeatable read read only");
    await this.#connection.run(applySettingsLocally(SEARCH_PATH));
    const texts = Object.entries({
      ...TEXTS,
      // As for all SQL of a pipeline file: what the URL names, and else nothing that others made.
      search_path: this.#connection.userPath ?? SEARCH_PATH,
    });
    const [{ pid }] = await this.#connection.run<{ pid: number }>(
      `select pg_catalog.pg_backend_pid() as pid, ${
        texts.map((_, at) =>
          `pg_catalog.set_config($${2 * at + 1}, $${2 * at + 2}, true) as s${at}`
        )
          .join(", ")
      }`,
      texts.flat(),
    );
    this.#pid = pid;
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return Array.from(await this.#connection.run<Row>(sql, params));
  }

  /**
   * The columns of a query that returns rows, of which it reads none: that the role may read them,
   * and that it only reads, is proven.
   */
  async columns(query: string): Promise<ReadColumn[]> {
    // A parameter makes it one statement for certain; within brackets nothing but a query stands.
    const result = await this.#connection.run(
      `select * from (\n${query}\n) as source limit $1::pg_catalog.int8`,
      [0],
    );
    const described = (result as unknown as Described).statement.columns ?? [];
    const types = await this.query<{ type: string }>(
      `select pg_catalog.format_type(w.type::pg_catalog.oid, coalesce(a.atttypmod, -1)) as type
from pg_catalog.json_to_recordset($1::pg_catalog.text::pg_catalog.json)
  as w (at integer, type pg_catalog.int8, "table" pg_catalog.int8, number integer)
left join pg_catalog.pg_attribute a
  on a.attrelid operator(pg_catalog.=) w."table"::pg_catalog.oid
  and a.attnum operator(pg_catalog.=) w.number
  and a.atttypid operator(pg_catalog.=) w.type::pg_catalog.oid
order by w.at`,
      [JSON.stringify(described.map(({ type, table, number }, at) => ({
        at,
        type,
        table,
        number,
      })))],
    );
    return described.map(({ name }, at) => ({ name, type: types[at].type }));
  }

  /** Starts to send what a query returns, as COPY writes text. */
  async copyOut(query: string): Promise<CopyOut> {
    this.#isCopying = true;
    const copy = await this.#connection.copyOut(`copy (\n${query}\n) to stdout`);
    return {
      next: async () => {
        const bytes = await copy.next();
        if (bytes === null) this.#isCopying = false;
        return bytes;
      },
    };
  }

  /**
   * Asks over another connection whether the server still works for this one: a query may think for
   * hours, and a machine that is gone says nothing either.
   *
   * @throws SluiceError `db/…` where the server does not answer
   */
  async isAlive(): Promise<boolean> {
    try {
      await using connection = await Connection.open(this.#target, NAME);
      const [{ there }] = await connection.run<{ there: boolean }>(
        `select exists (select from pg_catalog.pg_stat_activity
  where pid operator(pg_catalog.=) $1::pg_catalog.int4) as there`,
        [this.#pid],
      );
      return there;
    } catch (error) {
      // A server that has no room for one more is there.
      if (error instanceof SluiceError && error.postgres !== undefined) return true;
      throw error;
    }
  }

  /** Ends the transaction, and a copy that is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isCopying && this.#connection.open) {
      this.#isCopying = false;
      const target = { ...this.#target, connectTimeout: CANCEL_SECONDS };
      await cancelBackends(target, NAME, [this.#pid]).catch(() => {});
    }
    await this.#connection.close();
  }
}

/** What the driver knows of a statement. */
interface Described {
  readonly statement: {
    readonly columns:
      | readonly {
        readonly name: string;
        readonly type: number;
        readonly table: number;
        readonly number: number;
      }[]
      | null;
  };
}

async function targetOf(url: string, waitSeconds: number): Promise<ResolvedTarget> {
  const target = await resolveTarget(url);
  const { connectTimeout } = target;
  return {
    ...target,
    connectTimeout: connectTimeout === 0 ? waitSeconds : Math.min(connectTimeout, waitSeconds),
  };
}

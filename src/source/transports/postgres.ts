import { SluiceError } from "../../core/error.ts";
import { Reading } from "../../db/connection/reading.ts";
import type { CopyOut } from "../../db/connection/copy_out.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import { databaseError } from "./database_error.ts";
import type { ReadLimits, StoredFile, Transport } from "./transport.ts";

/**
 * A table or a query of a database, as COPY writes it, behind a line of the columns' names.
 *
 * A database says of no table when it has changed last: what was read is compared with what was
 * loaded, by its digest.
 */
export const postgres: Transport = {
  name: "postgres",
  async open(location, limits, context) {
    const rows = new Rows(location, limits, context);
    await rows.start();
    return rows;
  },
  async probe(location, limits, context) {
    try {
      await withReading(
        location,
        limits,
        context,
        (reading, wait) => wait(reading.columns(queryOf(location))),
      );
      return factsOf(location);
    } catch (error) {
      if (error instanceof SluiceError && error.code === "source/not_found") return null;
      throw error;
    }
  },
};

/** Waits for something of the server: until it comes, it is certain not to, or the run is ended. */
type Wait = <T>(work: Promise<T>) => Promise<T>;

/** Does work in a read-only transaction on a source's database. */
export async function withReading<T>(
  location: Location,
  limits: ReadLimits,
  context: SourceContext,
  work: (reading: Reading, wait: Wait) => Promise<T>,
): Promise<T> {
  return await sourceAttempts(limits.retries, context).run(async () => {
    let reading: Reading | null = null;
    try {
      reading = await openReading(location, limits, context);
      const open = reading;
      return await work(open, (each) => heard(each, open, location, limits, context));
    } catch (error) {
      throw told(error, location, reading, context);
    } finally {
      await reading?.[Symbol.asyncDispose]();
    }
  });
}

/** What is sent of one query: in one piece, from one state of the database. */
class Rows implements StoredFile {
  readonly contentEncoding = null;
  readonly contentType = null;
  readonly isPlain = true;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  readonly facts: SourceFacts;
  #reading: Reading | null = null;
  #copy: CopyOut | null = null;
  #header: Uint8Array = new Uint8Array(0);
  #position = 0;
  readonly #location: Location;
  readonly #limits: ReadLimits;
  readonly #context: SourceContext;
  readonly #attempts: ReturnType<typeof sourceAttempts>;

  constructor(location: Location, limits: ReadLimits, context: SourceContext) {
    this.#location = location;
    this.#limits = limits;
    this.#context = context;
    this.#attempts = sourceAttempts(limits.retries, context);
    this.facts = factsOf(location);
    this.chunks = this.#read();
  }

  async start(): Promise<void> {
    await this.#attempts.run(() => this.#begin());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.chunks.return();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      // Nothing is known to be read before the first rows have come: until then it may begin anew.
      let chunk = await this.#attempts.run(() => this.#next());
      this.#position = this.#header.length;
      yield this.#header;
      for (; chunk !== null; chunk = await this.#next()) {
        this.#position += chunk.length;
        yield chunk;
      }
    } finally {
      await this.#close();
    }
  }

  async #begin(): Promise<void> {
    const query = queryOf(this.#location);
    try {
      this.#reading = await openReading(this.#location, this.#limits, this.#context);
      this.#header = namesLine(await this.#heard(this.#reading.columns(query)), this.#location);
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#reading === null) await this.#begin();
    try {
      // The server says that it begins with the first rows, which may take it long.
      this.#copy ??= await this.#heard(this.#reading!.copyOut(queryOf(this.#location)));
      return await this.#heard(this.#copy.next());
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  async #heard<T>(work: Promise<T>): Promise<T> {
    return await heard(work, this.#reading!, this.#location, this.#limits, this.#context);
  }

  async #failed(cause: unknown): Promise<unknown> {
    const error = told(cause, this.#location, this.#reading, this.#context);
    await this.#close();
    const isBroken = error instanceof SluiceError && error.retry === "later";
    if (!isBroken || this.#position === 0) return error;
    // Another transaction sees another state of the rows: the two are never joined.
    return new SluiceError(
      "source/restart_needed",
      `Reading "${this.#location.shown}" broke off after ${this.#position} bytes: ${error.message}`,
      {
        retry: "restart",
        details: { bytes_received: this.#position },
        hint: error.hint ?? "The load begins again with its first row",
        cause: error,
        ...(error.postgres === undefined ? {} : { postgres: error.postgres }),
      },
    );
  }

  async #close(): Promise<void> {
    const reading = this.#reading;
    this.#reading = null;
    this.#copy = null;
    await reading?.[Symbol.asyncDispose]();
  }
}

async function openReading(
  location: Location,
  { timeoutSeconds }: ReadLimits,
  { signal }: SourceContext,
): Promise<Reading> {
  signal.throwIfAborted();
  requireOwnCredentials(location);
  return await Reading.open(location.href, timeoutSeconds, signal);
}

/** Waits as long as the server works at it: `timeout` is how long it may say nothing at all. */
async function heard<T>(
  work: Promise<T>,
  reading: Reading,
  { shown }: Location,
  { timeoutSeconds }: ReadLimits,
  { signal }: SourceContext,
): Promise<T> {
  // Whoever gives it up hears of its failure no more.
  work.catch(() => {});
  for (;;) {
    const silence = Promise.withResolvers<null>();
    const stopped = Promise.withResolvers<never>();
    const onAbort = () => stopped.reject(signal.reason);
    const timer = setTimeout(() => silence.resolve(null), timeoutSeconds * 1000);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      const done = work.then((value) => ({ value }));
      const first = await Promise.race([done, silence.promise, stopped.promise]);
      if (first !== null) return first.value;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
    let cause: unknown;
    try {
      if (await reading.isAlive()) continue;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      cause = error;
    }
    throw new SluiceError(
      "source/timeout",
      `"${shown}" said nothing for ${timeoutSeconds} s, and its server does not work at it any more`,
      {
        retry: "later",
        hint: "Check the network and the server; `timeout` says after which silence it is asked",
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** SQL that returns the rows. */
function queryOf({ query, shown }: Location): string {
  if (query !== undefined) return query;
  throw new Error(`"${shown}" was opened without a query`);
}

/** Nothing is known before it is read: its digest tells whether it was loaded before. */
function factsOf({ shown }: Location): SourceFacts {
  return { url: shown, etag: null, lastModified: null, bytes: null, sha256: null };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** The names of the columns as COPY writes texts: servers before Postgres 15 have no such header. */
function namesLine(columns: readonly { readonly name: string }[], { shown }: Location): Uint8Array {
  if (columns.length === 0) {
    throw new SluiceError("source/no_columns", `"${shown}" has no columns`, {
      hint: "Name a table or a query with columns",
    });
  }
  const names = columns.map(({ name }) =>
    // deno-lint-ignore no-control-regex
    name.replace(/[\\\x08-\x0d]/g, (character) => ESCAPES[character])
  );
  return new TextEncoder().encode(`${names.join("\t")}\n`);
}

/** A file that is nobody's but the operator's is named by a variable of the operator. */
function requireOwnCredentials({ shown }: Location): void {
  const found = /[?&](passfile|sslcert|sslkey)=(?!\$\{\w+\}(?:[&#]|$))/.exec(shown);
  if (found === null) return;
  throw new SluiceError(
    "source/bad_url",
    `"${shown}" names a file of credentials with "${found[1]}"`,
    { hint: `Write it as "${found[1]}=\${NAME}", and set NAME where Sluice runs` },
  );
}

/** The reason of an abort, or what went wrong in the words for sources. */
function told(
  error: unknown,
  location: Location,
  reading: Reading | null,
  { signal }: SourceContext,
): unknown {
  return signal.aborted ? signal.reason : databaseError(error, location, reading !== null);
}

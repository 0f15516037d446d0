import type { Writable } from "node:stream";
import type { CopyIn } from "../database.ts";

/** The driver's query object for a copy: it settles twice, with the stream and with the result. */
export interface DriverCopy {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  execute(): unknown;
}

/** What a copy needs of its connection. */
export interface CopyHost {
  /** Rejects when the connection drops. */
  readonly lost: Promise<never>;
  toError(error: unknown): Error;
  /** Sends bytes of the copy; `done` is called when they may change. */
  send(bytes: Uint8Array, done: (error?: Error | null) => void): void;
  /** Makes the server give up what it does; the connection is of no use afterwards. */
  cancel(): Promise<unknown>;
  close(): Promise<void>;
  /** Called once, when the connection is free again or gone. */
  onEnd(): void;
}

/** When a server that is busy with bytes sent before is told in another way to give up a copy. */
const CANCEL_MILLISECONDS = 300;
/** When it is no longer waited for. */
const CLOSE_MILLISECONDS = 5_000;

/**
 * A `copy … from stdin` that always ends.
 *
 * The driver's stream alone does not: an error that Postgres sends after the last byte leaves
 * `end()` waiting for ever, the row count is not handed out, and a dropped connection may leave a
 * write unanswered. So the settling of the query itself is watched beside the stream.
 */
export class CopyStream implements CopyIn {
  readonly started: Promise<void>;
  readonly #host: CopyHost;
  /** The server's last word: rows, or the error. */
  readonly #over = Promise.withResolvers<number>();
  #stream: Writable | null = null;
  /** Writes that are under way: a reaction each on one promise would stay until the copy ends. */
  readonly #writes = new Set<PromiseWithResolvers<void>>();
  #ended: "no" | "asked" | "yes" = "no";

  constructor(query: DriverCopy, host: CopyHost) {
    this.#host = host;
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    query.resolve = (value) => {
      if (this.#stream === null && isWritable(value)) {
        this.#stream = value;
        // Its errors are the query's errors.
        value.on("error", () => {});
        started.resolve();
      } else if (this.#stream === null) {
        this.#settle(new Error("copyIn was given a statement that is no copy from stdin"));
      } else {
        this.#settle(null, (value as { count: number | null }).count ?? 0);
      }
    };
    query.reject = (error) => this.#settle(host.toError(error));
    host.lost.catch((error) => this.#settle(error));
    this.#over.promise.catch((error) => started.reject(error));
    started.promise.catch(() => {});
    query.execute();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended === "asked") throw new Error("write after finish or abort");
    if (this.#ended === "yes") await this.#over.promise;
    if (bytes.length === 0) return;
    const write = Promise.withResolvers<void>();
    this.#writes.add(write);
    // Whichever side fails first, what Postgres said is the better error, and it comes.
    this.#host.send(bytes, (error) => {
      if (error === undefined || error === null) write.resolve();
    });
    try {
      await write.promise;
    } finally {
      this.#writes.delete(write);
    }
  }

  async finish(): Promise<number> {
    if (this.#ended === "no") {
      this.#ended = "asked";
      this.#stream!.end();
    }
    return await this.#over.promise;
  }

  async abort(reason: string): Promise<void> {
    if (this.#ended === "no") {
      this.#ended = "asked";
      this.#stream!.destroy(new Error(reason));
    }
    let cancelled = false;
    const cancel = setTimeout(() => {
      cancelled = true;
      this.#host.cancel().catch(() => {});
    }, CANCEL_MILLISECONDS);
    const close = setTimeout(() => this.#host.close().catch(() => {}), CLOSE_MILLISECONDS);
    await this.#over.promise.catch(() => {});
    clearTimeout(cancel);
    clearTimeout(close);
    if (cancelled) await this.#host.close();
  }

  #settle(error: Error | null, rows = 0): void {
    if (this.#ended === "yes") return;
    this.#ended = "yes";
    if (error === null) this.#over.resolve(rows);
    else this.#over.reject(error);
    this.#over.promise.catch(() => {});
    for (const write of this.#writes) {
      if (error === null) write.resolve();
      else write.reject(error);
    }
    this.#host.onEnd();
  }
}

function isWritable(value: unknown): value is Writable {
  return typeof (value as Writable | null)?.write === "function";
}

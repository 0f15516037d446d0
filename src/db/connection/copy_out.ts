import type { CopyReceiver } from "./copy_receiver.ts";
import type { DriverCopy } from "./copy_stream.ts";

/** A running `copy … to stdout`. */
export interface CopyOut {
  /** The bytes that have come, once there are some; null behind the last one. */
  next(): Promise<Uint8Array | null>;
}

/** What a copy needs of its connection. */
export interface CopyOutHost {
  /** Rejects when the connection drops. */
  readonly lost: Promise<never>;
  toError(error: unknown): Error;
  /** Takes the rows in place of the driver; `onBytes` is called when there are some. */
  receive(onBytes: () => void): Pick<CopyReceiver, "take">;
  /** Called once, when the server has said its last word of it. */
  onEnd(): void;
}

/**
 * A `copy … to stdout` whose end is certain.
 *
 * A stream ends in the same way whether the server has finished or the socket is gone. So the
 * settling of the query itself is watched: the last byte counts once Postgres has said that the copy
 * is complete. The socket is read no faster than somebody asks for bytes.
 */
export class CopyOutStream implements CopyOut {
  readonly started: Promise<void>;
  readonly #host: CopyOutHost;
  readonly #rows: Pick<CopyReceiver, "take">;
  #hasStarted = false;
  #end: "no" | "complete" | Error = "no";
  /** Resolves when there may be more to say. */
  #news = Promise.withResolvers<void>();

  constructor(query: DriverCopy, host: CopyOutHost) {
    this.#host = host;
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    started.promise.catch(() => {});
    const fail = (error: Error) => {
      started.reject(error);
      this.#settle(error);
    };
    // First with the driver's stream, to which nothing comes, then with the result.
    query.resolve = (value) => {
      if (this.#hasStarted) return this.#settle("complete");
      if (!isReadable(value)) {
        return fail(new Error("copyOut was given a statement that is no copy to stdout"));
      }
      this.#hasStarted = true;
      // Its errors are the query's errors.
      value.on("error", () => {});
      started.resolve();
    };
    query.reject = (error) => fail(host.toError(error));
    host.lost.catch(fail);
    this.#rows = host.receive(() => this.#tell());
    query.execute();
  }

  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#end instanceof Error) throw this.#end;
      const news = this.#news.promise;
      const bytes = this.#rows.take();
      if (bytes !== null) return bytes;
      if (this.#end === "complete") return null;
      await news;
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #settle(end: "complete" | Error): void {
    if (this.#end !== "no") return;
    this.#end = end;
    this.#tell();
    this.#host.onEnd();
  }
}

function isReadable(value: unknown): value is Emitter {
  return typeof (value as { read?: unknown } | null)?.read === "function";
}

interface Emitter {
  on(event: "error", listener: () => void): unknown;
}

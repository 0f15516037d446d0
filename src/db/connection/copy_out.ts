import type { Readable } from "node:stream";
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
  /** Called once, when the server has said its last word of it. */
  onEnd(): void;
}

/**
 * A `copy … to stdout` whose end is certain.
 *
 * The driver's stream alone is not enough: it ends in the same way whether the server has finished
 * or the socket is gone. So the settling of the query itself is watched beside it: the last byte
 * counts once Postgres has said that the copy is complete. The socket is read no faster than
 * somebody asks for bytes.
 */
export class CopyOutStream implements CopyOut {
  readonly started: Promise<void>;
  readonly #host: CopyOutHost;
  #stream: Readable | null = null;
  #end: "no" | "complete" | Error = "no";
  /** Resolves when there may be more to say. */
  #news = Promise.withResolvers<void>();

  constructor(query: DriverCopy, host: CopyOutHost) {
    this.#host = host;
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    started.promise.catch(() => {});
    query.resolve = (value) => {
      if (this.#stream !== null) return this.#settle("complete");
      if (!isReadable(value)) {
        const error = new Error("copyOut was given a statement that is no copy to stdout");
        started.reject(error);
        return this.#settle(error);
      }
      this.#stream = value;
      // Its errors are the query's errors.
      value.on("error", () => {});
      value.on("readable", () => this.#tell());
      value.on("end", () => this.#tell());
      started.resolve();
    };
    const fail = (error: Error) => {
      started.reject(error);
      this.#settle(error);
    };
    query.reject = (error) => fail(host.toError(error));
    host.lost.catch(fail);
    query.execute();
  }

  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#end instanceof Error) throw this.#end;
      const news = this.#news.promise;
      const bytes = this.#stream!.read() as Uint8Array | null;
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

function isReadable(value: unknown): value is Readable {
  return typeof (value as Readable | null)?.read === "function";
}

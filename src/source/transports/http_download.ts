import { SluiceError } from "../../core/error.ts";
import type { Attempts } from "../../core/retry.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import {
  isoDate,
  parseContentRange,
  parseLength,
  strongValidator,
  type Validator,
} from "./http_headers.ts";
import { discard, networkError, sendRequest, within } from "./http_request.ts";
import type { ReadLimits, StoredFile } from "./transport.ts";

/** One file's download: when it breaks half way, it goes on where it stopped. */
export class HttpDownload implements StoredFile {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  #facts: SourceFacts;
  #contentEncoding: string | null = null;
  #contentType: string | null = null;
  /** Proves that a later answer is about the same bytes; null where the server offers no proof. */
  #validator: Validator | null = null;
  /** Bytes handed out so far. */
  #position = 0;
  #connection = new AbortController();
  #body: ReadableStreamDefaultReader<Uint8Array> | null = null;
  readonly #location: Location;
  readonly #limits: ReadLimits;
  readonly #context: SourceContext;
  readonly #retries: Attempts;
  /** Ends with the run, or when the download is given up. */
  readonly #lifetime = new AbortController();
  readonly #runSignal: AbortSignal;
  readonly #onAbort = () => this.#end(this.#runSignal.reason);

  constructor(location: Location, limits: ReadLimits, context: SourceContext) {
    this.#location = location;
    this.#limits = limits;
    this.#runSignal = context.signal;
    this.#context = { ...context, signal: this.#lifetime.signal };
    this.#retries = sourceAttempts(limits.retries, this.#context);
    this.#facts = {
      url: location.shown,
      etag: null,
      lastModified: null,
      bytes: null,
      sha256: null,
    };
    this.chunks = this.#read();
    if (context.signal.aborted) this.#onAbort();
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get facts(): SourceFacts {
    return this.#facts;
  }

  get contentEncoding(): string | null {
    return this.#contentEncoding;
  }

  get contentType(): string | null {
    return this.#contentType;
  }

  /** Connects for the first time. */
  async start(): Promise<void> {
    try {
      await this.#retries.run(() => this.#connect());
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#runSignal.removeEventListener("abort", this.#onAbort);
    this.#end(new DOMException("The download was stopped", "AbortError"));
    await this.#disconnect();
    await this.chunks.return();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = await this.#retries.run(() => this.#next());
        if (chunk === null) return;
        this.#position += chunk.length;
        if (chunk.length > 0) this.#retries.reset();
        yield chunk;
      }
    } finally {
      await this.#disconnect();
    }
  }

  /** The next chunk, on a new connection where the last one broke; null at the end. */
  async #next(): Promise<Uint8Array | null> {
    if (this.#body === null) await this.#connect();
    if (this.#body === null) return null;
    const body: ReadableStreamDefaultReader<Uint8Array> = this.#body;
    const request = {
      location: this.#location,
      timeoutSeconds: this.#limits.timeoutSeconds,
      connection: this.#connection,
    };
    const { bytes } = this.#facts;
    try {
      const { value, done } = await within(request, "data", () => body.read());
      if (!done) {
        if (bytes === null || this.#position + value.length <= bytes) return value;
        throw this.#changed(`sent more than its ${bytes} bytes`);
      }
    } catch (error) {
      const failure = networkError(error, request, this.#context);
      await this.#disconnect();
      // Broken after the last byte: nothing is missing.
      if (bytes !== null && this.#position === bytes) return null;
      throw failure;
    }
    if (bytes === null || this.#position === bytes) return null;
    await this.#disconnect();
    throw new SluiceError(
      "source/cut_short",
      `"${this.#location.shown}" ended after ${this.#position} of ${bytes} bytes`,
      {
        retry: "later",
        details: { bytes_received: this.#position, bytes_expected: bytes },
        hint: "The server or something between cut it off: run again, it starts afresh",
      },
    );
  }

  /** Asks for all bytes from `#position` on; leaves no body where there are none left. */
  async #connect(): Promise<void> {
    const from = this.#position;
    const validator = this.#validator;
    if (from > 0 && validator === null) {
      throw this.#restart("sends neither a strong etag nor a date that proves it is the same file");
    }
    this.#context.signal.throwIfAborted();
    this.#connection = new AbortController();
    const response = await sendRequest({
      method: "GET",
      location: this.#location,
      timeoutSeconds: this.#limits.timeoutSeconds,
      connection: this.#connection,
      ...(from === 0 ? { accept: [200] } : {
        accept: [200, 206, 416],
        headers: { range: `bytes=${from}-`, "if-range": validator!.value },
      }),
    }, this.#context);
    try {
      if (from === 0) this.#begin(response);
      else if (this.#continues(response)) return await discard(response);
    } catch (error) {
      await discard(response);
      throw error;
    }
    this.#body = response.body?.getReader() ?? null;
  }

  #begin({ headers }: Response): void {
    this.#facts = {
      url: this.#location.shown,
      etag: headers.get("etag"),
      lastModified: isoDate(headers.get("last-modified")),
      bytes: parseLength(headers.get("content-length")),
      sha256: null,
    };
    this.#contentEncoding = headers.get("content-encoding");
    this.#contentType = headers.get("content-type");
    this.#validator = strongValidator(headers);
  }

  /** Makes sure that an answer goes on where the last one broke; true where nothing was left. */
  #continues({ status, headers }: Response): boolean {
    const { etag, lastModified, bytes } = this.#facts;
    const range = parseContentRange(headers.get("content-range"));
    const total = status === 200
      ? parseLength(headers.get("content-length"))
      : range?.total ?? null;
    const isSame = unchanged(etag, headers.get("etag")) &&
      unchanged(lastModified, isoDate(headers.get("last-modified"))) && unchanged(bytes, total);
    if (!isSame) throw this.#changed("changed while it was read");
    if (status === 200) throw this.#restart("starts over instead of continuing");
    // Some servers ignore If-Range: only what the part says of itself tells whose part it is.
    if (!this.#isProven(headers)) {
      throw this.#restart("does not prove that the rest is of the same file");
    }
    if (status === 416 && total === this.#position) return true;
    if (status === 416) throw this.#changed("changed while it was read");
    if (range?.start !== this.#position) throw this.#restart("answers with another range");
    if (headers.get("content-encoding") !== this.#contentEncoding) {
      throw this.#restart("answers with another encoding");
    }
    if (total !== null) this.#facts = { ...this.#facts, bytes: total };
    return false;
  }

  /** Whether an answer repeats the very etag or date that the first answer had. */
  #isProven(headers: Headers): boolean {
    return headers.get(this.#validator!.header) === this.#validator!.value;
  }

  #restart(what: string): SluiceError {
    return new SluiceError(
      "source/restart_needed",
      `The download of "${this.#location.shown}" broke after ${this.#position} bytes, ` +
        `and the server ${what}`,
      {
        retry: "restart",
        details: { bytes_received: this.#position },
        hint: "It is read again from its first byte",
      },
    );
  }

  #changed(what: string): SluiceError {
    return new SluiceError(
      "source/changed_while_reading",
      `"${this.#location.shown}" ${what}`,
      {
        retry: "restart",
        details: { bytes_received: this.#position },
        hint: "Run again once the file is complete: parts of two files are never joined",
      },
    );
  }

  #end(reason: unknown): void {
    this.#lifetime.abort(reason);
    this.#connection.abort(reason);
  }

  async #disconnect(): Promise<void> {
    const body = this.#body;
    this.#body = null;
    this.#connection.abort();
    try {
      await body?.cancel();
    } catch {
      // It failed by itself, which frees the connection too.
    }
  }
}

/** A fact that one of two answers leaves out tells nothing. */
function unchanged<T>(before: T | null, now: T | null): boolean {
  return before === null || now === null || before === now;
}

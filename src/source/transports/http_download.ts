import { SluiceError } from "../../core/error.ts";
import type { Attempts } from "../../core/retry.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import {
  factsOf,
  isoDate,
  parseContentRange,
  parseLength,
  strongValidator,
  unchanged,
  type Validator,
} from "./http_headers.ts";
import { askForTail, type CountFrom, isAll, type Part } from "./http_tail.ts";
import { discard, networkError, sendRequest, within } from "./http_request.ts";
import { type FileRanges, type ReadLimits, type StoredFile } from "./transport.ts";

/**
 * One file's download, or that of a part: when it breaks half way, it goes on where it stopped.
 */
export class HttpDownload implements StoredFile {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  #facts: SourceFacts;
  #contentEncoding: string | null = null;
  #contentType: string | null = null;
  /** Proves that a later answer is about the same bytes; null where the server offers no proof. */
  #validator: Validator | null = null;
  /** Where the next byte that is handed out stands in the file. */
  #position = 0;
  readonly #part: Part | null;
  #ranges: FileRanges | null = null;
  /** All bytes, where the first answer had them. */
  #ready: Uint8Array | null = null;
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

  constructor(
    location: Location,
    limits: ReadLimits,
    context: SourceContext,
    part: Part | null = null,
  ) {
    this.#location = location;
    this.#part = part;
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
    if (part !== null) {
      this.#facts = part.facts;
      this.#validator = part.validator;
      this.#position = part.start;
    }
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

  get ranges(): FileRanges | undefined {
    return this.#ranges ?? undefined;
  }

  /**
   * Connects for the first time.
   *
   * @param count asks for the end alone, and for all where the server sends no parts that are proven;
   * null: asks for all
   */
  async start(count: CountFrom | null = null): Promise<void> {
    try {
      if (count !== null && await this.#startAtTail(count)) this.#retries.reset();
      else if (this.#body === null) await this.#retries.run(() => this.#connect());
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

  /** Whether the end of the file is there; where it is not, nothing of the file was read. */
  async #startAtTail(count: CountFrom): Promise<boolean> {
    const answer = await this.#retries.run(() => {
      this.#context.signal.throwIfAborted();
      this.#connection = new AbortController();
      const { timeoutSeconds } = this.#limits;
      const request = { location: this.#location, timeoutSeconds, connection: this.#connection };
      return askForTail(request, count, this.#context);
    });
    if (answer === null) return false;
    if (answer instanceof Response) {
      this.#begin(answer);
      this.#body = answer.body?.getReader() ?? null;
      return false;
    }
    this.#contentType = answer.contentType;
    try {
      this.#takeTail(answer, answer.tail ?? await collect(this.#open(answer)));
      return true;
    } catch (error) {
      if (error instanceof SluiceError && error.retry === "restart") return false;
      throw error;
    }
  }

  #takeTail({ start, end, facts, validator }: Part, tail: Uint8Array): void {
    this.#facts = facts;
    this.#validator = validator;
    if (start === 0) this.#ready = tail;
    else {
      this.#ranges = {
        etag: validator.value,
        size: end,
        tail,
        read: (start, end) => this.#open({ start, end, facts, validator }),
      };
    }
  }

  #open(part: Part): HttpDownload {
    return new HttpDownload(this.#location, this.#limits, this.#context, part);
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
    if (this.#ready !== null) {
      const all = this.#ready;
      this.#ready = null;
      return all;
    }
    const last = this.#part?.end ?? null;
    if (this.#body === null && this.#position === (last ?? this.#facts.bytes)) return null;
    if (this.#body === null) await this.#connect();
    if (this.#body === null) return null;
    const body: ReadableStreamDefaultReader<Uint8Array> = this.#body;
    const request = {
      location: this.#location,
      timeoutSeconds: this.#limits.timeoutSeconds,
      connection: this.#connection,
    };
    const bytes = last ?? this.#facts.bytes;
    try {
      const { value, done } = await within(request, "data", () => body.read());
      if (!done) {
        if (bytes === null || this.#position + value.length <= bytes) return value;
        throw this.#changed(
          last === null
            ? `sent more than its ${bytes} bytes`
            : `sent more bytes than it was asked for`,
        );
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
    if (last !== null) throw this.#restart("ends a part before its end");
    throw this.#cut(this.#position, bytes);
  }

  #cut(received: number, expected: number): SluiceError {
    return new SluiceError(
      "source/cut_short",
      `"${this.#location.shown}" ended after ${received} of ${expected} bytes`,
      {
        retry: "later",
        details: { bytes_received: received, bytes_expected: expected },
        hint: "The server or something between cut it off: run again, it starts afresh",
      },
    );
  }

  /** Asks for all bytes from `#position` on; leaves no body where there are none left. */
  async #connect(): Promise<void> {
    const from = this.#position;
    const validator = this.#validator;
    const isWhole = this.#part === null && from === 0;
    if (!isWhole && validator === null) {
      throw this.#restart("sends neither a strong etag nor a date that proves it is the same file");
    }
    this.#context.signal.throwIfAborted();
    this.#connection = new AbortController();
    const response = await sendRequest({
      method: "GET",
      location: this.#location,
      timeoutSeconds: this.#limits.timeoutSeconds,
      connection: this.#connection,
      ...(isWhole ? { accept: [200] } : {
        accept: [200, 206, 416],
        headers: {
          range: `bytes=${from}-${this.#part === null ? "" : this.#part.end - 1}`,
          "if-range": validator!.value,
        },
      }),
    }, this.#context);
    try {
      if (isWhole) this.#begin(response);
      else if (this.#continues(response)) return await discard(response);
    } catch (error) {
      await discard(response);
      throw error;
    }
    this.#body = response.body?.getReader() ?? null;
  }

  #begin({ headers }: Response): void {
    const facts = factsOf(this.#location, headers);
    if (this.#ranges !== null) {
      const { etag, size } = this.#ranges;
      // Bytes of it were read before.
      if (facts.etag !== etag || !unchanged(size, facts.bytes)) {
        throw this.#changed("changed while it was read");
      }
      if (headers.get("content-encoding") !== null) {
        throw this.#restart("answers with another encoding");
      }
      return;
    }
    this.#facts = facts;
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
    const part = this.#part;
    if (status === 416 && part === null && total === this.#position) return true;
    if (status === 416) throw this.#changed("changed while it was read");
    const isRange = range?.start === this.#position &&
      (part === null || isAll(range, part, headers));
    if (!isRange) throw this.#restart("answers with another range");
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
    const { shown } = this.#location;
    return new SluiceError(
      "source/restart_needed",
      this.#part !== null || this.#ranges !== null
        ? `"${shown}" was read in parts, and the server ${what}`
        : `The download of "${shown}" broke after ${this.#position} bytes, and the server ${what}`,
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

/** All bytes of a part. */
async function collect(part: HttpDownload): Promise<Uint8Array> {
  await using download = part;
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.chunks) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

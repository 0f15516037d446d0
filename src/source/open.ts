import { createHash } from "node:crypto";
import type { SourcePlan } from "../plan/load_plan.ts";
import { coalesce } from "./coalesce.ts";
import { decompress } from "./codecs/mod.ts";
import type { SourceContext, SourceFacts } from "./context.ts";
import { traitsOf } from "./formats/mod.ts";
import { locate } from "./location.ts";
import { recognised } from "./recognise.ts";
import { transportFor } from "./transports/mod.ts";
import type { StoredFile } from "./transports/transport.ts";

/** A source being read. */
export interface OpenSource extends AsyncDisposable {
  /** Of the file as it is stored; `sha256` stays null, see {@link OpenSource.sha256}. */
  readonly facts: SourceFacts;
  /** Decompressed bytes, once; a chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Stored bytes read so far. */
  bytesRead(): number;
  /** Digest of all stored bytes, hex; only after the last chunk. */
  sha256(): string;
}

/** Stored bytes are handed to the codec, and plain ones to the reader, in chunks of at least this. */
const MIN_CHUNK_BYTES = 256 * 1024;

/**
 * Opens a source for reading; its first bytes are not awaited.
 *
 * @throws SluiceError `source/…`, see docs/sources.md; `source/not_found` where there is no file
 */
export async function openSource(source: SourcePlan, context: SourceContext): Promise<OpenSource> {
  const location = locate(source, context.secrets);
  const stored = await transportFor(location).open(location, source, context);
  const meter = new Meter();
  const decompressed = decompress(
    coalesce(meter.watch(stored), MIN_CHUNK_BYTES),
    source.compression,
    stored.contentEncoding,
    location.shown,
  );
  const { shown } = location;
  const { contentType } = stored;
  const bytes = recognised(decompressed, traitsOf(source.format), { shown, contentType });
  return {
    get facts() {
      return stored.facts;
    },
    chunks: endingWith(bytes, stored),
    bytesRead: () => meter.bytes,
    sha256: () => meter.sha256(),
    [Symbol.asyncDispose]: () => end(bytes, stored),
  };
}

/** Counts and digests the bytes that pass. */
class Meter {
  bytes = 0;
  readonly #hash = createHash("sha256");
  #digest: string | null = null;

  async *watch(stored: StoredFile): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of stored.chunks) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
    this.#digest = this.#hash.digest("hex");
    await stored.confirm?.(this.#digest);
  }

  sha256(): string {
    if (this.#digest === null) throw new Error("The digest is known after the last chunk only");
    return this.#digest;
  }
}

/** The same stream; leaving it early ends the transport first, which may be waiting for bytes. */
function endingWith(
  bytes: AsyncGenerator<Uint8Array, void, undefined>,
  stored: StoredFile,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => bytes.next(),
      async return() {
        await end(bytes, stored);
        return { done: true, value: undefined };
      },
    }),
  };
}

async function end(bytes: AsyncGenerator<Uint8Array>, stored: StoredFile): Promise<void> {
  await stored[Symbol.asyncDispose]();
  await bytes.return(undefined);
}

import { SluiceError } from "../../core/error.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import type { StoredFile, Transport } from "./transport.ts";

/** Where the process may write. */
const FOLDER = ".sluice";
const CHUNK_BYTES = 256 * 1024;

/** Standard input: it comes once, and is kept in a file as it comes, so that it can be read again. */
export const stdin: Transport = {
  name: "stdin",
  open: (location, _patience, context) => Promise.resolve(openStdin(location, context)),
  probe: (location) => Promise.resolve(factsOf(location)),
};

function openStdin(location: Location, context: SourceContext): StoredFile {
  context.signal.throwIfAborted();
  if (Deno.stdin.isTerminal()) {
    throw new SluiceError("source/not_a_file", "Standard input is a terminal: expected a file", {
      hint: "Pipe the data into it: `run pipeline.yaml < data.csv`",
    });
  }
  const chunks = readFrom(spool ??= new Spool(), context.signal);
  return {
    facts: factsOf(location),
    contentEncoding: null,
    contentType: null,
    chunks,
    async [Symbol.asyncDispose]() {
      await chunks.return();
    },
  };
}

/** One for the process: what has come does not come again. */
let spool: Spool | null = null;

async function* readFrom(
  spool: Spool,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0;;) {
    signal.throwIfAborted();
    const chunk = await spool.read(at, signal);
    if (chunk === null) return;
    at += chunk.length;
    yield chunk;
  }
}

/** What has come so far, in a file that has no name any more where the system allows that. */
class Spool {
  #file: Deno.FsFile | null = null;
  #length = 0;
  #isAtEnd = false;
  /** One reads at a time: standard input has one position. */
  #turn: Promise<unknown> = Promise.resolve();
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  /** Asked for and not come yet: it outlives a reader that gives up. */
  #coming: Promise<ReadableStreamReadResult<Uint8Array>> | null = null;

  /** Bytes from a position on, which may be those that come next; null behind the last one. */
  read(at: number, signal: AbortSignal): Promise<Uint8Array | null> {
    const turn = this.#turn.then(() => this.#read(at, signal));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #read(at: number, signal: AbortSignal): Promise<Uint8Array | null> {
    const file = this.#file ??= await openSpool();
    if (at < this.#length) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.#length - at));
      await file.seek(at, Deno.SeekMode.Start);
      const count = await file.read(chunk);
      if (count === null) throw new Error("The file of standard input is shorter than it was");
      return chunk.subarray(0, count);
    }
    if (this.#isAtEnd) return null;
    this.#reader ??= Deno.stdin.readable.getReader();
    this.#coming ??= this.#reader.read();
    const { value, done } = await untilAborted(this.#coming, signal);
    this.#coming = null;
    if (done) {
      this.#isAtEnd = true;
      return null;
    }
    await file.seek(this.#length, Deno.SeekMode.Start);
    for (let written = 0; written < value.length;) {
      written += await file.write(value.subarray(written));
    }
    this.#length += value.length;
    return value;
  }
}

async function openSpool(): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(FOLDER, { recursive: true });
    const path = await Deno.makeTempFile({ dir: FOLDER, prefix: "stdin-" });
    const file = await Deno.open(path, { read: true, write: true });
    // Windows removes no file that is open: there it stays.
    await Deno.remove(path).catch(() => {});
    return file;
  } catch (error) {
    throw new SluiceError(
      "source/read_failed",
      `Standard input cannot be kept in ${FOLDER}/: ${(error as Error).message}`,
      { hint: "A load may have to read it twice: let Deno and the user write there" },
    );
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Nothing is known before it is read: its digest tells whether it was loaded before. */
function factsOf({ shown }: Location): SourceFacts {
  return { url: shown, etag: null, lastModified: null, bytes: null, sha256: null };
}

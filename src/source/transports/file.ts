import { createHash } from "node:crypto";
import { SluiceError } from "../../core/error.ts";
import type { KnownSource, SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import type { StoredFile, Transport } from "./transport.ts";

/** Large enough that the thread pool's hand-over costs nothing, small enough for a processor's cache. */
const CHUNK_BYTES = 512 * 1024;

/** Files by path or `file:` URL. */
export const file: Transport = {
  name: "file",
  schemes: ["file"],
  open: (location, _patience, context) => openFile(location, context),
  probe: (location, _patience, context, known) => probeFile(location, context, known),
};

async function openFile(location: Location, context: SourceContext): Promise<StoredFile> {
  context.signal.throwIfAborted();
  const handle = await attempt(location, context, () => Deno.open(pathOf(location)));
  try {
    const before = await attempt(location, context, () => handle.stat());
    refuseFolder(location, before);
    const chunks = readChunks(handle, before, location, context);
    return {
      facts: factsOf(location, before),
      contentEncoding: null,
      chunks,
      async [Symbol.asyncDispose]() {
        await chunks.return();
        close(handle);
      },
    };
  } catch (error) {
    close(handle);
    throw error;
  }
}

async function probeFile(
  location: Location,
  context: SourceContext,
  known: KnownSource | null,
): Promise<SourceFacts | null> {
  let info: Deno.FileInfo;
  try {
    info = await attempt(location, context, () => Deno.stat(pathOf(location)));
  } catch (error) {
    if (error instanceof SluiceError && error.code === "source/not_found") return null;
    throw error;
  }
  refuseFolder(location, info);
  const facts = factsOf(location, info);
  const isTouched = known !== null && known.sha256 !== null && known.bytes !== null &&
    known.bytes === facts.bytes && known.lastModified !== facts.lastModified;
  // Only the digest tells a file that was copied or touched from one that was changed.
  return isTouched ? { ...facts, sha256: await digest(location, context) } : facts;
}

async function digest(location: Location, context: SourceContext): Promise<string> {
  await using stored = await openFile(location, context);
  const hash = createHash("sha256");
  for await (const chunk of stored.chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** Reads one chunk ahead, so that the disk works while the chunk before is being used. */
async function* readChunks(
  handle: Deno.FsFile,
  before: Deno.FileInfo,
  location: Location,
  context: SourceContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  let current = new Uint8Array(CHUNK_BYTES);
  let ahead = new Uint8Array(CHUNK_BYTES);
  let read = handle.read(current);
  let bytes = 0;
  try {
    for (;;) {
      context.signal.throwIfAborted();
      const count = await attempt(location, context, () => read);
      if (count === null) break;
      bytes += count;
      read = handle.read(ahead);
      // Awaited in the next round: until then nobody else would hear it fail.
      read.catch(() => {});
      yield current.subarray(0, count);
      [current, ahead] = [ahead, current];
    }
  } finally {
    await read.catch(() => {});
  }
  const after = await attempt(location, context, () => handle.stat());
  if (!before.isFile) return;
  if (
    bytes === before.size && after.size === before.size &&
    after.mtime?.getTime() === before.mtime?.getTime()
  ) return;
  throw new SluiceError(
    "source/changed_while_reading",
    `"${location.shown}" changed while it was read`,
    {
      retry: "later",
      details: { bytes_before: before.size, bytes_after: after.size },
      hint: "Whoever writes it should write beside it and rename: run again once it is complete",
    },
  );
}

function pathOf({ href, shown }: Location): string | URL {
  if (!/^file:/i.test(href)) return href;
  try {
    return new URL(href);
  } catch {
    throw new SluiceError("source/bad_url", `"${shown}" is not a valid file URL`, {
      hint: "A file URL has three slashes, such as file:///data/trips.csv",
    });
  }
}

function factsOf({ shown }: Location, info: Deno.FileInfo): SourceFacts {
  return {
    url: shown,
    etag: null,
    lastModified: info.isFile ? info.mtime?.toISOString() ?? null : null,
    // A pipe has no length before its end.
    bytes: info.isFile ? info.size : null,
    sha256: null,
  };
}

function refuseFolder({ shown }: Location, info: Deno.FileInfo): void {
  if (!info.isDirectory) return;
  throw new SluiceError("source/is_a_folder", `"${shown}" is a folder: expected a file`, {
    hint: "Name a file in it; `partitions` loads several",
  });
}

/** Tells the operating system's errors in our words. */
async function attempt<T>(
  { shown }: Location,
  { secrets }: SourceContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw new SluiceError("source/not_found", `There is no file "${shown}"`, {
        hint: "Relative paths start at the pipeline file's folder",
      });
    }
    if (error instanceof Deno.errors.NotCapable) {
      throw new SluiceError("source/not_allowed", `Deno may not read "${shown}"`, {
        hint: "Run with --allow-read for this path",
      });
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new SluiceError("source/permission_denied", `No permission to read "${shown}"`, {
        hint: "Check the owner and the mode of the file and of the folders above it",
      });
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new SluiceError("source/is_a_folder", `"${shown}" is a folder: expected a file`, {
        hint: "Name a file in it; `partitions` loads several",
      });
    }
    if (error instanceof SluiceError || !(error instanceof Error)) throw error;
    const detail = secrets.redact(error.message);
    throw new SluiceError("source/read_failed", `Cannot read "${shown}": ${detail}`, {
      retry: "later",
      hint: "Check the disk or the network share that holds it",
    });
  }
}

function close(handle: Deno.FsFile): void {
  try {
    handle.close();
  } catch (error) {
    // Closed before: disposing twice is no fault.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

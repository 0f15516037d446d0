import { createHash } from "node:crypto";
import { SluiceError } from "../../core/error.ts";
import { maskUrl } from "../../core/mask_urls.ts";
import { type KnownSource, type SourceContext, type SourceFacts, UNSETTLED } from "../context.ts";
import { changedWhileReading } from "../changed.ts";
import type { Location } from "../location.ts";
import { fixedPart, isPattern, matcher } from "../glob.ts";
import type { Listed, StoredFile, Transport } from "./transport.ts";

/** Large enough that the thread pool's hand-over costs nothing, small enough for a processor's cache. */
const CHUNK_BYTES = 512 * 1024;

/** Files by path or `file:` URL. */
export const file: Transport = {
  name: "file",
  open: (location, _limits, context) => openFile(location, context),
  probe: (location, _limits, context, known) => probeFile(location, context, known),
  expand: (location, _limits, context) => expandFiles(location, context),
};

async function openFile(location: Location, context: SourceContext): Promise<StoredFile> {
  context.signal.throwIfAborted();
  const opened = context.clock.now();
  // Opening a pipe without a writer blocks a thread that no signal and no time limit ends.
  refuseOthers(location, await attempt(location, context, () => Deno.stat(pathOf(location))));
  const handle = await attempt(location, context, () => Deno.open(pathOf(location)));
  try {
    const before = await attempt(location, context, () => handle.stat());
    refuseOthers(location, before);
    const chunks = readChunks(handle, before, location, context);
    return {
      facts: factsOf(location, before, opened),
      contentEncoding: null,
      contentType: null,
      chunks,
      ...(before.isFile
        ? { read: (start, end) => readRange(handle, start, end, before, location, context) }
        : {}),
      confirm: (sha256) => confirm(handle, before, opened, sha256, location, context),
      ...(before.isFile && before.ctime !== null && isSettled(before.ctime, opened)
        ? {
          isUntouched: async () => {
            const after = await attempt(location, context, () => handle.stat());
            return after.ctime?.getTime() === before.ctime!.getTime();
          },
        }
        : {}),
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
  refuseOthers(location, info);
  const facts = factsOf(location, info, context.clock.now());
  // Loads of earlier releases remember no time of the last change to the inode.
  const isTouched = known !== null && known.sha256 !== null && known.bytes !== null &&
    known.bytes === facts.bytes &&
    (known.lastModified !== facts.lastModified ||
      known.etag !== null && (known.etag !== facts.etag || known.etag === UNSETTLED));
  // Only the digest tells a file that was copied or touched from one that was changed.
  return isTouched ? { ...facts, sha256: await digest(location, context) } : facts;
}

/** The files of a pattern by their names; a file whose name only looks like one is itself. */
async function expandFiles(
  location: Location,
  context: SourceContext,
): Promise<readonly Listed[] | null> {
  if (!isPattern(location.href) || /^file:/i.test(location.href)) return null;
  const pattern = location.href.replaceAll("\\", Deno.build.os === "windows" ? "/" : "\\");
  try {
    await Deno.lstat(pattern);
    return null;
  } catch {
    // No file of this name.
  }
  const folder = fixedPart(pattern);
  const matches = await matcher(pattern.slice(folder.length));
  const depth = pattern.includes("**") ? Infinity : pattern.slice(folder.length).split("/").length;
  const found: string[] = [];
  const look = async (path: string, left: number): Promise<void> => {
    context.signal.throwIfAborted();
    const entries = await attempt(
      { ...location, shown: maskUrl(path) },
      context,
      () => Array.fromAsync(Deno.readDir(folder + path === "" ? "." : folder + path)),
    );
    for (const { name, isDirectory, isFile, isSymlink } of entries) {
      const at = path + name;
      // A link to a folder may lead back: only those to files are followed.
      if (isDirectory && left > 1) await look(`${at}/`, left - 1);
      else if (matches(at) && (isFile || isSymlink && await isLinkToFile(folder + at))) {
        found.push(folder + at);
      }
    }
  };
  try {
    await look("", depth);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "source/not_found") throw error;
  }
  return found.sort().map((href) => ({
    location: { ...location, href, shown: shownPath(href, location, pattern) },
    facts: null,
  }));
}

/** A path of a pattern as people may see it: what the pattern hides of itself is hidden in it. */
function shownPath(href: string, { shown }: Location, pattern: string): string {
  const folder = fixedPart(pattern);
  const shownFolder = fixedPart(shown);
  return shown === pattern ? href : shownFolder + href.slice(folder.length);
}

async function isLinkToFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

async function digest(location: Location, context: SourceContext): Promise<string> {
  await using stored = await openFile(location, context);
  const hash = createHash("sha256");
  for await (const chunk of stored.chunks) hash.update(chunk);
  const sha256 = hash.digest("hex");
  await stored.confirm?.(sha256);
  return sha256;
}

/**
 * Makes sure that nobody wrote into the file while it was read, though its length and its
 * modification time say so.
 *
 * Only the kernel sets the time of an inode's last change. A change of owner, mode or name sets it
 * as well, so the bytes are read once more and their digest decides.
 */
async function confirm(
  handle: Deno.FsFile,
  before: Deno.FileInfo,
  opened: Date,
  sha256: string,
  location: Location,
  context: SourceContext,
): Promise<void> {
  if (!before.isFile || before.ctime === null) return;
  const after = await attempt(location, context, () => handle.stat());
  if (after.ctime?.getTime() === before.ctime.getTime() && isSettled(before.ctime, opened)) return;
  await attempt(location, context, () => handle.seek(0, Deno.SeekMode.Start));
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    context.signal.throwIfAborted();
    const count = await attempt(location, context, () => handle.read(chunk));
    if (count === null) break;
    hash.update(chunk.subarray(0, count));
  }
  if (hash.digest("hex") !== sha256) throw changed(location, before, after);
}

/** Milliseconds that a file system's clock may be behind: it is put forward with the timer's ticks. */
const CLOCK_LAG = 100;

/** Whether a change after `seen` would show: the time of a change comes in whole seconds. */
function isSettled(changed: Date, seen: Date): boolean {
  return Math.floor(changed.getTime() / 1000) < Math.floor((seen.getTime() - CLOCK_LAG) / 1000);
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
  await attempt(location, context, () => handle.seek(0, Deno.SeekMode.Start));
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
  throw changed(location, before, after);
}

async function readRange(
  handle: Deno.FsFile,
  start: number,
  end: number,
  before: Deno.FileInfo,
  location: Location,
  context: SourceContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  await attempt(location, context, () => handle.seek(start, Deno.SeekMode.Start));
  for (let at = 0; at < bytes.length;) {
    context.signal.throwIfAborted();
    const count = await attempt(location, context, () => handle.read(bytes.subarray(at)));
    if (count === null) {
      throw changed(location, before, await attempt(location, context, () => handle.stat()));
    }
    at += count;
  }
  return bytes;
}

function changed(
  { shown }: Location,
  before: Deno.FileInfo,
  after: Deno.FileInfo,
): SluiceError {
  return changedWhileReading(shown, { bytes_before: before.size, bytes_after: after.size });
}

function pathOf({ href, shown }: Location): string | URL {
  if (!/^file:/i.test(href)) return href;
  const url = URL.parse(href);
  if (url !== null && /^file:\//i.test(href) && /^(localhost)?$/i.test(url.host)) return url;
  throw new SluiceError("source/bad_url", `"${shown}" is not a valid file URL`, {
    hint: "A file URL has three slashes, such as file:///data/trips.csv; write a relative path " +
      "without file:",
  });
}

function factsOf({ shown }: Location, info: Deno.FileInfo, seen: Date): SourceFacts {
  return {
    url: shown,
    etag: info.isFile ? changeTag(info.ctime, seen) : null,
    lastModified: info.isFile ? info.mtime?.toISOString() ?? null : null,
    // A pipe has no length before its end.
    bytes: info.isFile ? info.size : null,
    sha256: null,
  };
}

/** What stands for a file's content as an etag does: the time of the last change to its inode. */
function changeTag(changed: Date | null, seen: Date): string | null {
  if (changed === null) return null;
  return isSettled(changed, seen) ? `ctime ${changed.toISOString()}` : UNSETTLED;
}

function refuseOthers({ shown }: Location, info: Deno.FileInfo): void {
  // Windows tells none of these apart, and knows no file that is not one.
  const isOther = info.isFifo || info.isCharDevice || info.isBlockDevice || info.isSocket;
  if (isOther) {
    const what = info.isFifo ? "a pipe" : info.isSocket ? "a socket" : "a device";
    throw new SluiceError("source/not_a_file", `"${shown}" is ${what}: expected a file`, {
      hint: "Write it to a file first: a load may have to read it again",
    });
  }
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
        hint: /^\/(dev|proc|sys)\//.test(shown)
          ? "This path is not a regular file: copy it to one first"
          : "Run with --allow-read for this path",
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

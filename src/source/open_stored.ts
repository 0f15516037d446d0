import { HOSTS_OF_PROCESS } from "../core/host_slots.ts";
import type { SourceContext } from "./context.ts";
import type { Location } from "./location.ts";
import { transportFor } from "./transports/mod.ts";
import type { ReadLimits, StoredFile, Transport } from "./transports/transport.ts";

/** Files that are read at once from a host over HTTP or SFTP, where the pipeline says nothing. */
const PER_HOST = 6;

/**
 * Opens a file at its place, once fewer than `per_host` others are being read from that host; the
 * place is kept until the file is closed.
 *
 * @param byRanges parts of the file are what is wanted, where they can be had
 * @throws SluiceError `source/…`; `source/not_found` where there is no such file
 */
export async function openStored(
  location: Location,
  limits: ReadLimits,
  context: SourceContext,
  byRanges = false,
): Promise<StoredFile> {
  const transport = await transportFor(location);
  const host = hostOf(transport, location);
  const limit = limits.perHost ?? (isPolite(transport) ? PER_HOST : null);
  if (host === null || limit === null) {
    return await transport.open(location, limits, context, byRanges);
  }
  const gate = context.hosts ?? HOSTS_OF_PROCESS;
  const leave = await gate.take(host, limit, context.signal);
  try {
    return leaving(await transport.open(location, limits, context, byRanges), leave);
  } catch (error) {
    leave();
    throw error;
  }
}

/** Stores and databases are made for many at once. */
function isPolite({ name }: Transport): boolean {
  return name === "http" || name === "sftp";
}

/** The host with its port, or of a store the bucket; null where there is none. */
function hostOf({ name }: Transport, { href }: Location): string | null {
  if (name === "file" || name === "stdin") return null;
  const host = URL.parse(href)?.host.toLowerCase();
  return host ? `${name}://${host}` : null;
}

/** The same file, which gives its place back when it is closed. */
function leaving(file: StoredFile, leave: () => void): StoredFile {
  const { isPlain, read, ranges, confirm, isUntouched } = file;
  return {
    // What is known of it may change until it is read.
    get facts() {
      return file.facts;
    },
    get contentEncoding() {
      return file.contentEncoding;
    },
    get contentType() {
      return file.contentType;
    },
    chunks: file.chunks,
    ...(isPlain === undefined ? {} : { isPlain }),
    ...(read === undefined ? {} : { read: read.bind(file) }),
    ...(ranges === undefined ? {} : { ranges }),
    ...(confirm === undefined ? {} : { confirm: confirm.bind(file) }),
    ...(isUntouched === undefined ? {} : { isUntouched: isUntouched.bind(file) }),
    async [Symbol.asyncDispose]() {
      try {
        await file[Symbol.asyncDispose]();
      } finally {
        leave();
      }
    },
  };
}

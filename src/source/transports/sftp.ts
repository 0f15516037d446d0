import { createHash } from "node:crypto";
import { SluiceError } from "../../core/error.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import { fixedPart, isPattern, matcher } from "../glob.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import { sftpAddress, SftpSession, type SftpStat } from "./sftp_session.ts";
import type { Listed, ReadLimits, StoredFile, Transport } from "./transport.ts";

/** Files over SFTP. */
export const sftp: Transport = {
  name: "sftp",
  async open(location, limits, context) {
    const download = new SftpDownload(location, limits, context);
    await download.start();
    return download;
  },
  async probe(location, limits, context) {
    try {
      return await withSession(
        location,
        limits,
        context,
        async (session) =>
          factsOf(
            location,
            requireFile(location, await session.stat(sftpAddress(location).path)),
            context,
          ),
      );
    } catch (error) {
      if (error instanceof SluiceError && error.code === "source/not_found") return null;
      throw error;
    }
  },
  expand: expandFiles,
};

/** Bytes of one request, and requests under way: the way there and back is waited for once. */
const PIECE_BYTES = 32 * 1024;
const AHEAD = 16;

/** A file changed so lately, in seconds, may change again within the second that its time shows. */
const UNSETTLED_SECONDS = 3;

/** One file's download: when it breaks half way, it goes on where it stopped. */
class SftpDownload implements StoredFile {
  readonly contentEncoding = null;
  readonly contentType = null;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  facts: SourceFacts;
  #session: SftpSession | null = null;
  #handle: Uint8Array | null = null;
  #first: SftpStat | null = null;
  #position = 0;
  #coming: { readonly at: number; readonly bytes: Promise<Uint8Array> }[] = [];
  readonly #location: Location;
  readonly #limits: ReadLimits;
  readonly #context: SourceContext;
  readonly #attempts: ReturnType<typeof sourceAttempts>;

  constructor(location: Location, limits: ReadLimits, context: SourceContext) {
    this.#location = location;
    this.#limits = limits;
    this.#context = context;
    this.#attempts = sourceAttempts(limits.retries, context);
    this.facts = { url: location.shown, etag: null, lastModified: null, bytes: null, sha256: null };
    this.chunks = this.#read();
  }

  async start(): Promise<void> {
    await this.#attempts.run(() => this.#connect());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disconnect();
    await this.chunks.return();
  }

  /** The time of a change has whole seconds: within one of them only the bytes tell. */
  async confirm(sha256: string): Promise<void> {
    if (isSettled(this.#first!, this.#context)) return;
    const hash = createHash("sha256");
    this.#position = 0;
    for await (const chunk of this.#read()) hash.update(chunk);
    if (hash.digest("hex") !== sha256) throw this.#changed();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = await this.#attempts.run(() => this.#next());
        if (chunk === null) break;
        this.#position += chunk.length;
        this.#attempts.reset();
        yield chunk;
      }
    } finally {
      this.#disconnect();
    }
  }

  async #next(): Promise<Uint8Array | null> {
    this.#context.signal.throwIfAborted();
    try {
      if (this.#session === null) await this.#connect();
      const { size } = this.#first!;
      const last = this.#coming.at(-1);
      for (
        let at = last === undefined ? this.#position : last.at + PIECE_BYTES;
        at < size && this.#coming.length < AHEAD;
        at += PIECE_BYTES
      ) {
        const bytes = this.#session!.read(this.#handle!, at, Math.min(PIECE_BYTES, size - at));
        // Heard when its turn comes.
        bytes.catch(() => {});
        this.#coming.push({ at, bytes });
      }
      const next = this.#coming[0];
      if (next === undefined) {
        const now = await this.#session!.statFile(this.#handle!);
        if (!isSame(this.#first!, now)) throw this.#changed();
        return null;
      }
      const chunk = await next.bytes;
      if (chunk.length < Math.min(PIECE_BYTES, size - next.at)) throw this.#changed();
      this.#coming.shift();
      return chunk;
    } catch (error) {
      this.#disconnect();
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const { timeoutSeconds } = this.#limits;
    const session = await SftpSession.open(this.#location, timeoutSeconds, this.#context);
    try {
      const handle = await session.openFile(sftpAddress(this.#location).path);
      const stat = requireFile(this.#location, await session.statFile(handle));
      if (this.#first === null || this.#position === 0) {
        this.#first = stat;
        this.facts = factsOf(this.#location, stat, this.#context);
      } else if (!isSame(this.#first, stat)) throw this.#changed();
      this.#handle = handle;
      this.#session = session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
  }

  #disconnect(): void {
    this.#session?.[Symbol.dispose]();
    this.#session = null;
    this.#handle = null;
    this.#coming = [];
  }

  #changed(): SluiceError {
    return new SluiceError(
      "source/changed_while_reading",
      `"${this.#location.shown}" changed while it was read`,
      {
        retry: "restart",
        details: { bytes_received: this.#position },
        hint: "Run again once it is complete; its writer should write another file and rename it",
      },
    );
  }
}

/** The files of a pattern by their names. */
async function expandFiles(
  location: Location,
  limits: ReadLimits,
  context: SourceContext,
): Promise<readonly Listed[] | null> {
  const { path } = sftpAddress(location);
  if (!isPattern(path)) return null;
  const folder = fixedPart(path);
  const matches = await matcher(path.slice(folder.length));
  const depth = path.includes("**") ? Infinity : path.slice(folder.length).split("/").length;
  return await withSession(location, limits, context, async (session) => {
    const found = new Map<string, SftpStat | null>();
    const look = async (below: string, left: number): Promise<void> => {
      const entries = await session.readFolder(folder + below === "" ? "." : folder + below);
      for (const { filename, attrs } of entries) {
        if (filename === "." || filename === "..") continue;
        const at = below + filename;
        // A link to a folder may lead back: only those to files are followed.
        if (attrs.isDirectory() && left > 1) await look(`${at}/`, left - 1);
        else if (matches(at) && (attrs.isFile() || attrs.isSymbolicLink())) {
          found.set(at, attrs.isFile() ? attrs : null);
        }
      }
    };
    try {
      await look("", depth);
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== "source/not_found") throw error;
    }
    const [base, shownBase] = [location.href, location.shown].map(fixedAddress);
    return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([name, stat]) => {
      const escaped = name.split("/").map(encodeURIComponent).join("/");
      const next = { ...location, href: base + escaped, shown: shownBase + name };
      return { location: next, facts: stat === null ? null : factsOf(next, stat, context) };
    });
  });
}

/** An address up to its last folder that is no pattern, with the slash behind it. */
function fixedAddress(address: string): string {
  const [host] = /^[a-z]+:\/\/[^/]*/i.exec(address)!;
  return host + fixedPart(address.slice(host.length));
}

async function withSession<T>(
  location: Location,
  { retries, timeoutSeconds }: ReadLimits,
  context: SourceContext,
  work: (session: SftpSession) => Promise<T>,
): Promise<T> {
  return await sourceAttempts(retries, context).run(async () => {
    using session = await SftpSession.open(location, timeoutSeconds, context);
    return await work(session);
  });
}

function requireFile({ shown }: Location, stat: SftpStat): SftpStat {
  if (stat.isFile()) return stat;
  throw stat.isDirectory()
    ? new SluiceError("source/is_a_folder", `"${shown}" is a folder: expected a file`, {
      hint: "Name a file in it, or a pattern such as folder/*.csv",
    })
    : new SluiceError("source/not_a_file", `"${shown}" is no regular file`, {
      hint: "Write it to a file first: a load may have to read it again",
    });
}

function factsOf(
  { shown }: Location,
  stat: SftpStat,
  context: SourceContext,
): SourceFacts {
  return {
    url: shown,
    etag: null,
    // What may have changed again is no proof.
    lastModified: isSettled(stat, context) ? new Date(stat.mtime * 1000).toISOString() : null,
    bytes: stat.size,
    sha256: null,
  };
}

function isSettled({ mtime }: SftpStat, { clock }: SourceContext): boolean {
  return clock.now().getTime() / 1000 - mtime > UNSETTLED_SECONDS;
}

function isSame(some: SftpStat, other: SftpStat): boolean {
  return some.size === other.size && some.mtime === other.mtime;
}

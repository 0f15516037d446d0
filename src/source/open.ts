import { createHash } from "node:crypto";
import { SluiceError } from "../core/error.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import { readChecksums, type VerifyChecksum } from "./checksums.ts";
import { announcedEncoding } from "../core/encodings.ts";
import { coalesce } from "./coalesce.ts";
import { decompress } from "./codecs/mod.ts";
import { type SourceContext, type SourceFacts, UNSETTLED } from "./context.ts";
import { findFiles, type FoundFile, setFacts } from "./find_files.ts";
import { RANDOM_TRAITS, traitsOf } from "./formats/mod.ts";
import { isInPlace, readInPlace } from "./in_place.ts";
import { locate, type Location } from "./location.ts";
import type { RandomInput } from "./random_input.ts";
import { RangedInput, RANGES } from "./ranged_input.ts";
import { Meter } from "./meter.ts";
import { type FormatTraits, isWorkbook, recognised } from "./recognise.ts";
import { openStored } from "./open_stored.ts";
import { spool } from "./spool.ts";
import type { FileRanges, StoredFile } from "./transports/transport.ts";

/** A source being read. */
export interface OpenSource extends AsyncDisposable {
  /** Of the files as they are stored; `sha256` stays null, see {@link OpenSource.sha256}. */
  readonly facts: SourceFacts;
  /** Its files, once, each to be read to its end before the next one is asked for. */
  readonly files: AsyncIterable<SourceFile>;
  /** Stored bytes read so far. */
  bytesRead(): number;
  /**
   * Digest of all stored bytes, hex; only after the last chunk.
   *
   * Of several files it is the digest of the lines that `sha256sum` writes for them. Where only parts
   * of a file were read it begins with `ranges:`, and is a digest of its etag, its length and those.
   */
  sha256(): string;
  /** The files that were read, where the source can have several; only after the last chunk. */
  accounts(): readonly FileAccount[] | null;
}

/** A file of a source. */
export interface SourceFile {
  /** As people may see it. */
  readonly url: string;
  /** Decompressed bytes; a chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** In place of them: decompressed bytes in any order, until the next file is asked for. */
  whole(): Promise<RandomInput>;
  /** `whole` reads what it is asked for where the file lies, and no more. */
  readonly isRandom?: true;
  /** The encoding that the server announces. */
  readonly announced?: string;
}

/** What one file of a source was. */
export interface FileAccount {
  readonly url: string;
  /** As it is stored; of a file in an archive, its contents. */
  readonly bytes: number;
  /** Of these bytes, hex; `ranges:` and a digest where only parts of them were read. */
  readonly sha256: string;
}

/** Stored bytes are handed to the codec, and plain ones to the reader, in chunks of at least this. */
const MIN_CHUNK_BYTES = 256 * 1024;

/**
 * Opens a source for reading; its first bytes are not awaited.
 *
 * @throws SluiceError `source/…`, see docs/sources.md; `source/not_found` where there is no file
 */
export async function openSource(source: SourcePlan, context: SourceContext): Promise<OpenSource> {
  return await open(source, context, traitsOf(source.format));
}

/**
 * The same, whatever is in it: of a source whose format is still to be found out.
 *
 * @throws SluiceError `source/…`
 */
export async function openUnknown(
  source: SourcePlan,
  context: SourceContext,
): Promise<OpenSource> {
  return await open(source, context, null);
}

async function open(
  source: SourcePlan,
  context: SourceContext,
  traits: FormatTraits | null,
): Promise<OpenSource> {
  const found = await findFiles(source, context);
  if (found !== null && found.length === 0) throw noFile(source);
  const verify = await readChecksums(source, context);
  const location = found?.[0].location ?? locate(source.url, source, context.secrets);
  return new Reading(
    source,
    context,
    traits,
    found,
    await openTrusted(location, source, context),
    verify,
  );
}

/** Opens a file, to be read in parts where it may be. */
async function openTrusted(
  location: Location,
  source: SourcePlan,
  context: SourceContext,
): Promise<StoredFile> {
  const byRanges = source.byRanges === true && context.ranges?.areTrusted === true;
  return await trusting(context, () => openStored(location, source, context, byRanges));
}

/** Takes back the trust in parts where an error says that the file has to be read anew. */
async function trusting<T>({ ranges }: SourceContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (ranges !== undefined && error instanceof SluiceError && error.retry === "restart") {
      ranges.areTrusted = false;
    }
    throw error;
  }
}

/** A source's files, read one after the other. */
class Reading implements OpenSource {
  readonly files: AsyncGenerator<SourceFile, void, undefined>;
  readonly #source: SourcePlan;
  readonly #context: SourceContext;
  readonly #traits: FormatTraits | null;
  readonly #found: readonly FoundFile[] | null;
  readonly #facts: SourceFacts | null;
  readonly #accounts: FileAccount[] = [];
  readonly #verify: VerifyChecksum;
  #stored: StoredFile;
  #bytes: AsyncGenerator<Uint8Array, void, undefined> | null = null;
  #meter = new Meter();
  #bytesBefore = 0;
  #digests: string[] = [];
  #isAtEnd = false;
  #kept: AsyncDisposable | null = null;

  constructor(
    source: SourcePlan,
    context: SourceContext,
    traits: FormatTraits | null,
    found: readonly FoundFile[] | null,
    first: StoredFile,
    verify: VerifyChecksum,
  ) {
    this.#verify = verify;
    this.#source = source;
    this.#context = context;
    this.#traits = traits;
    this.#found = found;
    this.#facts = found === null ? null : setFacts(found, source);
    this.#stored = first;
    this.files = this.#read();
  }

  /** The address of the one file. */
  get #href(): string {
    return locate(this.#source.url, this.#source, this.#context.secrets).href;
  }

  get facts(): SourceFacts {
    return this.#facts ?? this.#stored.facts;
  }

  bytesRead(): number {
    return this.#bytesBefore + this.#meter.bytes;
  }

  sha256(): string {
    if (!this.#isAtEnd) throw new Error("The digest is known after the last chunk only");
    if (this.#found === null) return this.#digests[0];
    const lines = this.#digests.map((digest, at) =>
      `${digest}  ${this.#found![at].location.shown}\n`
    );
    const isOfParts = this.#digests.some((digest) => digest.startsWith(RANGES));
    return (isOfParts ? RANGES : "") +
      createHash("sha256").update(lines.join("")).digest("hex");
  }

  accounts(): readonly FileAccount[] | null {
    return this.#found === null && this.#source.members === undefined ? null : this.#accounts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The transport first, which may be waiting for bytes.
    await this.#stored[Symbol.asyncDispose]();
    await this.#bytes?.return();
    await this.files.return();
    await this.#kept?.[Symbol.asyncDispose]();
  }

  async *#read(): AsyncGenerator<SourceFile, void, undefined> {
    const files = this.#found ?? [null];
    const keeps = (head: Uint8Array) =>
      this.#traits === null ? isWorkbook(head) : this.#traits.isOwn?.(head) ?? false;
    for (const [at, found] of files.entries()) {
      if (at > 0) {
        await this.#stored[Symbol.asyncDispose]();
        this.#bytesBefore += this.#meter.bytes;
        this.#meter = new Meter();
        this.#stored = await openTrusted(found!.location, this.#source, this.#context);
      }
      const shown = this.#stored.facts.url;
      const stored = this.#stored;
      const kinds = this.#traits === null ? RANDOM_TRAITS : [this.#traits];
      if (await isInPlace(stored, this.#source, kinds)) {
        const meter = this.#meter;
        yield {
          url: shown,
          chunks: meter.watch(stored),
          whole: () => readInPlace(stored, meter, shown),
          isRandom: true,
        };
        this.#account(found, stored, true);
        continue;
      }
      if (stored.ranges !== undefined && endsAsOwn(stored.ranges.tail, kinds)) {
        yield* this.#inParts(stored, stored.ranges, shown);
        this.#account(found, stored, true);
        continue;
      }
      if (stored.isPlain) {
        const bytes = coalesce(this.#meter.watch(stored), MIN_CHUNK_BYTES);
        this.#bytes = bytes;
        yield { url: shown, chunks: bytes, whole: () => this.#keep(bytes, shown) };
        this.#account(found, stored, true);
        continue;
      }
      const members = decompress(
        coalesce(this.#meter.watch(stored), MIN_CHUNK_BYTES),
        this.#source,
        stored.contentEncoding,
        shown,
        undefined,
        keeps,
      );
      let isArchive = false;
      for await (const member of members) {
        isArchive = member.name !== null;
        const url = member.name === null ? shown : `${shown}#${member.name}`;
        const contents = member.name === null ? null : new Meter();
        const { contentType } = stored;
        this.#bytes = recognised(
          contents === null ? member.chunks : contents.watch(member),
          this.#traits,
          { shown: url, contentType: member.name === null ? contentType : null },
        );
        const announced = member.name === null ? announcedEncoding(contentType) : null;
        const bytes = this.#bytes;
        yield {
          url,
          chunks: bytes,
          whole: () => this.#keep(bytes, url),
          ...(announced === null ? {} : { announced }),
        };
        await this.#kept?.[Symbol.asyncDispose]();
        this.#kept = null;
        // What was left early is not asked for more: the source is being closed.
        if (contents !== null) this.#accounts.push({ url, ...contents.account() });
      }
      this.#account(found, stored, !isArchive);
    }
    this.#isAtEnd = true;
  }

  async *#inParts(
    stored: StoredFile,
    ranges: FileRanges,
    url: string,
  ): AsyncGenerator<SourceFile, void, undefined> {
    const meter = this.#meter;
    const input = new RangedInput(
      ranges,
      url,
      () => spool(meter.watch(stored), url),
      (share) => meter.bytes = Math.floor(ranges.size * share),
    );
    this.#kept = input;
    let isInParts = false;
    yield {
      url,
      chunks: meter.watch(stored),
      whole: () => {
        isInParts = true;
        return Promise.resolve({
          size: input.size,
          shown: url,
          read: (start, end) => trusting(this.#context, () => input.read(start, end)),
          expect: (parts) => trusting(this.#context, () => input.expect(parts)),
          confirm: () => input.confirm(),
        });
      },
      isRandom: true,
    };
    const identity = input.identity();
    if (isInParts && identity !== null) meter.settle(ranges.size, identity);
    this.#kept = null;
    await input[Symbol.asyncDispose]();
  }

  async #keep(bytes: AsyncIterable<Uint8Array>, url: string): Promise<RandomInput> {
    const kept = await spool(bytes, url);
    this.#kept = kept;
    return { ...kept, confirm: () => Promise.resolve() };
  }

  #account(found: FoundFile | null, { facts }: StoredFile, isOne: boolean): void {
    if (found !== null) requireSame(found, facts);
    const { bytes, sha256 } = this.#meter.account();
    this.#digests.push(sha256);
    this.#verify(nameOf(found?.location.href ?? this.#href), facts.url, sha256);
    if (isOne) this.#accounts.push({ url: facts.url, bytes, sha256 });
  }
}

/** Whether a file ends as those of a format do that are read in parts. */
function endsAsOwn(end: Uint8Array, traits: readonly FormatTraits[]): boolean {
  return traits.some(({ tail }) =>
    tail?.every((byte, at) => end[end.length - tail.length + at] === byte) ?? false
  );
}

/** The last part of an address, without what is asked of it. */
function nameOf(href: string): string {
  const path = /^https?:/i.test(href) ? URL.parse(href)?.pathname ?? href : href;
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    return /^[a-z]+:\/\//i.test(href) ? decodeURIComponent(name) : name;
  } catch {
    return name;
  }
}

/** A file that is another one than was found before is told: the facts of all would be untrue. */
function requireSame({ facts }: FoundFile, now: SourceFacts): void {
  const differs = facts !== null && (["etag", "lastModified", "bytes"] as const)
    .some((fact) =>
      facts[fact] !== null && now[fact] !== null && facts[fact] !== now[fact] &&
      // It was written too lately for its time to be its tag: size and time tell.
      facts[fact] !== UNSETTLED && now[fact] !== UNSETTLED
    );
  if (!differs) return;
  throw new SluiceError(
    "source/changed_while_reading",
    `"${now.url}" is another file than when the files were listed`,
    { retry: "restart", hint: "Nothing was published: run again once the files are complete" },
  );
}

function noFile(source: SourcePlan): SluiceError {
  return new SluiceError("source/not_found", `No file matches "${source.url}"`, {
    hint: "`*` stands for any characters of a name, `**` for any folders; " +
      "`missing: pending` waits for the first file of a partition",
  });
}

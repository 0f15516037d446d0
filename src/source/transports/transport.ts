import type { TransportName } from "../../core/transports.ts";
import type { KnownSource, SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";

/** How often and how long a transport waits. */
export interface ReadLimits {
  /** Attempts in a row without a new byte, after the first one. */
  readonly retries: number;
  /** Limit of each single wait: for the answer, and for each chunk. */
  readonly timeoutSeconds: number;
  /** Files read from its host at once, by all pipelines of the process. */
  readonly perHost?: number;
}

/** A source whose bytes can be read once, as they are stored. */
export interface StoredFile extends AsyncDisposable {
  readonly facts: SourceFacts;
  /** The HTTP `Content-Encoding` that the bytes are under, or null. */
  readonly contentEncoding: string | null;
  /** The HTTP `Content-Type`, or null. */
  readonly contentType: string | null;
  /** The bytes are made for this load: there is nothing to decompress, and no other format. */
  readonly isPlain?: true;
  /** Each chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * A copy of the bytes `start … end)`, where they can be had in any order; only before the
   * first chunk is asked for or after the last one, and one call at a time.
   */
  read?(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** There where they were asked for and can be had; `chunks` has the whole file all the same. */
  readonly ranges?: FileRanges | undefined;
  /**
   * Asked after the last chunk, with the digest of all of them (hex).
   *
   * @throws SluiceError `source/changed_while_reading` where they are of two states of the file
   */
  confirm?(sha256: string): Promise<void>;
  /**
   * Whether the file is as it was when it was opened, name, mode and links included; there where
   * every change shows. Else only a digest that was taken before the first byte was used tells.
   */
  isUntouched?(): Promise<boolean>;
}

/** Bytes at the end of a file that are read first, where parts of it are. */
export const TAIL_BYTES = 1 << 16;

/** Parts of a file, each of which is proven to be of the same state of it. */
export interface FileRanges {
  readonly size: number;
  /** Strong: it stands for these very bytes. */
  readonly etag: string;
  /** The last {@link TAIL_BYTES}; a file that is shorter has no ranges. */
  readonly tail: Uint8Array;
  /**
   * The bytes `start … end)`, once they are asked for.
   *
   * `chunks` throws SluiceError `source/changed_while_reading`, `source/restart_needed` where they
   * are of another state, or nothing proves that they are not.
   */
  read(start: number, end: number): Pick<StoredFile, "chunks"> & AsyncDisposable;
}

/** A file that an address stands for. */
export interface Listed {
  readonly location: Location;
  /** Null: the listing tells nothing of it. */
  readonly facts: SourceFacts | null;
}

/** A way to reach sources; `core/transports.ts` has the schemes that choose it. */
export interface Transport {
  readonly name: TransportName;
  /**
   * @param byRanges parts of the file are what is wanted, from its end on, where they can be had
   * @throws SluiceError `source/not_found` where there is no such file
   */
  open(
    location: Location,
    limits: ReadLimits,
    context: SourceContext,
    byRanges?: boolean,
  ): Promise<StoredFile>;
  /** Looks without reading; null where there is no such file. */
  probe(
    location: Location,
    limits: ReadLimits,
    context: SourceContext,
    known: KnownSource | null,
  ): Promise<SourceFacts | null>;
  /**
   * The files that a pattern stands for, by their names; null where the address is one of a file.
   * Left out where nothing can be listed: every address is one of a file.
   */
  expand?(
    location: Location,
    limits: ReadLimits,
    context: SourceContext,
  ): Promise<readonly Listed[] | null>;
}

import type { CodecName } from "../../core/codecs.ts";
import type { ByteInput } from "../byte_input.ts";

/** A way to compress files; `core/codecs.ts` has its words. */
export interface Codec {
  readonly name: CodecName;
  /** What a file begins with, one of these; null stands for any byte. */
  readonly magic: readonly Magic[];
  /**
   * Decompresses a file, all its members, in bounded memory; a chunk is valid until the next one.
   *
   * @throws SluiceError `source/corrupt_compression` for what is cut, damaged, or followed by
   * something else; before the end, so that no part is taken for the whole
   */
  decode(input: ByteInput, shown: string): AsyncGenerator<Uint8Array>;
}

/** A way to put files together; what is read of one are its members. */
export interface Archive extends Pick<Codec, "name" | "magic"> {
  /**
   * The files that the pattern names, or its only one, in bounded memory, in the order they stand in.
   *
   * @throws SluiceError as {@link Codec.decode} does; `source/several_files`, `source/empty_archive`,
   * `source/no_member`
   */
  members(input: ByteInput, shown: string, pattern: string | null): AsyncGenerator<Member>;
}

/** A file in an archive, or the one that is in none. */
export interface Member {
  /** Null: it is in no archive. */
  readonly name: string | null;
  /** To be read to their end before the next member is asked for; each valid until the next. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** First bytes of a file; null stands for any byte. */
export type Magic = readonly (number | null)[];

/** Whether a file begins so. */
export function beginsWith(start: Uint8Array, magic: Magic): boolean {
  return magic.every((byte, at) => byte === null || start[at] === byte);
}

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

/** First bytes of a file; null stands for any byte. */
export type Magic = readonly (number | null)[];

/** Whether a file begins so. */
export function beginsWith(start: Uint8Array, magic: Magic): boolean {
  return magic.every((byte, at) => byte === null || start[at] === byte);
}

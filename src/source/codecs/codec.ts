import type { ByteInput } from "../byte_input.ts";

/** A way to compress files. */
export interface Codec {
  readonly name: string;
  /** What a file begins with; null stands for any byte. */
  readonly magic: readonly (number | null)[];
  /** Null: recognised, so that the user hears what is wrong, but not readable. */
  readonly decode: ((input: ByteInput, shown: string) => AsyncGenerator<Uint8Array>) | null;
}

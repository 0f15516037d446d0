import { gzipSync } from "node:zlib";
import type { CodecName } from "../../../src/core/codecs.ts";

/** Compresses for the codec of its name, which must then read it. */
export interface Packer {
  /** One member; null where the program that compresses is absent, which is printed. */
  pack(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null;
  /** A name that a file of it often has. */
  readonly ending: string;
  /** Bytes of zeros that one member of a bomb holds. */
  readonly bombBytes: number;
  /** Zeros behind the last member are padding, as its own program takes them. */
  readonly padding: boolean;
}

export const PACKERS: Readonly<Record<CodecName, Packer>> = {
  gzip: {
    pack: (bytes) => new Uint8Array(gzipSync(bytes)),
    ending: "gz",
    bombBytes: 64 << 20,
    padding: true,
  },
};

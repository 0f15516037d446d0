import { gzipSync, zstdCompressSync } from "node:zlib";
import { zipOf } from "../zip_writer.ts";
import type { CodecName } from "../../../src/core/codecs.ts";

/** Compresses for the codec of its name, which must then read it. */
export interface Packer {
  /** One member; null where the program that compresses is absent, which is printed. */
  pack(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null;
  /** Zeros that the member of a bomb holds. */
  readonly bombBytes: number;
  /** What its decompression may take beside, at most. */
  readonly bombMemory: number;
  /** Zeros behind the last member are padding, as its own program takes them. */
  readonly padding: boolean;
  /** How far behind the place itself an error may point. */
  readonly slack: number;
  /** A file may have several members behind each other. */
  readonly members: boolean;
}

const USUAL = {
  bombBytes: 64 << 20,
  bombMemory: 24 << 20,
  padding: false,
  slack: 0,
  members: true,
};

export const PACKERS: Readonly<Record<CodecName, Packer>> = {
  gzip: { ...USUAL, pack: (bytes) => new Uint8Array(gzipSync(bytes)), padding: true },
  zstd: { ...USUAL, pack: (bytes) => new Uint8Array(zstdCompressSync(bytes, WITH_CHECKSUM)) },
  // A block of zeros comes to 46 MB.
  bzip2: { ...USUAL, pack: pipe("bzip2"), bombBytes: 140 << 20, bombMemory: 64 << 20 },
  // The library tells nothing of the header that it did not find.
  xz: { ...USUAL, pack: pipe("xz"), padding: true, slack: 12 },
  // An archive is one; its files are told apart by zip_test.ts.
  zip: { ...USUAL, pack: (bytes) => zipOf([{ name: "things.csv", bytes }]), members: false },
};

/** As the command line writes it. */
const ZSTD_CHECKSUM_FLAG = 201;
const WITH_CHECKSUM = { params: { [ZSTD_CHECKSUM_FLAG]: 1 } };

/** Compresses by a program of this name. */
function pipe(program: string): Packer["pack"] {
  const packed = new Map<string, Uint8Array<ArrayBuffer> | null>();
  return (bytes) => {
    // A program takes its time to start, and the same texts come again and again.
    const key = bytes.length > 1 << 20 ? `zeros ${bytes.length}` : bytes.toHex();
    if (!packed.has(key)) packed.set(key, packWith(program, [], bytes));
    return packed.get(key)!;
  };
}

/** Compresses by a program with options; null where it is absent. */
export function packWith(
  program: string,
  options: readonly string[],
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> | null {
  const file = Deno.makeTempFileSync({ prefix: "sluice-test-" });
  try {
    Deno.writeFileSync(file, bytes);
    const { stdout } = new Deno.Command(program, { args: [...options, "-c", file] }).outputSync();
    return new Uint8Array(stdout);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`skipped: there is no ${program} here to compress with`);
    return null;
  } finally {
    Deno.removeSync(file);
  }
}

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { CompressionCodec } from "hyparquet";
// All of the package would bring decoders of gzip, zstd and Brotli as well.
import { decompressLz4, decompressLz4Raw } from "hyparquet-compressors/src/lz4.js";
import { snappyUncompressor } from "hysnappy";
import { damaged, notAvailable, type Place } from "./faults.ts";

type Decompress = (bytes: Uint8Array, size: number) => Uint8Array;

/** Node's own where it has one: those check what they read, and stop at a size. */
const DECOMPRESSORS: Partial<Record<CompressionCodec, Decompress>> = {
  UNCOMPRESSED: (bytes) => bytes,
  SNAPPY: snappyUncompressor(),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
  GZIP: (bytes, size) => gunzipSync(bytes, { maxOutputLength: size }),
  ZSTD: (bytes, size) => zstdDecompressSync(bytes, { maxOutputLength: size }),
  BROTLI: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: size }),
};

/** Decompresses a page to the size that its header tells. */
export function decompressPage(
  bytes: Uint8Array,
  size: number,
  codec: CompressionCodec,
  place: Place,
): Uint8Array {
  const decompress = DECOMPRESSORS[codec];
  if (decompress === undefined) throw notAvailable(place, `the compression ${codec}`);
  // Nothing is not a stream of any compression.
  const page = size === 0 ? new Uint8Array(0) : decompress(bytes, size);
  if (page.length !== size) {
    throw damaged(place, `a page decompresses to ${page.length} bytes in place of ${size}`);
  }
  return page;
}

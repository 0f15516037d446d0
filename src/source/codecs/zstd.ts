import { Buffer } from "node:buffer";
import type { ZstdDecompress } from "minizlib";
import { SluiceError } from "../../core/error.ts";
import type { ByteInput } from "../byte_input.ts";
import { coalesce } from "../coalesce.ts";
import type { Codec } from "./codec.ts";
import { corrupt, junkBehind, truncated } from "./damage.ts";
import { tooWide } from "./too_wide.ts";

/** No block of a frame holds more, decompressed. */
const BLOCK_BYTES = 128 * 1024;
/** What the library takes, and what `zstd` itself takes without being asked for more. */
const WINDOW_BYTES = 128 << 20;
const MIN_CHUNK_BYTES = 256 * 1024;

const MAGIC = 0xfd2fb528;

/**
 * zstd: any number of frames, those that are to be skipped among them.
 *
 * The library takes two frames for one, and a cut one for a whole one; so where frames and blocks
 * end is read here, and each frame gets a decompressor of its own, block by block: what comes out
 * at once is bounded.
 */
export const zstd: Codec = {
  name: "zstd",
  magic: [
    [0x28, 0xb5, 0x2f, 0xfd],
    // Skipped frames, with which the parallel compressor begins.
    ...Array.from({ length: 16 }, (_, at) => [0x50 + at, 0x2a, 0x4d, 0x18]),
  ],
  decode: (input, shown) => coalesce(frames(input, shown), MIN_CHUNK_BYTES),
};

async function* frames(input: ByteInput, shown: string): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const start = input.position;
      const head = await input.take(4);
      if (head === null) {
        if ((await input.peek(1)).length === 0) return;
        throw junkBehind(shown, start);
      }
      const magic = uint(head);
      if (magic === MAGIC) yield* frame(input, shown, head);
      else if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
        const size = await need(input, 4, shown);
        await skip(input, uint(size), shown);
      } else throw junkBehind(shown, start);
    }
  } finally {
    await input.close();
  }
}

async function* frame(
  input: ByteInput,
  shown: string,
  magic: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const start = input.position - 4;
  const { bytes, hasChecksum } = await frameHeader(input, shown, start);
  const engine = await Engine.open();
  try {
    const wrong = (error: Error) =>
      corrupt(
        shown,
        `${error.message.replace(/^zlib: /, "")} before byte ${input.position}`,
        start,
      );
    const header = new Uint8Array(4 + bytes.length);
    header.set(magic);
    header.set(bytes, 4);
    yield* engine.write(header, wrong);
    for (let isLast = false; !isLast;) {
      const at = input.position;
      const block = await need(input, 3, shown);
      const word = uint(block);
      isLast = (word & 1) === 1;
      const type = (word >> 1) & 3;
      const size = word >> 3;
      if (type === 3 || size > BLOCK_BYTES) {
        throw corrupt(shown, `there is no valid zstd block at byte ${at}`, at);
      }
      const body = await need(input, type === 1 ? 1 : size, shown);
      yield* engine.write(block, wrong);
      yield* engine.write(body, wrong);
    }
    if (hasChecksum) yield* engine.write(await need(input, 4, shown), wrong);
  } finally {
    engine.close();
  }
}

/** The package hands its options on to `node:zlib`, of whose its types have a few. */
const OPTIONS: object = { chunkSize: BLOCK_BYTES };

/** One frame's decompressor: what is written comes out at once. */
class Engine {
  readonly #stream: ZstdDecompress;
  #out: Uint8Array[] = [];
  #error: Error | null = null;

  /** The package is read when it is needed: most files are compressed otherwise. */
  static async open(): Promise<Engine> {
    const { ZstdDecompress } = await import("minizlib");
    return new Engine(new ZstdDecompress(OPTIONS));
  }

  constructor(stream: ZstdDecompress) {
    this.#stream = stream;
    this.#stream.on("data", (chunk: Uint8Array) => void this.#out.push(chunk));
    this.#stream.on("error", (error: unknown) => void (this.#error ??= error as Error));
  }

  *write(bytes: Uint8Array, wrong: (error: Error) => SluiceError): Generator<Uint8Array> {
    if (bytes.length === 0) return;
    this.#stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    const out = this.#out;
    this.#out = [];
    if (this.#error !== null) throw wrong(this.#error);
    yield* out;
  }

  close(): void {
    this.#stream.close();
  }
}

/** The frame's header behind its magic bytes. */
async function frameHeader(
  input: ByteInput,
  shown: string,
  start: number,
): Promise<{ bytes: Uint8Array; hasChecksum: boolean }> {
  const [flags] = await need(input, 1, shown);
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
  const dictionaryBytes = [0, 1, 2, 4][flags & 3];
  const rest = await need(input, (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes, shown);
  if ((flags & 0x08) !== 0) {
    throw corrupt(shown, `there is no valid zstd header at byte ${start}`, start);
  }
  const dictionary = rest.subarray(isSingle ? 0 : 1, rest.length - sizeBytes);
  if (dictionary.some((byte) => byte !== 0)) {
    throw new SluiceError(
      "source/compression_not_available",
      `"${shown}" was compressed with a zstd dictionary, which is not in the file`,
      { hint: "Compress it without a dictionary" },
    );
  }
  const size = rest.subarray(rest.length - sizeBytes);
  const window = isSingle
    ? size.reduceRight((sum, byte) => sum * 256 + byte, 0) + (sizeBytes === 2 ? 256 : 0)
    : windowOf(rest[0]);
  if (window > WINDOW_BYTES) throw tooWide(shown, window, WINDOW_BYTES, "zstd --long=27");
  return { bytes: Uint8Array.of(flags, ...rest), hasChecksum: (flags & 0x04) !== 0 };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}

async function need(input: ByteInput, count: number, shown: string): Promise<Uint8Array> {
  if (count === 0) return new Uint8Array(0);
  const bytes = await input.take(count);
  if (bytes === null) throw truncated(input, shown);
  return bytes;
}

async function skip(input: ByteInput, count: number, shown: string): Promise<void> {
  for (let left = count; left > 0;) {
    const chunk = await input.next();
    if (chunk === null) throw truncated(input, shown);
    if (chunk.length > left) input.unread(chunk.subarray(left));
    left -= Math.min(left, chunk.length);
  }
}

/** Little-endian. */
function uint(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

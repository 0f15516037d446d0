import type { ByteInput } from "../byte_input.ts";
import { coalesce } from "../coalesce.ts";
import type { Codec } from "./codec.ts";
import { corrupt, junkBehind, truncated } from "./damage.ts";

const MIN_CHUNK_BYTES = 256 * 1024;
/** Decompressed bytes are handed on in pieces of this; a block may come to 46 MB. */
const PIECE_BYTES = 1 << 20;

/**
 * bzip2: any number of streams behind each other, each block and each stream checked.
 *
 * The library's own stream makes an array of numbers of each block; its decoder is given a buffer
 * instead, and the bits of one block at a time.
 */
export const bzip2: Codec = {
  name: "bzip2",
  magic: [
    // With its first block, or its end: the header of a CSV file may begin with the three letters.
    [0x42, 0x5a, 0x68, null, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    [0x42, 0x5a, 0x68, null, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
  ],
  decode: (input, shown) => coalesce(streams(input, shown), MIN_CHUNK_BYTES),
};

async function* streams(input: ByteInput, shown: string): AsyncGenerator<Uint8Array> {
  const bits = new Bits(input);
  const out = new Pieces();
  try {
    // Read when it is needed: most files are compressed otherwise.
    const { default: bz2 } = await import("unbzip2-stream/lib/bzip2.js");
    for (let first = true;; first = false) {
      const start = bits.position;
      await bits.fill(14);
      if (bits.left === 0 && !first) return;
      const [b, z, h, level] = bits.peek(4);
      if (b !== 0x42 || z !== 0x5a || h !== 0x68 || !(level >= 0x31 && level <= 0x39)) {
        throw junkBehind(shown, start);
      }
      const size = bz2.header(bits.read) * 100_000;
      const room = new Int32Array(size);
      // Signatures of all blocks so far; null behind the last one.
      for (let signature: number | null = 0; signature !== null;) {
        const before: number = signature;
        signature = await bits.whole(
          // What a block of incompressible bytes takes; others are read again with more.
          size + 25_000,
          (): number | null => bz2.decompress(bits.read, out.add, room, size, before),
          (error) =>
            error === null
              ? truncated(input, shown)
              : corrupt(shown, `the bzip2 block before byte ${bits.position} is wrong`, start),
        );
        yield* out.take();
      }
    }
  } finally {
    await input.close();
  }
}

/** The bytes that one block decompresses to. */
class Pieces {
  #full: Uint8Array[] = [];
  #piece = new Uint8Array(PIECE_BYTES);
  #length = 0;

  readonly add = (byte: number): void => {
    if (this.#length === PIECE_BYTES) {
      this.#full.push(this.#piece);
      this.#piece = new Uint8Array(PIECE_BYTES);
      this.#length = 0;
    }
    this.#piece[this.#length++] = byte;
  };

  /** All of them; the last one is valid until more are added. */
  *take(): Generator<Uint8Array> {
    const full = this.#full;
    this.#full = [];
    yield* full;
    const length = this.#length;
    this.#length = 0;
    if (length > 0) yield this.#piece.subarray(0, length);
  }
}

/** There are fewer bits than asked for. */
const SHORT = new Error("short of bits");

const MASK = [0, 1, 3, 7, 15, 31, 63, 127, 255];

/** The input as bits, as many of its bytes held as are asked for. */
class Bits {
  #bytes = new Uint8Array(0);
  #at = 0;
  #bit = 0;
  #ended = false;
  readonly #input: ByteInput;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  /** The next bits as a number, of 32 as a signed one; null: on to the next whole byte. */
  readonly read = (count: number | null): number => {
    if (count === null) {
      if (this.#bit !== 0) this.#at++;
      this.#bit = 0;
      return 0;
    }
    const bytes = this.#bytes;
    let result = 0;
    for (let left = count; left > 0;) {
      if (this.#at >= bytes.length) throw SHORT;
      const free = 8 - this.#bit;
      if (left < free) {
        result = (result << left) | ((bytes[this.#at] >> (free - left)) & MASK[left]);
        this.#bit += left;
        break;
      }
      result = (result << free) | (bytes[this.#at++] & MASK[free]);
      this.#bit = 0;
      left -= free;
    }
    return result;
  };

  /** Whole bytes that are held. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Of the input. */
  get position(): number {
    return this.#input.position - this.left;
  }

  peek(count: number): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + count);
  }

  /** Holds so many bytes, or all there are. */
  async fill(count: number): Promise<void> {
    if (this.#ended || this.left >= count) return;
    const parts = [this.#bytes.slice(this.#at)];
    this.#at = 0;
    let held = parts[0].length;
    while (held < count) {
      const chunk = await this.#input.next();
      if (chunk === null) {
        this.#ended = true;
        break;
      }
      parts.push(chunk.slice());
      held += chunk.length;
    }
    this.#bytes = new Uint8Array(held);
    let at = 0;
    for (const part of parts) {
      this.#bytes.set(part, at);
      at += part.length;
    }
  }

  /**
   * Runs `work` on bits that hold all it reads: where they do not, it is run again with more.
   *
   * @param failed the error to throw for one of `work`; null: the input has ended
   */
  async whole<T>(
    bytes: number,
    work: () => T,
    failed: (error: unknown | null) => Error,
  ): Promise<T> {
    for (let count = bytes;; count *= 2) {
      await this.fill(count);
      const mark = { at: this.#at, bit: this.#bit };
      try {
        return work();
      } catch (error) {
        if (error !== SHORT) throw failed(error);
        if (this.#ended) throw failed(null);
        this.#at = mark.at;
        this.#bit = mark.bit;
      }
    }
  }
}

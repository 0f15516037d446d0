import { expect } from "expect";
import { gzipSync } from "node:zlib";
import { decompress } from "../../src/source/codecs/mod.ts";
import { bytesOf, concat, failure } from "./support.ts";

const HELLO = bytesOf("hello, hello\n".repeat(2_000));
const WORLD = bytesOf("world\n".repeat(3_000));

/** Bytes in chunks of one length, lent in a buffer that is used again. */
async function* chunked(bytes: Uint8Array, size: number) {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    await Promise.resolve();
    buffer.fill(0);
  }
}

async function unpack(
  bytes: Uint8Array,
  size = 1 << 16,
  compression: "auto" | "none" | "gzip" = "auto",
  encoding: string | null = null,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const chunks = decompress(chunked(bytes, size), compression, encoding, "file.csv");
  for await (const chunk of chunks) parts.push(chunk.slice());
  return concat(parts);
}

function gzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

Deno.test("decompress reads gzip, found by its magic bytes, wherever the chunks end", async () => {
  for (const size of [1, 2, 3, 7, 64, 1 << 16]) {
    expect(await unpack(gzip(HELLO), size)).toEqual(HELLO);
    expect(await unpack(gzip(new Uint8Array(0)), size)).toEqual(new Uint8Array(0));
  }
});

Deno.test("decompress reads gzip headers with all optional parts", async () => {
  const plain = gzip(HELLO);
  const extra = concat([new Uint8Array([4, 0]), bytesOf("abcd")]);
  const head = plain.slice(0, 10);
  head[3] = 2 | 4 | 8 | 16;
  const bytes = concat([
    head,
    extra,
    bytesOf("name.csv\0comment\0"),
    new Uint8Array(2),
    plain.slice(10),
  ]);
  for (const size of [1, 5, 1 << 16]) expect(await unpack(bytes, size)).toEqual(HELLO);
});

Deno.test("decompress ignores zero padding behind gzip data, as gzip does", async () => {
  const padded = concat([gzip(HELLO), new Uint8Array(100_000)]);
  for (const size of [13, 1 << 16]) expect(await unpack(padded, size)).toEqual(HELLO);
});

Deno.test("decompress fails on anything else behind gzip data, and says where", async () => {
  const data = gzip(HELLO);
  const tails = [
    [bytesOf("garbage"), data.length],
    [new Uint8Array([0x1f]), data.length],
    [concat([new Uint8Array(10), gzip(WORLD)]), data.length + 10],
  ] as const;
  for (const [tail, at] of tails) {
    for (const size of [1, 40, 1 << 16]) {
      const error = await failure(() => unpack(concat([data, tail]), size));
      expect(error.toJSON()).toMatchObject({
        code: "source/corrupt_compression",
        details: { stored_byte: at },
      });
    }
  }
});

Deno.test("decompress names compressions that it cannot read", async () => {
  const magics: Record<string, number[]> = {
    zstd: [0x28, 0xb5, 0x2f, 0xfd],
    bzip2: [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    zip: [0x50, 0x4b, 0x03, 0x04],
  };
  for (const [name, magic] of Object.entries(magics)) {
    for (const size of [1, 100]) {
      const error = await failure(() => unpack(concat([new Uint8Array(magic), HELLO]), size));
      expect(error.code).toBe("source/compression_not_available");
      expect(error.message).toContain(name);
    }
  }
});

Deno.test("decompress with a named compression refuses what is not so compressed", async () => {
  const plain = await failure(() => unpack(HELLO, 1 << 16, "gzip"));
  expect(plain.code).toBe("source/wrong_compression");
  expect(plain.message).toBe(
    '"file.csv" is not gzip data: it is not compressed in a known way',
  );
  const zip = await failure(() => unpack(bytesOf("PK\x03\x04rest"), 1 << 16, "gzip"));
  expect(zip.message).toContain("zip data");
});

Deno.test("decompress leaves plain bytes alone, and everything where compression is none", async () => {
  for (const size of [1, 100, 1 << 20]) {
    expect(await unpack(HELLO, size)).toEqual(HELLO);
    expect(await unpack(bytesOf("a"), size)).toEqual(bytesOf("a"));
    expect(await unpack(gzip(HELLO), size, "none")).toEqual(gzip(HELLO));
  }
});

Deno.test("decompress takes an empty source for an empty file", async () => {
  for (const compression of ["auto", "none", "gzip"] as const) {
    expect(await unpack(new Uint8Array(0), 1, compression)).toEqual(new Uint8Array(0));
  }
});

Deno.test("decompress undoes a Content-Encoding, the file's own or one around it", async () => {
  for (const compression of ["auto", "gzip"] as const) {
    expect(await unpack(gzip(HELLO), 50, compression, "gzip")).toEqual(HELLO);
    expect(await unpack(gzip(gzip(HELLO)), 50, compression, "x-gzip")).toEqual(HELLO);
  }
  expect(await unpack(gzip(HELLO), 50, "none", "gzip")).toEqual(HELLO);
  expect(await unpack(HELLO, 50, "auto", "identity")).toEqual(HELLO);
  const error = await failure(() => unpack(HELLO, 50, "auto", "br"));
  expect(error.code).toBe("source/compression_not_available");
});

Deno.test("decompress joins small outputs into chunks of 256 KiB and more", async () => {
  const members = concat(Array.from({ length: 400 }, () => gzip(HELLO)));
  const sizes: number[] = [];
  for await (const chunk of decompress(chunked(members, 1_000), "auto", null, "file.csv")) {
    sizes.push(chunk.length);
  }
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(256 * 1024);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 20);
});

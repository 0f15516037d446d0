import { expect } from "packages/expect.ts";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { PACKERS, packWith } from "./conformance/packers.ts";
import { bytesOf, concat, decompressed, failure } from "./support.ts";

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
  const chunks = decompressed(chunked(bytes, size), compression, encoding, "file.csv");
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

Deno.test("decompress refuses a bomb by its size and its ratio, told before it is all out", async () => {
  const bomb = gzip(new Uint8Array(8 << 20));
  const unpackAll = async (bytes: number, ratio: number) => {
    for await (
      const _ of decompressed(chunked(bomb, 1000), "auto", null, "b.gz", { bytes, ratio })
    );
  };
  await unpackAll(1 << 20, 2000);
  await unpackAll(16 << 20, 500);
  const error = await failure(() => unpackAll(1 << 20, 500));
  expect(error.code).toBe("source/compression_bomb");
  expect(error.message).toContain("500 times");
  expect(Number(error.details.bytes)).toBeLessThan(4 << 20);
});

Deno.test("decompress takes a name for nothing: a text that only begins like a compression is one", async () => {
  for (const text of ["BZh9,a\n1,2\n", "PK,name\n1,a\n", "(\u00b5/,x\n", "7z,a\n"]) {
    expect(await unpack(bytesOf(text), 3)).toEqual(bytesOf(text));
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
  for await (const chunk of decompressed(chunked(members, 1_000), "auto", null, "file.csv")) {
    sizes.push(chunk.length);
  }
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(256 * 1024);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 20);
});

Deno.test("decompress passes over skippable zstd frames, before and behind the data", async () => {
  const skipped = concat([new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), bytesOf("12345")]);
  const data = new Uint8Array(zstdCompressSync(HELLO));
  for (const size of [1, 7, 1 << 16]) {
    expect(await unpack(concat([skipped, data, skipped, data]), size)).toEqual(
      concat([HELLO, HELLO]),
    );
    expect((await failure(() => unpack(concat([data, skipped.slice(0, 10)]), size))).code)
      .toBe("source/corrupt_compression");
  }
});

Deno.test("decompress refuses what needs more memory than is taken, or what it has not", async () => {
  const zstd = (...bytes: number[]) => new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, ...bytes]);
  const cases: (readonly [Uint8Array, string, string])[] = [
    // A window of 512 MiB; one file of 1 GiB in one piece; a dictionary; a bit that must be clear.
    [zstd(0x00, 0x98, 1, 0, 0), "source/window_too_large", "512 MiB"],
    [zstd(0xa0, 0, 0, 0, 0x40, 1, 0, 0), "source/window_too_large", "1024 MiB"],
    [zstd(0x01, 0x50, 7, 1, 0, 0), "source/compression_not_available", "dictionary"],
    [zstd(0x08, 0x50, 1, 0, 0), "source/corrupt_compression", "header"],
    [zstd(0x00, 0x50, 7, 0, 0), "source/corrupt_compression", "block"],
  ];
  for (const [bytes, code, part] of cases) {
    const error = await failure(() => unpack(bytes, 3));
    expect([error.code, error.message.includes(part)]).toEqual([code, true]);
  }
  const xz = [
    [["--lzma2=preset=0,dict=128MiB"], "source/window_too_large", "64 MiB"],
    [["--check=sha256"], "source/compression_not_available", "SHA-256"],
    [["--x86", "--lzma2"], "source/compression_not_available", "filters"],
  ] as const;
  for (const [options, code, part] of xz) {
    const bytes = packWith("xz", options, HELLO);
    if (bytes === null) return console.log("skipped: there is no xz here to compress with");
    const error = await failure(() => unpack(bytes));
    expect([error.code, error.message.includes(part)]).toEqual([code, true]);
  }
  for (const options of [["-9e"], ["--check=none"], ["--check=crc32"], ["--block-size=4096"]]) {
    expect(await unpack(packWith("xz", options, HELLO)!, 100)).toEqual(HELLO);
  }
});

Deno.test("decompress reads several files at once, whatever codec they have", async () => {
  const files = (["gzip", "zstd", "bzip2", "xz", "zip"] as const).flatMap((name) => {
    const bytes = PACKERS[name].pack(HELLO);
    return bytes === null ? [] : [bytes, bytes];
  });
  const open = files.map((bytes) => decompressed(chunked(bytes, 7), "auto", null, "file.csv"));
  // The first chunk of each, while all others wait.
  const first = await Promise.all(open.map(async (file) => (await file.next()).value!.slice()));
  for (const bytes of first) expect(bytes).toEqual(HELLO);
  for (const file of open) expect((await file.next()).done).toBe(true);
});

/** What every codec must do, whatever the compression. */
import { expect } from "packages/expect.ts";
import { CODEC_NAMES } from "../../../src/core/codecs.ts";
import { CODECS } from "../../../src/source/codecs/mod.ts";
import { bytesOf, concat, decompressed, failure, randomFrom, testSeed } from "../support.ts";
import { PACKERS } from "./packers.ts";

const HELLO = bytesOf("hello, hello\n".repeat(2_000));
const NOTHING = new Uint8Array(0);

/** Bytes in chunks of one length, lent in a buffer that is used again. */
async function* chunked(bytes: Uint8Array, size: number, pulled = () => {}) {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    pulled();
    yield buffer.subarray(0, part.length);
    await Promise.resolve();
    buffer.fill(0);
  }
}

async function unpack(bytes: Uint8Array, size = 1 << 16): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of decompressed(chunked(bytes, size), "auto", null, "file.csv")) {
    parts.push(chunk.slice());
  }
  return concat(parts);
}

Deno.test("codecs: each word of a pipeline file has the codec of its name", () => {
  expect(CODECS.map(({ name }) => name)).toEqual(CODEC_NAMES);
});

for (const { name } of CODECS) {
  const { pack, bombBytes, bombMemory, padding, slack, members } = PACKERS[name];
  if (pack(HELLO) === null) continue;
  const packed = (bytes: Uint8Array) => pack(bytes)!;
  const random = randomFrom(testSeed(`conformance ${name}`));
  const noise = bytesOf(Array.from({ length: 300 }, () => random().toString(36)).join(","));

  Deno.test(`${name}: is known by its first bytes, and read wherever the chunks end`, async () => {
    const data = packed(noise);
    const steps = [1, 2, 3, 5, 7, 64, 1 << 16, 1 + Math.floor(random() * data.length)];
    for (const size of steps) {
      expect(await unpack(data, size)).toEqual(noise);
      expect(await unpack(packed(HELLO), size)).toEqual(HELLO);
      expect(await unpack(packed(NOTHING), size)).toEqual(NOTHING);
    }
    const short = packed(bytesOf("first,"));
    for (let size = 1; size <= short.length; size++) {
      expect(await unpack(short, size)).toEqual(bytesOf("first,"));
    }
  });

  Deno.test(`${name}: reads members behind each other, each joint at every chunk boundary`, async () => {
    if (!members) return;
    const [a, b, empty] = [bytesOf("first,"), bytesOf("second,"), NOTHING].map(packed);
    const joined = concat([a, b, empty, a]);
    for (let size = 1; size <= joined.length; size++) {
      expect(new TextDecoder().decode(await unpack(joined, size))).toBe("first,second,first,");
    }
    const many = concat(Array.from({ length: 100 }, () => packed(HELLO)));
    expect((await unpack(many)).length).toBe(HELLO.length * 100);
  });

  Deno.test(`${name}: data cut at any byte is damaged, and says where it ends`, async () => {
    const first = packed(bytesOf("first,"));
    const data = members ? concat([first, packed(bytesOf("second,"))]) : first;
    // Its first bytes tell that it is compressed: before them it is a short text.
    const known = Math.max(
      ...CODECS.find((each) => each.name === name)!.magic.map((m) => m.length),
    );
    for (let length = known; length < data.length; length++) {
      if (length === first.length) continue;
      for (const size of [1, 1 << 16]) {
        const error = await failure(() => unpack(data.slice(0, length), size));
        expect([length, error.code]).toEqual([length, "source/corrupt_compression"]);
        expect(Number(error.details.stored_byte)).toBeLessThanOrEqual(length);
      }
    }
    const long = packed(noise);
    for (const length of [long.length - 1, long.length - 5, long.length >> 1]) {
      const { code } = await failure(() => unpack(long.slice(0, length)));
      expect(code).toBe("source/corrupt_compression");
    }
  });

  Deno.test(`${name}: no flipped bit goes unseen`, async () => {
    const data = packed(noise);
    for (let round = 0; round < 150; round++) {
      const broken = data.slice();
      const at = 10 + Math.floor(random() * (data.length - 10));
      broken[at] ^= 1 << Math.floor(random() * 8);
      let result: Uint8Array | null = null;
      try {
        result = await unpack(broken, 1 + Math.floor(random() * data.length));
      } catch (error) {
        expect((error as { code: string }).code).toBe("source/corrupt_compression");
      }
      // Some bits mean nothing.
      if (result !== null) expect(result).toEqual(noise);
    }
  });

  Deno.test(`${name}: anything else behind the data is an error, and says where`, async () => {
    const data = packed(HELLO);
    const tails: (readonly [Uint8Array, number])[] = [
      [bytesOf("garbage"), data.length],
      [bytesOf("garbage, and more of it than any header has"), data.length],
    ];
    if (padding) tails.push([concat([new Uint8Array(12), bytesOf("x")]), data.length + 12]);
    for (const [tail, at] of tails) {
      for (const size of [1, 40, 1 << 16]) {
        const error = await failure(() => unpack(concat([data, tail]), size));
        expect(error.code).toBe("source/corrupt_compression");
        const found = Number(error.details.stored_byte);
        expect(found).toBeGreaterThanOrEqual(at);
        expect(found).toBeLessThanOrEqual(at + slack);
      }
    }
    if (padding) {
      const padded = concat([data, new Uint8Array(100_000)]);
      for (const size of [13, 1 << 16]) expect(await unpack(padded, size)).toEqual(HELLO);
    }
  });

  Deno.test(`${name}: works no further ahead than its reader, so that a bomb stays small`, async () => {
    const bomb = packed(new Uint8Array(bombBytes));
    let pulls = 0;
    let total = 0;
    const source = chunked(bomb, 16 * 1024, () => pulls++);
    const before = Deno.memoryUsage().external;
    for await (const chunk of decompressed(source, "auto", null, "bomb")) {
      total += chunk.length;
      expect(chunk.length).toBeLessThanOrEqual(1 << 20);
      if (total !== chunk.length) continue;
      // Nothing goes on by itself: timers and promises that are due have run.
      for (let turn = 0; turn < 20; turn++) await new Promise((done) => setTimeout(done, 0));
      expect(Deno.memoryUsage().external - before).toBeLessThan(bombMemory);
    }
    expect(total).toBe(bombBytes);
  });

  Deno.test(`${name}: ends its source when it is left early, and passes on its error`, async () => {
    let ended = false;
    async function* endless() {
      try {
        const data = packed(noise);
        for (;;) {
          yield data;
          await Promise.resolve();
        }
      } finally {
        ended = true;
      }
    }
    for await (const _ of decompressed(endless(), "auto", null, "file.csv")) break;
    expect(ended).toBe(true);
    async function* broken() {
      yield packed(noise).slice(0, 30);
      await Promise.resolve();
      throw new Error("the source broke");
    }
    await expect((async () => {
      for await (const _ of decompressed(broken(), "auto", null, "file.csv"));
    })()).rejects.toThrow("the source broke");
  });
}

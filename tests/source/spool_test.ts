import { expect } from "packages/expect.ts";
import { spool } from "../../src/source/spool.ts";
import { failure, randomFrom, testSeed } from "./support.ts";

async function* pieces(bytes: Uint8Array, random: () => number) {
  const lent = new Uint8Array(3 << 20);
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + 1 + Math.floor(random() * lent.length));
    lent.set(piece);
    yield lent.subarray(0, piece.length);
    await Promise.resolve();
    lent.fill(0);
    at += piece.length;
  }
}

for (const [where, most] of [["in memory", 1 << 26], ["in a file", 1 << 20]] as const) {
  Deno.test(`spool() gives back any bytes of a stream that it keeps ${where}`, async () => {
    const random = randomFrom(testSeed(`spool ${where}`));
    for (const length of [0, 1, 1 << 20, (5 << 20) + 7]) {
      const bytes = new Uint8Array(length).map((_, at) => at * 31 >> 3);
      const kept = await spool(pieces(bytes, random), "file", most);
      expect(kept.size).toBe(length);
      for (let round = 0; round < 50; round++) {
        const start = Math.floor(random() * (length + 1));
        const end = start + Math.floor(random() * (length + 1 - start));
        const read = await kept.read(start, end);
        // Compared as texts of bytes: element by element takes seconds.
        expect(read.toHex() === bytes.subarray(start, end).toHex()).toBe(true);
      }
      await kept[Symbol.asyncDispose]();
    }
    expect(spooled()).toEqual([]);
  });
}

Deno.test("spool() leaves nothing behind when its stream fails", async () => {
  async function* failing() {
    yield new Uint8Array(2 << 20);
    await Promise.resolve();
    throw new Error("the source broke");
  }
  await expect(spool(failing(), "file", 1 << 20)).rejects.toThrow("the source broke");
  expect(spooled()).toEqual([]);
});

Deno.test({
  name: "spool() says what to do where it may write nowhere",
  permissions: { read: true, write: false },
  async fn() {
    async function* long() {
      yield new Uint8Array(2 << 20);
      await Promise.resolve();
    }
    const error = await failure(() => spool(long(), "file", 1 << 20));
    expect(error.code).toBe("source/no_spool");
    expect(error.hint).toContain("--allow-write=.sluice");
  },
});

/** Names of files that are still there. */
function spooled(): string[] {
  Deno.mkdirSync(".sluice", { recursive: true });
  return [...Deno.readDirSync(".sluice")].map(({ name }) => name)
    .filter((name) => name.startsWith("spool-"));
}

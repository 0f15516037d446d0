// Slow: archives of each kind of program that writes them.
import { expect } from "packages/expect.ts";
import { bytesOf, concat, decompressed, failure, randomFrom, testSeed } from "./support.ts";
import { type ZipFile, zipOf } from "./zip_writer.ts";

const TEXT = bytesOf("a,b\n" + "1,2\n".repeat(40_000));

async function unpack(bytes: Uint8Array, size = 1 << 16): Promise<Uint8Array<ArrayBuffer>> {
  async function* chunked() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of decompressed(chunked(), "auto", null, "trips.zip")) {
    parts.push(chunk.slice());
  }
  return concat(parts);
}

Deno.test("zip: reads what every kind of program writes", async () => {
  const random = randomFrom(testSeed("zip_test"));
  const ways: Partial<ZipFile>[] = [
    {},
    { method: 0 },
    { behind: "signed" },
    { behind: "bare" },
    { behind: "wide" },
    { zip64: true },
    { zip64: true, behind: "wide" },
  ];
  for (const way of ways) {
    for (const bytes of [TEXT, new Uint8Array(0)]) {
      if (way.method === 0 && way.behind !== undefined) continue;
      const archive = zipOf([{ name: "trips.csv", bytes, ...way }], "made by a test");
      for (const size of [1 << 16, 1 + Math.floor(random() * 50)]) {
        expect(await unpack(archive, size)).toEqual(bytes);
      }
    }
  }
});

Deno.test("zip: folders and what systems add are no files of it", async () => {
  const clutter: ZipFile[] = [
    { name: "data/", bytes: new Uint8Array(0), method: 0 },
    { name: "__MACOSX/data/._trips.csv", bytes: bytesOf("x") },
    { name: "data/.DS_Store", bytes: bytesOf("x"), behind: "signed" },
    { name: "Thumbs.db", bytes: bytesOf("x") },
  ];
  const archive = zipOf([...clutter, { name: "data/trips.csv", bytes: TEXT }, clutter[1]]);
  expect(await unpack(archive)).toEqual(TEXT);
});

Deno.test("zip: names that lead out of a folder lead nowhere: nothing is written", async () => {
  for (
    const name of ["../../etc/passwd", "/etc/passwd", "C:\\x.csv", "a\0b.csv", "日本.csv", "-"]
  ) {
    expect(await unpack(zipOf([{ name, bytes: TEXT }]))).toEqual(TEXT);
  }
});

Deno.test("zip: what cannot be read is refused by its name", async () => {
  const refused: (readonly [string, Uint8Array, string])[] = [
    ["source/encrypted", zipOf([{ name: "t.csv", bytes: TEXT, encrypted: true }]), '"t.csv"'],
    [
      "source/compression_not_available",
      zipOf([{ name: "t.csv", bytes: TEXT, method: 9 }]),
      "Deflate64",
    ],
    [
      "source/compression_not_available",
      zipOf([{ name: "t.csv", bytes: TEXT, method: 93 }]),
      "zstd",
    ],
    [
      "source/compression_not_available",
      zipOf([{ name: "t.csv", bytes: TEXT, method: 77 }]),
      "method 77",
    ],
    [
      "source/compression_not_available",
      zipOf([{ name: "t.csv", bytes: TEXT, method: 0, behind: "signed" }]),
      "without its length",
    ],
    ["source/empty_archive", zipOf([]), "without a file"],
    [
      "source/empty_archive",
      zipOf([{ name: "a/", bytes: new Uint8Array(0), method: 0 }]),
      "without",
    ],
    [
      "source/several_files",
      zipOf([{ name: "a.csv", bytes: TEXT }, { name: "b.csv", bytes: TEXT }]),
      '"a.csv" and "b.csv"',
    ],
  ];
  for (const [code, archive, part] of refused) {
    const error = await failure(() => unpack(archive));
    expect([error.code, error.message.includes(part)]).toEqual([code, true]);
    expect(error.hint).toBeDefined();
  }
});

Deno.test("zip: headers, data and directory that differ are damage", async () => {
  const good = zipOf([{ name: "t.csv", bytes: TEXT }]);
  const end = good.length - 22;
  const lies: Record<string, Uint8Array> = {
    "a file without a name": zipOf([{ name: "", bytes: new Uint8Array(0), method: 0 }]),
    "another checksum": zipOf([{ name: "t.csv", bytes: TEXT, crc: 1 }]),
    "another name": zipOf([{ name: "t.csv", bytes: TEXT, listedAs: "u.csv" }]),
    "another number": good.with(end + 10, 2),
    "another place": good.with(end - 4 - 5, 1),
    "no directory": concat([good.slice(0, end - 51), good.slice(end)]),
    "something between": concat([good.slice(0, end - 51), bytesOf("junk"), good.slice(end - 51)]),
  };
  for (const [lie, archive] of Object.entries(lies)) {
    const error = await failure(() => unpack(archive));
    expect([lie, error.code]).toEqual([lie, "source/corrupt_compression"]);
  }
});

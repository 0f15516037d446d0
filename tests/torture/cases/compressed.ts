import { gzipSync } from "node:zlib";
import { bad, joined, other, type Part, row } from "../layout.ts";
import type { TortureCase } from "../torture_case.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const PIECES = [
  other("id,name\n"),
  row("1,one\n", "1", "one"),
  bad("two,2\n", "invalid_integer", "id"),
  row("3,three\n", "3", "three"),
];

const gzip = (bytes: Bytes): Bytes => joined(new Uint8Array(gzipSync(bytes)));

/** Two members that meet in the middle of a record. */
function members(bytes: Bytes, between: readonly Part[] = []): Bytes {
  return joined([gzip(bytes.slice(0, 11)), ...between, gzip(bytes.slice(11))]);
}

function changed(bytes: Bytes, at: number): Bytes {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at] ^= 0x01;
  return copy;
}

const DAMAGED = "source/corrupt_compression";

/** Compressed files that are damaged, and some that only look it. Offsets are of the unpacked text. */
export const COMPRESSED: readonly TortureCase[] = [
  { name: "gzip, whatever the file is called", pieces: PIECES, stored: gzip },
  {
    name: "two members that meet in the middle of a record, between two empty ones",
    pieces: PIECES,
    stored: (bytes) => joined([gzip(new Uint8Array(0)), members(bytes), gzip(new Uint8Array(0))]),
  },
  {
    name: "a member for each byte",
    pieces: PIECES,
    stored: (bytes) => joined([...bytes].map((byte) => gzip(Uint8Array.of(byte)))),
  },
  {
    name: "every optional part of a member's header",
    pieces: PIECES,
    stored: (bytes) =>
      joined([
        [0x1f, 0x8b, 8, 2 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3].map((byte) => Uint8Array.of(byte)),
        // An extra field, a name, a comment, and the header's own checksum.
        [new Uint8Array([3, 0, 1, 2, 3]), "a\n.csv\0", "no\x1b[2J\0", new Uint8Array(2)],
        gzip(bytes).slice(10),
      ].flat()),
  },
  {
    name: "zero padding behind the last member, as tapes leave it",
    pieces: PIECES,
    stored: (bytes) => joined([gzip(bytes), new Uint8Array(10_000)]),
  },
  {
    name: "other bytes behind the last member",
    pieces: PIECES,
    stored: (bytes) => joined([gzip(bytes), "more,text\n"]),
    error: { code: DAMAGED, says: ["unexpected data follows the compressed data at byte"] },
  },
  {
    name: "a member behind zero padding, which others drop without a word",
    pieces: PIECES,
    stored: (bytes) => members(bytes, [new Uint8Array(3)]),
    error: { code: DAMAGED, says: ["unexpected data follows the compressed data at byte"] },
  },
  {
    name: "a wrong checksum",
    pieces: PIECES,
    stored: (bytes) => changed(gzip(bytes), -8),
    error: { code: DAMAGED, says: ["checksum of the data from byte 0 on is wrong"] },
  },
  {
    name: "a wrong length",
    pieces: PIECES,
    stored: (bytes) => changed(gzip(bytes), -1),
    error: { code: DAMAGED, says: ["checksum of the data from byte 0 on is wrong"] },
  },
  {
    name: "a wrong checksum of the second member only",
    pieces: PIECES,
    stored: (bytes) => changed(members(bytes), -8),
    error: { code: DAMAGED, says: ["checksum of the data from byte 3"] },
  },
  {
    name: "a bit that changed in the data",
    pieces: PIECES,
    stored: (bytes) => changed(gzip(bytes), 20),
    error: { code: DAMAGED, says: ['data.csv" is damaged'] },
  },
  {
    name: "a file cut in the data of its only member",
    pieces: PIECES,
    stored: (bytes) => gzip(bytes).slice(0, 25),
    error: { code: DAMAGED, says: ["ends in the middle of the compressed data, at byte 25"] },
  },
  {
    name: "a file cut in the data of its second member, of which the first held good rows",
    pieces: PIECES,
    stored: (bytes) => members(bytes).slice(0, -12),
    error: { code: DAMAGED, says: ["ends in the middle of the compressed data"] },
  },
  {
    name: "a file cut in the last checksum",
    pieces: PIECES,
    stored: (bytes) => gzip(bytes).slice(0, -3),
    error: { code: DAMAGED, says: ["ends in the middle of the compressed data"] },
  },
  {
    name: "a file cut in the header of its second member",
    pieces: PIECES,
    stored: (bytes) => joined([gzip(bytes), 0x1f, 0x8b, 8]),
    error: { code: DAMAGED, says: ["ends in the middle of the compressed data"] },
  },
  {
    name: "a first byte of gzip and nothing else is no gzip, but no header either",
    pieces: [],
    stored: () => joined([0x1f]),
    error: { code: "rows/schema_mismatch", says: ['the file lacks "id", "name"'] },
  },
  {
    name: "both first bytes of gzip and nothing else",
    pieces: [],
    stored: () => joined([0x1f, 0x8b]),
    error: { code: DAMAGED, says: ["ends in the middle of the compressed data, at byte 2"] },
  },
  {
    name: "gzip around nothing",
    pieces: [],
    stored: gzip,
    error: { code: "source/empty_file", says: ["The file ends before its header"] },
  },
  {
    name: "gzip around gzip",
    pieces: PIECES,
    stored: (bytes) => gzip(gzip(bytes)),
    error: { code: "source/other_format", says: ["still compressed, with gzip"] },
  },
  {
    name: "a zip file that is none",
    pieces: [],
    stored: () => joined(["PK", 3, 4, new Uint8Array(40)]),
    error: { code: DAMAGED, says: ["no valid zip header at byte 0"] },
  },
];

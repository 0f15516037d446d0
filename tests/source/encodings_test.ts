import { orderOf } from "../../src/source/encodings/byte_order.ts";
import { expect } from "packages/expect.ts";
import { announcedEncoding, encodingOf } from "../../src/core/encodings.ts";
import { FieldReader } from "../../src/rows/field_reader.ts";
import type { RecordBatch } from "../../src/rows/record_batch.ts";
import { Kernel } from "../../src/rows/kernel/kernel.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import { refuseOthers } from "../../src/source/recognise.ts";
import { traitsOf } from "../../src/source/formats/mod.ts";
import type { FormatOptions } from "../../src/spec/formats/mod.ts";
import { split } from "./read_records.ts";
import { bytesOf, CSV, randomFrom, testSeed } from "./support.ts";

const PLAIN = {
  trim: false,
  trimQuoted: false,
  emptyIsNull: false,
  emptyAsNull: false,
  quotedNulls: false,
  isJson: false,
  elements: null,
  nulls: null,
};
const NDJSON: FormatOptions = {
  type: "ndjson",
  nullValues: [],
  trim: false,
  encoding: "utf-8",
  maxRecordBytes: 1 << 20,
};

/** The fields of a file, as the rows read them, each with the raw bytes and the place of its record. */
function read(
  chunks: Iterable<Uint8Array>,
  options: FormatOptions,
  announced?: string,
  kernel?: Kernel,
) {
  const reader = openReader(options, { columns: [], others: "read", announced }, kernel);
  const field = new FieldReader();
  const records: { at: number; raw: Uint8Array; fields: string[] }[] = [];
  const take = (batch: RecordBatch | null) => {
    if (batch === null) return;
    expect(batch.malformed).toEqual([]);
    for (let r = 0; r < batch.count; r++) {
      const fields = reader.header!.map((_name, f) => {
        field.read(PLAIN, batch, r * batch.width + f);
        const bytes = field.bytes.subarray(field.start, field.end);
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      });
      const raw = batch.bytes.slice(batch.recordStarts[r], batch.recordEnds[r]);
      records.push({ at: batch.base + batch.recordStarts[r], raw, fields });
    }
  };
  for (const chunk of chunks) take(reader.push(chunk));
  take(reader.finish());
  return { header: reader.header, records };
}

/** The characters of an encoding, each with its bytes. */
function charactersOf(encoding: string): (readonly [text: string, bytes: readonly number[]])[] {
  const found: [string, number[]][] = [];
  const add = (bytes: number[]) => {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(Uint8Array.from(bytes));
      if ([...text].length === 1 && !/[\p{Cc}",]/u.test(text)) found.push([text, bytes]);
    } catch {
      // No character.
    }
  };
  for (let a = 0; a < 256; a++) {
    add([a]);
    if (a > 128) { for (let b = 0x40; b < 256; b += 3) add([a, b]); }
  }
  return found;
}

const ONE_BYTE = ["windows-1252", "windows-1251", "iso-8859-15", "koi8-r", "ibm866", "macintosh"];
const MORE_BYTES = ["shift_jis", "euc-jp", "gbk", "gb18030", "big5", "euc-kr"];

for (const encoding of [...ONE_BYTE, ...MORE_BYTES, "utf-16", "utf-16le", "utf-16be"]) {
  Deno.test(`${encoding}: fields, quotes and names are read, however the bytes are cut`, () => {
    const random = randomFrom(testSeed(encoding));
    const isOneByte = ONE_BYTE.includes(encoding);
    const wide = encoding.startsWith("utf-16");
    const known = wide
      ? ["a", "é", "日", "😀", "я", "\u2c0a"].map((text) => [text, []] as const)
      : charactersOf(encoding).filter(([, bytes]) => !isOneByte || bytes.length === 1);
    const kernel = new Kernel(1);
    for (let round = 0; round < 20; round++) {
      const word = () => {
        let text = "";
        const bytes: number[] = [];
        for (let n = 0; n < 1 + random() * 6; n++) {
          const [character, coded] = known[Math.floor(random() * known.length)];
          text += character;
          bytes.push(...coded);
        }
        return { text, bytes };
      };
      const rows = Array.from({ length: 1 + Math.floor(random() * 30) }, () => [word(), word()]);
      const isBig = encoding === "utf-16be" || (encoding === "utf-16" && round % 2 === 0);
      const coded = (text: string): number[] => {
        if (!wide) return [...bytesOf(text)];
        return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
          .flatMap((unit) => isBig ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8]);
      };
      // Few characters might be UTF-8 by chance: the header has a byte that never is.
      if (isOneByte) {
        rows[0][0].text += new TextDecoder(encoding).decode(Uint8Array.of(255));
        rows[0][0].bytes.push(255);
      }
      const part = ({ text, bytes }: { text: string; bytes: number[] }) =>
        wide ? coded(text) : bytes;
      const file = Uint8Array.from([
        ...(wide && round % 3 === 0 ? coded("\ufeff") : []),
        ...rows.flatMap(([a, b], r) => [
          // Quotes in a field without quotes are data, and doubled ones are not.
          ...(r === 0 ? [] : coded('x""')),
          ...part(a),
          ...coded(r === 0 ? "," : ',"""'),
          ...part(b),
          ...coded(r === 0 ? "\n" : '"\n'),
        ]),
      ]);
      const options: FormatOptions = { ...CSV, encoding };
      const whole = read([file], options);
      expect(whole.header).toEqual(rows[0].map(({ text }) => text));
      expect(whole.records.map(({ fields }) => fields))
        .toEqual(rows.slice(1).map(([a, b]) => [`x""${a.text}`, `"${b.text}`]));
      if (isOneByte) {
        for (const { at, raw } of whole.records) {
          expect(file.slice(at, at + raw.length)).toEqual(raw);
        }
      }
      const places = Array.from({ length: 5 }, () => 64 + Math.floor(random() * file.length))
        .filter((place) => place < file.length);
      expect(read(split(file, places), options)).toEqual(whole);
      kernel.reset();
      expect(read([file], options, undefined, kernel)).toEqual(whole);
    }
  });
}

const utf16 = (text: string, isBig: boolean) =>
  Uint8Array.from(
    Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
      .flatMap((unit) => isBig ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8]),
  );

Deno.test("utf-16 without a mark: line ends and ASCII tell the order of bytes, whatever else has zeros", () => {
  for (
    const text of [
      "яя,😀😀日😀é\n",
      "一一一一,一一\r\n一,一\r\n",
      "😀\n",
      "id,name\n",
      "一,一;a",
      "\u2c00\u3000一\u4e00\n",
      "Ā,Ā\nĀ,Ā\n",
    ]
  ) {
    expect([text, orderOf(utf16(text, true), "utf-16")]).toEqual([text, "utf-16be"]);
    expect([text, orderOf(utf16(text, false), "utf-16")]).toEqual([text, "utf-16le"]);
  }
});

Deno.test("JSON lines of another encoding are read", () => {
  for (
    const [encoding, bytes] of [
      ["windows-1252", Uint8Array.from('{"n": "Zo\xeb"}\n', (c) => c.charCodeAt(0))],
      ["iso-8859-1", Uint8Array.from('{"n": "Zo\xeb"}', (c) => c.charCodeAt(0))],
      [
        "utf-16",
        new Uint8Array(Uint16Array.from('\ufeff{"n": "Zoë"}\n', (c) => c.charCodeAt(0)).buffer),
      ],
    ] as const
  ) {
    const { records } = read([bytes], { ...NDJSON, encoding });
    expect([encoding, records.map(({ fields }) => fields)]).toEqual([encoding, [["Zoë"]]]);
  }
});

Deno.test("what a server announces counts for what is no UTF-8", () => {
  const latin = Uint8Array.from("n\nZo\xeb\n", (c) => c.charCodeAt(0));
  for (const bytes of [latin, bytesOf("n\nZoë\n")]) {
    expect(read([bytes], CSV, "iso-8859-1").records[0].fields).toEqual(["Zoë"]);
  }
  const sjis = Uint8Array.of(0x6e, 0x0a, 0x93, 0xfa, 0x0a);
  expect(read([sjis], CSV, "shift_jis").records[0].fields).toEqual(["日"]);
  // A server that says so of a text in UTF-8 does no harm, wherever its bytes are cut.
  const utf8 = bytesOf("n\na\n日本\n");
  for (const announced of ["shift_jis", "gbk", "euc-jp", "iso-2022-jp", "utf-16", "windows-1252"]) {
    for (let place = 0; place < utf8.length; place++) {
      const { records } = read(split(utf8, [place]), CSV, announced);
      expect([announced, records.map(({ fields }) => fields[0])]).toEqual([announced, [
        "a",
        "日本",
      ]]);
    }
  }
});

Deno.test("words for encodings", () => {
  const words = {
    "UTF8": "utf-8",
    "Latin-1": "iso-8859-1",
    "ISO_8859-1": "iso-8859-1",
    "cp1252": "windows-1252",
    "CP-1251": "windows-1251",
    "latin9": "iso-8859-15",
    "Shift-JIS": "shift_jis",
    "utf_16_le": "utf-16le",
    "UTF-16": "utf-16",
    "ascii": "ascii",
    "cp437": null,
    "utf-7": null,
    "": null,
  };
  for (const [word, encoding] of Object.entries(words)) {
    expect([word, encodingOf(word)]).toEqual([word, encoding]);
  }
  expect(announcedEncoding('text/csv; header=present; charset="ISO-8859-1"')).toBe("iso-8859-1");
  expect(announcedEncoding("text/csv;charset=binary")).toBe(null);
  expect(announcedEncoding(null)).toBe(null);
});

const origin = { shown: "a.csv", contentType: null };

Deno.test("a wrong declaration is told by the first bytes, or by the first line that shows it", () => {
  const head = (bytes: Uint8Array, encoding: string) => () =>
    refuseOthers(bytes, traitsOf({ ...CSV, encoding }), origin);
  const le = new Uint8Array(Uint16Array.from("id,n\n1,a\n", (c) => c.charCodeAt(0)).buffer);
  head(le, "utf-16")();
  head(le, "utf-16le")();
  expect(head(le, "utf-8")).toThrow("is UTF-16: expected UTF-8");
  expect(head(le, "windows-1252")).toThrow("is UTF-16: expected windows-1252");
  expect(head(le, "utf-16be")).toThrow("is UTF-16LE: expected UTF-16BE");
  expect(head(bytesOf("id,n\n1,a\n"), "utf-16")).toThrow("is not UTF-16");
  expect(head(bytesOf("\ufeffid,n\n"), "latin1")).toThrow("is UTF-8, as its first bytes say");
  const utf8 = bytesOf("id,n\n1,a\n2,Zoë\n3,Å\n");
  expect(() => read([utf8], { ...CSV, encoding: "windows-1252" }))
    .toThrow("The text is UTF-8, as line 3 shows: expected windows-1252");
  expect(() => read([bytesOf("é,n\n")], { ...CSV, encoding: "windows-1252" }))
    .toThrow("as line 1 shows");
});

Deno.test("a delimiter that is not ASCII is that of the file's encoding", () => {
  const text = "id¦t\n1¦é|x\n";
  const codes = Array.from(text, (each) => each.charCodeAt(0));
  for (
    const [encoding, bytes] of [
      ["utf-8", bytesOf(text)],
      ["windows-1252", Uint8Array.from(codes)],
      ["utf-16le", new Uint8Array(new Uint16Array(codes).buffer)],
    ] as const
  ) {
    const options: FormatOptions = { ...CSV, delimiter: "¦", encoding };
    for (let place = 0; place <= bytes.length; place++) {
      const { header, records } = read(split(bytes, [place]), options);
      expect(header).toEqual(["id", "t"]);
      expect(records.map(({ fields }) => fields)).toEqual([["1", "é|x"]]);
    }
  }
});

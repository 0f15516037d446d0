import { expect } from "packages/expect.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { Kernel } from "../../src/rows/kernel/kernel.ts";
import { NULL } from "../../src/core/field_flags.ts";
import { openReader, openReplay } from "../../src/source/formats/mod.ts";
import { type ReadFile, readRecords, split } from "./read_records.ts";
import { bytesOf, CSV, failure, randomFrom, testSeed } from "./support.ts";

/** Reads a text whole, cut at each place, and with the kernel: which must change nothing. */
function read(text: string, change: Partial<CsvOptions>): ReadFile {
  const bytes = bytesOf(text);
  const options = { ...CSV, ...change };
  const whole = readRecords([bytes], options);
  for (let place = 0; place <= bytes.length; place++) {
    expect(readRecords(split(bytes, [place]), options)).toEqual(whole);
  }
  expect(readRecords(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)), options))
    .toEqual(whole);
  expect(readRecords([bytes], options, kernel())).toEqual(whole);
  return whole;
}

const shared = new Kernel(1);

function kernel(): Kernel {
  shared.reset();
  return shared;
}

interface Case {
  readonly of: string;
  readonly options: Partial<CsvOptions>;
  readonly text: string;
  readonly header?: readonly string[];
  /** `line: fields` of each record, and `line: code` of each malformed one. */
  readonly found: readonly string[];
}

const CASES: readonly Case[] = [
  {
    of: "a footer",
    options: { skipFooter: 2 },
    text: 'id,n\n1,a\n2,b\nTOTAL "2\nEND OF FILE, see x\n\n\n',
    found: ["2: 1|a", "3: 2|b"],
  },
  {
    of: "a footer without a line end, and CRLF",
    options: { skipFooter: 1 },
    text: "id,n\r\n1,a\r\n\r\n2,b\r\nTOTAL,2",
    found: ["2: 1|a", "4: 2|b"],
  },
  {
    of: "a footer longer than the file",
    options: { skipFooter: 3, header: false },
    text: "1,a\n2,b\n",
    found: [],
  },
  {
    of: "a line that ends the data",
    options: { endPattern: "^TOTAL" },
    text: "id,n\n1,TOTAL\nx\n2,b\nTOTAL,3\n4,d\ny\n",
    found: ["2: 1|TOTAL", "3: too_few_fields", "4: 2|b"],
  },
  {
    of: "a malformed line that ends the data",
    options: { endPattern: "rows\\)$" },
    text: 'id,n\n1,a\n(1 rows)\n\n"\n',
    found: ["2: 1|a"],
  },
  {
    of: "repeated headers",
    options: { skipRepeatedHeaders: true },
    text: 'id,"n ""x"""\n1,a\nid,"n ""x"""\n"id","n ""x"""\n2,b\n\ufeffid,"n ""x"""\nid,n\n',
    header: ["id", 'n "x"'],
    found: ["2: 1|a", "5: 2|b", "7: id|n"],
  },
  {
    of: "a repeated header in quotes behind a byte order mark",
    options: { skipRepeatedHeaders: true },
    text: '"id","n"\n1,a\n\ufeff"id","n"\n2,b\n',
    found: ["2: 1|a", "4: 2|b"],
  },
  {
    of: "units",
    options: { skipAfterHeader: 2 },
    text: 'id,n\n\n"kg"x\nm,,\n1,a\nb\n',
    found: ["5: 1|a", "6: too_few_fields"],
  },
  {
    of: "units of a file without data",
    options: { skipAfterHeader: 1 },
    text: "id,n\nkg,m",
    found: [],
  },
  {
    of: "short records that are padded",
    options: { padShortRecords: true },
    text: 'id,n,o\n1\n2,"b"\n\n3,c,d\n4,e,f,g\n5,"x\ny"\n',
    found: [
      "2: 1|NULL|NULL",
      '3: 2|"b"|NULL',
      "5: 3|c|d",
      "6: too_many_fields",
      '7: 5|"x\ny"|NULL',
    ],
  },
  {
    of: "surplus fields that are empty",
    options: { dropEmptySurplus: true },
    text: 'id,n\n1,a,\n2,"b",,,\n3,c,""\n4,d,"",x\n5,e, \n6\n7,"f"g,\n8,h\n',
    found: [
      "2: 1|a",
      '3: 2|"b"',
      "4: 3|c",
      "5: too_many_fields",
      "6: too_many_fields",
      "7: too_few_fields",
      "8: text_after_quote",
      "9: 8|h",
    ],
  },
  {
    of: "blanks around quotes",
    options: { blanksAroundQuotes: true },
    text: 'id, "n" ,o\n1, "a, b" , c\n2,\t"x ""y""", d \n3, "a" b,c\n4, ,"e" \n 5 ,f, "g" ',
    header: ["id", "n", "o"],
    found: [
      '2: 1|"a, b"| c',
      '3: 2|"x "y""| d ',
      "4: text_after_quote",
      '5: 4| |"e"',
      '6:  5 |f|"g"',
    ],
  },
  {
    of: "a number of fields without a header",
    options: { header: false, fields: 2 },
    text: "Report\n1,a\n2,b,c\n\n3,d\n",
    found: ["1: too_few_fields", "2: 1|a", "3: too_many_fields", "5: 3|d"],
  },
  {
    of: "a header that lacks its first name",
    options: { unnamedFields: "first", skipRepeatedHeaders: true },
    text: '"mpg","cyl"\n"Fiat, 128",1,4\n"mpg","cyl"\nVolvo,2,6\n3,5\n',
    header: ["", "mpg", "cyl"],
    found: ['2: "Fiat, 128"|1|4', "4: Volvo|2|6", "5: too_few_fields"],
  },
  {
    of: "a header that lacks its last names, above units",
    options: { unnamedFields: "last", skipAfterHeader: 1 },
    text: "id,n\nkg,m\n\n1,a,x,y",
    header: ["id", "n", "", ""],
    found: ["4: 1|a|x|y"],
  },
  {
    of: "a header that lacks nothing",
    options: { unnamedFields: "first" },
    text: "id,n\n1\n2,b\n",
    header: ["id", "n"],
    found: ["2: too_few_fields", "3: 2|b"],
  },
  {
    of: "escapes of COPY text",
    options: {
      backslashEscapes: true,
      quote: null,
      escape: null,
      delimiter: "|",
      endPattern: "^\\\\\\.$",
    },
    text: [
      "i\\|d|n\\x41\\101",
      "\\N|",
      'a\\tb\\\\N|"\\"\\',
      "x",
      "\\q\\x4g\\08|\\N\\",
      "\r\ny",
      "1|2|3",
      "z",
      "\\.",
      "1|2",
    ].join("\n").replace("\\\n\r\n", "\\\r\n"),
    header: ["i|d", "nAA"],
    found: [
      "2: NULL|",
      '3: a\tb\\N|""\nx',
      "5: q\x04g\x008|N\r\ny",
      "7: too_many_fields",
      "8: too_few_fields",
    ],
  },
  {
    of: "a header alone",
    options: { unnamedFields: "first" },
    text: "id,n",
    header: ["id", "n"],
    found: [],
  },
];

for (const { of, options, text, header, found } of CASES) {
  Deno.test(`a CSV file as it is found: ${of}`, () => {
    const file = read(text, options);
    if (header !== undefined) expect(file.header).toEqual(header);
    expect(told(text, file, { ...CSV, ...options })).toEqual(found);
  });
}

/** What was found, in the order of the file; offsets and raw records are checked on the way. */
function told(text: string, { records, malformed }: ReadFile, options: CsvOptions): string[] {
  const bytes = bytesOf(text);
  const lines = [
    ...records.map(({ line, offset, raw, fields, quoted }) => {
      expect(bytes.subarray(offset, offset + bytesOf(raw).length)).toEqual(bytesOf(raw));
      const few = nullsOf(raw, options);
      const shown = fields.map((field, f) => few[f] ? "NULL" : quoted[f] ? `"${field}"` : field);
      return [line, `${line}: ${shown.join("|")}`] as const;
    }),
    ...malformed.map(({ line, code }) => [line, `${line}: ${code}`] as const),
  ];
  return lines.sort(([a], [b]) => a - b).map(([, each]) => each);
}

/** Which fields are NULL in a record that is read alone, as a replay reads it. */
function nullsOf(raw: string, options: CsvOptions): boolean[] {
  const names = options.padShortRecords ? ["a", "b", "c"] : null;
  const batch = openReplay(options, names, { columns: [], others: "count" }).read(bytesOf(raw));
  expect(batch.malformed).toEqual([]);
  return Array.from({ length: batch.width }, (_, f) => (batch.flags[f] & NULL) !== 0);
}

Deno.test("a record that sets the number of fields and cannot be read is told", async () => {
  const error = await failure(() =>
    Promise.resolve(read('id\n"a"b,c\n', { unnamedFields: "first" }))
  );
  expect(error).toMatchObject({ code: "source/malformed_header" });
  expect(error.message).toContain("line 2");
});

Deno.test("the last lines are held back whatever the file, and however it comes", () => {
  const random = randomFrom(testSeed("footers"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  for (let round = 0; round < 300; round++) {
    const lineEnd = pick(["\n", "\r\n", "\r"]);
    const rows = Array.from(
      { length: Math.floor(random() * 40) },
      (_, n) => `${n},${pick("abc".split(""))}`,
    );
    const footers = Array.from(
      { length: Math.floor(random() * 5) },
      () => pick(["TOTAL", '"', "1,2,3", " ", "x".repeat(90)]),
    );
    const text = ["id,n", ...rows, ...footers].join(lineEnd) +
      lineEnd.repeat(Math.floor(random() * 3));
    const bytes = bytesOf(text);
    const places = Array.from({ length: 6 }, () => Math.floor(random() * bytes.length));
    const options = { ...CSV, skipFooter: footers.length, padShortRecords: random() < 0.5 };
    const splitter = random() < 0.5 ? kernel() : undefined;
    const { records, malformed } = readRecords(split(bytes, places), options, splitter);
    expect(malformed).toEqual([]);
    expect(records.map(({ raw }) => raw)).toEqual(rows);
  }
});

Deno.test("a line longer than a record may be is never held back", () => {
  const reader = openReader({ ...CSV, skipFooter: 1, maxRecordBytes: 1024 });
  reader.push(bytesOf("id,n\n1,a\n"));
  const codes: string[] = [];
  for (let part = 0; part < 100; part++) {
    const batch = reader.push(bytesOf("x".repeat(1000)));
    codes.push(...batch?.malformed.map(({ code }) => code) ?? []);
  }
  expect(codes).toEqual(["record_too_long"]);
});

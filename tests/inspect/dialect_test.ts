import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import { datedAddress, nameOf } from "../../src/inspect/address.ts";
import { workspace } from "../support/pipeline.ts";
import { profileOf, profileOfText } from "./support.ts";

const FILES: readonly (readonly [what: string, text: string, format: object, records: number])[] = [
  ["commas", "id,name\n1,a\n2,b\n", {}, 2],
  ["semicolons and decimal commas", "id;x\n1;1,5\n2;2,5\n", { delimiter: ";" }, 2],
  ["tabs with commas in them", "id\tx\n1\ta,b\n2\tc,d\n", { delimiter: "\t" }, 2],
  ["bars", "id|name\n1|a;b\n2|c\n", { delimiter: "|" }, 2],
  ["one column", "name\na\nb\n", {}, 2],
  ["one column with commas", "note\nHello, you\nnone\n", { delimiter: "\t" }, 2],
  ["delimiters in quotes", 'id,name\n1,"a;b;c"\n2,"d;e;f"\n', {}, 2],
  ["a header of Excel", "sep=;\nid;name\n1;a\n", { delimiter: ";", skip_lines: 1 }, 1],
  ["a title above", "Report of May\n\nid,name\n1,a\n2,b\n", { skip_lines: 2 }, 2],
  ["no header, numbers", "1,Anna\n2,Bob\n", { header: false }, 2],
  ["no header, texts that come again", "DE,Bonn\nDE,Jena\n", { header: false }, 2],
  [
    "a header that comes again",
    "code,name\nA,x\ncode,name\nB,y\n",
    { skip_repeated_headers: true },
    2,
  ],
  ["delimiters at the ends of rows only", "id,name\n1,a,\n2,b,\n", { drop_empty_surplus: true }, 2],
  ["blanks before quotes", 'id,name\n1, "a, b"\n2, "c"\n', { blanks_around_quotes: true }, 2],
  ["years as names", "country,2019,2020\nDE,1,2\nFR,3,4\n", {}, 2],
  ["a header alone", "id,name\n", {}, 0],
  ["escapes with backslashes", 'id,name\n1,"say \\"hi\\", ok"\n', { escape: "\\" }, 1],
  ["quotes that mean nothing", 'id,name\n1,a\n2,"b\n3,c"d\n', { quote: null }, 3],
  ["single quotes", "id,name\n'1','a,b'\n'2','c'\n", { quote: "'" }, 2],
  ["an N for NULL", "id,name\n1,\\N\n2,\n", { null_values: ["\\N"] }, 2],
  ["carriage returns", "id,name\r1,a\r2,b\r", {}, 2],
  ["a byte order mark", "\ufeffid,name\n1,a\n", {}, 1],
];

for (const [what, text, format, records] of FILES) {
  Deno.test(`a CSV file with ${what} is recognised`, async () => {
    const profile = await profileOfText(text);
    expect(profile.format).toEqual({ type: "csv", ...format });
    expect({ records: profile.records, unreadable: profile.unreadable }).toEqual({
      records,
      unreadable: 0,
    });
  });
}

Deno.test("a compressed file is read as what is in it", async () => {
  const profile = await profileOfText(gzipSync("id;name\n1;a\n"), "in.csv.gz");
  expect(profile.format).toEqual({ type: "csv", delimiter: ";" });
});

const REFUSED: readonly (readonly [what: string, bytes: string | Uint8Array, code: string])[] = [
  ["an empty file", "", "source/empty_file"],
  ["blanks alone", "  \n\n", "source/empty_file"],
  ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x69, 0, 0x2c, 0), "source/wrong_encoding"],
  ["a Parquet file that was cut", "PAR1\0\0\0\0", "source/corrupt_parquet"],
  ["an Arrow file", "ARROW1\0\0\0\0", "source/other_format"],
  ["an HTML page", "<!doctype html><html></html>", "source/other_format"],
  ["no record that can be read", "a,b\n1,2,3\n4,5,6,7\n", "source/no_readable_record"],
];

for (const [what, bytes, code] of REFUSED) {
  Deno.test(`${what} is refused with what it is`, async () => {
    await expect(profileOfText(bytes)).rejects.toMatchObject({ code });
  });
}

const ADDRESSES: readonly (readonly [
  address: string,
  name: string,
  dated: readonly [by: string, partition: string, template: string] | null,
])[] = [
  ["data/Orders.csv", "orders", null],
  ["yellow_tripdata_2021-01.csv.gz", "yellow_tripdata", [
    "month",
    "2021-01",
    "yellow_tripdata_{month}.csv.gz",
  ]],
  ["https://h/d/2021/03/15/log.csv?x=2020-01", "log", [
    "day",
    "2021-03-15",
    "https://h/d/{day:yyyy/MM/dd}/log.csv?x=2020-01",
  ]],
  ["sales20210131.csv", "sales", ["day", "2021-01-31", "sales{day:yyyyMMdd}.csv"]],
  ["report_2021.csv", "report", ["year", "2021", "report_{year}.csv"]],
  ["a/2021-02-30.csv", "data", ["month", "2021-02", "a/{month}-30.csv"]],
  ["order 12345678.csv", "order_12345678", null],
  ["https://h/Zo%C3%AB%20x.csv", "zoe_x", null],
];

for (const [address, name, dated] of ADDRESSES) {
  Deno.test(`the address ${address} has a name${dated === null ? "" : " and a date"}`, () => {
    expect(nameOf(address)).toBe(name);
    const found = datedAddress(address);
    expect(found === null ? null : [found.by, found.partition, found.template]).toEqual(dated);
  });
}

Deno.test("several files of one source are one set of columns, by their names", async () => {
  using files = workspace({
    "a.csv": "id,name\n1,x\n",
    "b.csv": "name,id,more\ny,2.5,z\n",
  });
  const { fields, records } = await profileOf(`${files.folder}/*.csv`);
  expect(records).toBe(2);
  expect(fields.map(({ name, type, empty }) => [name, type, empty])).toEqual([
    ["id", "numeric", 0],
    ["name", "text", 0],
    ["more", "text", 1],
  ]);
});

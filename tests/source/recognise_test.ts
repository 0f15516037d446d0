import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import type { SourcePlan } from "../../src/plan/load_plan.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { answerFile, serveHttp } from "../support/http_server.ts";
import { traitsOf } from "../../src/source/formats/mod.ts";
import { refuseOthers } from "../../src/source/recognise.ts";
import {
  bytesOf,
  CSV,
  failure,
  fetchAll,
  planFor,
  randomFrom,
  testContext,
  testSeed,
} from "./support.ts";

/** A text in UTF-16 or UTF-32. */
function wide(text: string, size: 2 | 4, isLittle: boolean, mark = ""): Uint8Array<ArrayBuffer> {
  const points = [...mark + text].map((character) => character.codePointAt(0)!);
  const view = new DataView(new ArrayBuffer(points.length * size));
  points.forEach((point, i) => {
    if (size === 2) view.setUint16(i * 2, point, isLittle);
    else view.setUint32(i * 4, point, isLittle);
  });
  return new Uint8Array(view.buffer);
}

function binary(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function load(
  bytes: Uint8Array<ArrayBuffer>,
  format: Partial<CsvOptions> = {},
  name = "in.csv",
  change: Partial<SourcePlan> = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/${name}`, bytes);
    const plan = planFor(`${folder}/${name}`, { format: { ...CSV, ...format }, ...change });
    return await fetchAll(plan, testContext());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TABLE = "id,name\r\n1,Zoë\r\n2,日本\r\n";
const CJK = "编号,名称\r\n一,中文文本很长很长很长很长\r\n";
const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const ZIP = "PK\x03\x04\x14\0\0\0\x08\0";

const WIDE: readonly (readonly [says: string, hint: string, bytes: Uint8Array<ArrayBuffer>])[] = [
  ...[TABLE, CJK, "a\n1\n", "id;name\n"].flatMap((text) => {
    const mark = "\ufeff";
    return [
      ["is UTF-16", "iconv -f UTF-16LE", wide(text, 2, true, mark)],
      ["is UTF-16", "iconv -f UTF-16BE", wide(text, 2, false, mark)],
      ["is UTF-32", "iconv -f UTF-32LE", wide(text, 4, true, mark)],
      ["is UTF-32", "iconv -f UTF-32BE", wide(text, 4, false, mark)],
      ["is UTF-16", "iconv -f UTF-16LE", wide(text, 2, true)],
      ["is UTF-16", "iconv -f UTF-16BE", wide(text, 2, false)],
      ["is UTF-32", "iconv -f UTF-32LE", wide(text, 4, true)],
      ["is UTF-32", "iconv -f UTF-32BE", wide(text, 4, false)],
    ] as const;
  }),
];

Deno.test("openSource names texts of two and four bytes a character, with a mark and without", async () => {
  for (const [says, hint, bytes] of WIDE) {
    for (const packed of [bytes, gzip(bytes)]) {
      const error = await failure(() => load(packed));
      expect(error).toMatchObject({ code: "source/wrong_encoding" });
      expect(error.message).toContain(says);
      expect(error.hint).toContain(hint);
    }
  }
});

const OTHERS: readonly (readonly [
  says: string,
  hint: string,
  bytes: string,
  format?: Partial<CsvOptions>,
  name?: string,
])[] = [
  ["a Parquet file", "format: parquet", "PAR1\x15\x04\x15\x10\x15\x14L\x15\x02"],
  ["a Parquet file", "format: parquet", `PAR1${"\0".repeat(48)}PAR1`],
  ["an ORC file", "DuckDB", "ORC\n\x0b\n\x03\0\0\0"],
  ["a Feather file", "DuckDB", "FEA1\0\0\0\0"],
  ["an Avro file", "DuckDB", "Obj\x01\x04\x16avro.schema"],
  ["an Arrow file", "DuckDB", "ARROW1\0\0\xff\xff"],
  ["an SQLite database", "DuckDB", "SQLite format 3\0\x10\0"],
  ["an Excel workbook", "format: xlsx", `${ZIP}[Content_Types].xml`],
  ["called an Excel workbook", "called `.zip`", `${ZIP}in.csv`, {}, "in.xlsx"],
  [
    "an OpenDocument spreadsheet",
    "CSV UTF-8",
    `${ZIP}mimetypeapplication/vnd.oasis.x`,
    {},
    "a.ods",
  ],
  ["(.xls)", "CSV UTF-8", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"],
  ["a 7-Zip archive", "Unpack", "7z\xbc\xaf\x27\x1c\0\x04"],
  ["a RAR archive", "Unpack", "Rar!\x1a\x07\x01\0"],
  ["a tar archive", "Unpack", `in.csv${"\0".repeat(251)}ustar\0`],
  ["a PDF document", "browser", "%PDF-1.7\n%\xe2\xe3\n"],
  ["COPY BINARY", "format csv", "PGCOPY\n\xff\r\n\0\0\0\0\0"],
  ["a dump of pg_dump", "pg_restore", "PGDMP\x01\x0e\0"],
  ["a PNG picture", "browser", "\x89PNG\r\n\x1a\n"],
  ["an HTML page", "browser", "<!DOCTYPE html>\n<html><body>Log in, please</body></html>"],
  ["an HTML page", "browser", "\n  <HTML lang=en>\n<head>"],
  ["an HTML page", "browser", "<!-- made by x -->\n<html>\n"],
  ["an HTML page", "browser", "<!doctype HTML>\n", { header: false }],
  ["XML", "browser", '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'],
  ["JSON", "format: json", '[{"id":1,"name":"a"},{"id":2,"name":"b"}]\n'],
  ["JSON", "format: ndjson", '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n'],
  ["JSON", "path: $.items", '{\n  "error": "not logged in"\n}'],
  [
    "Git LFS",
    "git lfs pull",
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n",
  ],
  ["git-annex", "git annex get", "/annex/objects/MD5E-s6--b1.csv\n"],
  ["`sep=;`", 'delimiter: ";", skip_lines: 1', "sep=;\r\nid;name\r\n1;a\r\n", { delimiter: ";" }],
  ["`sep=;`", 'has "," now', "sep=;\nid;name\n"],
  ["`sep=,`", 'delimiter: ",", skip_lines: 1', "SEP=,\nid,name\n"],
];

Deno.test("openSource names files of other formats", async () => {
  for (const [says, hint, text, format, name] of OTHERS) {
    for (const mark of says.includes("HTML") ? ["", "\xef\xbb\xbf"] : [""]) {
      const error = await failure(() => load(binary(mark + text), format, name));
      expect([text, error.code]).toEqual([text, "source/other_format"]);
      expect(error.message).toContain(says);
      expect(error.hint).toContain(hint);
    }
  }
});

Deno.test("openSource names what is compressed twice, or not decompressed", async () => {
  const packed = gzip(bytesOf(TABLE));
  for (
    const work of [() => load(gzip(packed)), () => load(packed, {}, "x", { compression: "none" })]
  ) {
    const error = await failure(work);
    expect(error).toMatchObject({ code: "source/other_format" });
    expect(error.message).toContain("still compressed, with gzip");
    expect(error.hint).toMatch(
      /^It was compressed twice, or the pipeline has `compression: none`: run `gunzip` once$/,
    );
  }
});

const VALID: readonly (readonly [text: string, format?: Partial<CsvOptions>])[] = [
  [""],
  ["a"],
  ["\n"],
  [TABLE],
  ["\ufeff" + TABLE],
  [CJK],
  ["值\n一\n二\n"],
  ["name\nZoë\n"],
  ["PK,name\n1,a\n"],
  ["PAR1,PAR2\n1,2\n"],
  ["PAR1\n1\n"],
  ["ORCHID,n\nx,1\n"],
  ["ORC\x01n\nx\x011\n", { delimiter: "\x01" }],
  ["BZh9,Obj,7z,Rar!\n1,2,3,4\n"],
  ["BZh\n1\n"],
  ["GIF89a,%PDF\n1,2\n"],
  ["version,oid,size\n1,2,3\n"],
  ["<TICKER>,<PER>,<DATE>\nSBER,D,20210101\n"],
  ["[id],[name]\n1,a\n"],
  ["{id},{name}\n1,a\n"],
  ["<html_id>,name\n1,a\n"],
  ["sep,name\n1,a\n"],
  ["sep=;x,name\n1,a\n"],
  ['json\n{"a":1}\n'],
  ['{"a":1}\n{"b":2}\n', { header: false }],
  ["<html>\n<body>\n", { header: false, quote: null, escape: null }],
  ["sep=;\nid;name\n1;a\n", { delimiter: ";", skipLines: 1 }],
  ["<!DOCTYPE html>\nid,name\n1,a\n", { skipLines: 1 }],
  ["id,name\n1,a\0b\n2,c\0\0\n"],
  ["id\n1\0\n2\0\n3\0\n"],
  ["id,n\n1,\0\n2,\0\n"],
];

Deno.test("openSource takes no CSV for anything else", async () => {
  for (const [text, format] of VALID) {
    for (const packed of [bytesOf(text), gzip(bytesOf(text))]) {
      expect([text, (await load(packed, format)).bytes]).toEqual([text, bytesOf(text)]);
    }
  }
});

Deno.test("openSource takes no NUL bytes in UTF-8 for characters of two bytes", () => {
  const random = randomFrom(testSeed("recognise_test"));
  const texts = ["a", "12", "", "x\0", "\0x", "é\0\0"];
  for (let round = 0; round < 20_000; round++) {
    let text = "id,n\n";
    for (let line = Math.floor(random() * 6); line >= 0; line--) {
      text += `${line},${texts[Math.floor(random() * texts.length)]}\n`;
    }
    refuseOthers(bytesOf(text), traitsOf(CSV), { shown: "in.csv", contentType: null });
  }
});

const ANSWERS:
  readonly (readonly [type: string, text: string, refused: boolean, header?: false])[] = [
    ["text/html; charset=utf-8", "<div>Please log in</div>", true],
    ["text/html", "\n<p>Gone</p>", true],
    ["text/html", "Please log in", true, false],
    ["application/json", '{"error": "x"}', true],
    ["application/problem+json", "[ ]", true],
    ["application/xml", "<Error><Code>NoSuchKey</Code></Error>", true],
    ["application/soap+xml", "<s:Envelope>", true],
    // What the text itself shows not to be so.
    ["text/html", TABLE, false],
    ["text/html", "<TICKER>,<PER>\nSBER,D\n", false],
    ["application/json", '"id","name"\n1,a\n', false],
    ["text/html", "", false, false],
    ["application/vnd.ms-excel", TABLE, false],
    ["text/csv", TABLE, false],
    ["text/plain", "1,a\n", false, false],
    ["application/octet-stream", "1,a\n", false, false],
  ];

Deno.test("openSource refuses an answer that the server calls another kind, if it may be one", async () => {
  for (const [type, text, refused, header = true] of ANSWERS) {
    await using server = serveHttp((request) => {
      const answer = answerFile(request, { body: bytesOf(text) });
      return { ...answer, headers: { ...answer.headers, "content-type": type } };
    });
    const plan = planFor(`${server.origin}/in.csv`, { format: { ...CSV, header } });
    const got = fetchAll(plan, testContext());
    if (!refused) {
      expect((await got).bytes).toEqual(bytesOf(text));
      continue;
    }
    const error = await failure(() => got);
    expect([type, text, error.code]).toEqual([type, text, "source/other_format"]);
    expect(error.message).toMatch(/HTML|JSON|XML/);
  }
});

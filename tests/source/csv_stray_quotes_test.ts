import { parse } from "packages/csv-parse-sync.ts";
import { expect } from "packages/expect.ts";
import { CsvScanner } from "../../src/source/formats/csv/scanner.ts";
import type { CsvOptions } from "../../src/spec/formats/csv.ts";
import { type ReadFile, readRecords, split } from "./read_records.ts";
import { bytesOf, CSV, randomFrom, testSeed } from "./support.ts";

/** A record or a reject: the line it starts on, and its text. */
interface Piece {
  readonly line: number;
  readonly raw: string;
  readonly isRecord: boolean;
}

/**
 * The slow, obvious reader: at each line it tries to read a record, and where that is malformed and
 * spans lines, the line alone is the reject.
 */
function oracle(text: string, width: number, options: CsvOptions): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0, line = 1; at < text.length; line++) {
    const { end, isRecord } = recordAt(text, at, width, options);
    const lines = text.slice(at, end).split(LINE_END);
    const raw = isRecord ? text.slice(at, end) : lines[0];
    const isComment = options.comment !== null && raw.startsWith(options.comment);
    if (!isComment && (raw !== "" || width === 1)) pieces.push({ line, raw, isRecord });
    if (isRecord) line += lines.length - 1;
    at += raw.length;
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return pieces;
}

const LINE_END = /\r\n|\n|\r/;

function recordAt(
  text: string,
  from: number,
  width: number,
  { delimiter, quote, escape, comment }: CsvOptions,
): { end: number; isRecord: boolean } {
  const endsField = (at: number) =>
    at >= text.length || text[at] === delimiter || text[at] === "\n" || text[at] === "\r";
  let isRecord = true;
  let fields = 0;
  for (let at = from;; at++) {
    if (text[at] === quote && text[from] !== comment) {
      at++;
      while (at < text.length && text[at] !== quote || isEscape(at)) at += isEscape(at) ? 2 : 1;
      if (at >= text.length) return { end: text.length, isRecord: false };
      at++;
      if (!endsField(at)) isRecord = false;
    }
    while (!endsField(at)) at++;
    fields++;
    if (text[at] !== delimiter) return { end: at, isRecord: isRecord && fields === width };
  }

  function isEscape(at: number): boolean {
    return text[at] === escape && (text[at + 1] === quote || text[at + 1] === escape);
  }
}

const DIALECTS: readonly Partial<CsvOptions>[] = [
  {},
  { delimiter: ";", quote: "'", escape: "'" },
  { delimiter: "|", escape: "\\" },
  { comment: "#" },
];

type Random = () => number;

/** Valid CSV of `width` fields, its header first, as a list of lines and line ends. */
function validFile(random: Random, { delimiter, quote, escape }: CsvOptions, width: number) {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const ends = pick([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]);
  const quoted = random();
  let text = Array.from({ length: width }, (_, f) => `h${f}`).join(delimiter) + pick(ends);
  const records = 1 + Math.floor(random() * 25);
  for (let record = 0; record < records; record++) {
    const fields = Array.from({ length: width }, () => {
      const value = pick(["", "a", "12", "x y", "é", "日本", "5 in"]);
      if (random() > quoted) return value;
      const more = pick(["", "", "", delimiter, quote!, escape!, pick(ends), `${quote}${quote}`]);
      const inside = [...value + more].map((c) => c === quote || c === escape ? escape + c : c);
      return `${quote}${inside.join("")}${quote}`;
    });
    text += fields.join(delimiter) + (record < records - 1 || random() < 0.7 ? pick(ends) : "");
  }
  return text;
}

/** Puts quotes where they do not belong, and takes some away, but not in the header. */
function strayQuotes(random: Random, text: string, { delimiter, quote, escape }: CsvOptions) {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const from = text.search(/[\r\n]/) + 1;
  const places = (of: RegExp, after: number) =>
    [...text.matchAll(of)].map(({ index }) => index + after).filter((at) => at > from);
  const kinds: readonly (() => [at: number, removed: number, added: string])[] = [
    () => [from + Math.floor(random() * (text.length - from)), 0, quote!],
    () => [pick(places(/[;,|]/g, 1)) ?? text.length, 0, quote!],
    () => [pick(places(/[;,|]/g, 0)) ?? text.length, 0, quote!],
    () => [pick(places(/[\r\n]/g, 0)) ?? text.length, 0, quote!],
    () => [pick(places(/[\r\n]./g, 1)) ?? text.length, 0, quote!],
    () => [pick(places(/["']/g, 0)) ?? text.length, 1, ""],
    () => [pick(places(/["']/g, 1)) ?? text.length, 0, pick([quote!, " ", "x", escape!])],
    () => [pick(places(/[;,|]/g, 1)) ?? text.length, 0, ` ${quote}a b${quote}`],
    () => [pick(places(/[;,|]/g, 1)) ?? text.length, 0, `${quote}${delimiter}${quote}`],
    () => [pick(places(/[;,|]/g, 1)) ?? text.length, 0, delimiter],
  ];
  const times = pick([1, 1, 2, 3, 10]);
  for (let n = 0; n < times; n++) {
    const [at, removed, added] = pick(kinds)();
    text = text.slice(0, at) + added + text.slice(at + removed);
  }
  return text;
}

/** What was read, in the order of the file; records and rejects. */
function piecesOf({ records, malformed }: ReadFile): Piece[] {
  return [
    ...records.map(({ line, raw }) => ({ line, raw, isRecord: true })),
    ...malformed.map(({ line, raw }) => ({ line, raw, isRecord: false })),
  ].sort((a, b) => a.line - b.line);
}

Deno.test("a malformed record costs its first line, whatever stray quotes are where", () => {
  const random = randomFrom(testSeed("csv_stray_quotes_test"));
  let lost = 0;
  for (let round = 0; round < 3_000; round++) {
    const options = { ...CSV, ...DIALECTS[round % DIALECTS.length] };
    const width = 1 + Math.floor(random() * 5);
    const text = strayQuotes(random, validFile(random, options, width), options);
    const body = text.slice(LINE_END.exec(text)!.index).replace(/^(\r\n|\n|\r)/, "");
    const expected = oracle(body, width, options)
      .map((piece) => ({ ...piece, line: piece.line + 1 }));
    const bytes = bytesOf(text);
    const whole = readRecords([bytes], options);
    expect(piecesOf(whole)).toEqual(expected);
    const places = Array.from({ length: 3 }, () => Math.floor(random() * bytes.length));
    expect(readRecords(split(bytes, places), options)).toEqual(whole);
    for (const { raw, fields } of whole.records.slice(0, 3)) {
      // Of an escape outside quotes that peer makes nothing.
      if (raw === "" || options.quote !== options.escape) continue;
      const [peer] = parse(raw, {
        delimiter: options.delimiter,
        quote: options.quote,
        escape: options.escape,
        record_delimiter: ["\r\n", "\n", "\r"],
        relax_quotes: true,
      }) as unknown as string[][];
      expect(fields).toEqual(peer);
    }
    lost += whole.malformed.length;
  }
  expect(lost).toBeGreaterThan(2_000);
});

/** Bad lines by number, and what is told of each; all other lines are loaded. */
const CASES: readonly (readonly [text: string, width: number, bad: Record<number, string>])[] = [
  ['1,a,x\n2,"b,y\n3,c,z\n4,d,w\n5,"e" f,u\n6,g,t\n', 3, {
    2: "A quote that opens here is closed on line 6, where text follows it",
    5: "Text follows a closing quote",
  }],
  ['1,"a\n2,b\n3,"c\n4,d\n5,"e\n', 2, {
    1: "A quote that opens here is closed on line 4, where text follows it",
    3: "A quote that opens here is closed on line 6, where text follows it",
    5: "The quote that opens a field is never closed",
  }],
  ['1,"a,x\n2,b,y"\n3,c,z\n', 3, { 1: "2 fields where 3 are expected, from here to line 3" }],
  ['1,"a" b,"x\n2,b,y\n3,c,z"\n', 3, { 1: "Text follows a closing quote" }],
  ['1,a,x,"y\n2,b,y\n3,c,z"\n', 3, { 1: "More than 3 fields, from here to line 2" }],
];

Deno.test("a malformed record that spans lines tells where it went wrong", () => {
  for (const [text, width, bad] of CASES) {
    const header = Array.from({ length: width }, (_, f) => `h${f}`).join(",");
    const { records, malformed } = readRecords([bytesOf(`${header}\n${text}`)], CSV);
    expect(Object.fromEntries(malformed.map(({ line, message }) => [line - 1, message])))
      .toEqual(bad);
    const lines = text.trimEnd().split("\n");
    expect(records.map(({ raw }) => raw)).toEqual(lines.filter((_line, n) => !(n + 1 in bad)));
  }
});

Deno.test("a stray quote in each line: time grows with the file only", () => {
  const random = randomFrom(testSeed("csv_stray_quotes_test lines"));
  const numbered = (line: (n: number) => string) =>
    "a,b,c\n" + Array.from({ length: 40_000 }, (_, n) => line(n)).join("");
  const files: Record<string, readonly [text: string, times: number]> = {
    "opened in each": [numbered((n) => `${n},"b,c\n`), 4],
    "closed in each": [numbered((n) => `${n},b",c\n`), 2],
    "opened in one of a hundred": [numbered((n) => `${n},${n % 100 ? "" : '"'}b,c\n`), 4],
    "opened, and others closed well": [numbered((n) => `${n},"b,"c"\n`), 4],
    "opened, and empty ones after it": [numbered((n) => `${n},${n ? "" : '"'}b,""\n`), 4],
    "anywhere": [
      numbered((n) => {
        const line = `${n},b,"c"`;
        const at = Math.floor(random() * line.length);
        return `${line.slice(0, at)}"${line.slice(at)}\n`;
      }),
      4,
    ],
    // Each of these lines closes a quote and opens another: the worst, once for each field.
    "closed and opened in each": [numbered(() => '6","\n'), 5],
  };
  for (const [name, [text, times]] of Object.entries(files)) {
    const bytes = bytesOf(text);
    for (const chunk of [1 << 16, 1 << 20]) {
      const { bytesScanned, pieces } = scanned(bytes, chunk);
      // Where two quotes stand right by chance, lines between them are a value.
      if (name !== "anywhere") expect([name, pieces]).toEqual([name, 40_000]);
      else expect(pieces).toBeGreaterThan(38_000);
      if (bytesScanned > times * bytes.length) {
        throw new Error(`${name}: each byte was read ${bytesScanned / bytes.length} times`);
      }
    }
  }
});

/** Reads a file of lines, of which each is a record or a reject. */
function scanned(bytes: Uint8Array, chunk: number) {
  const scanner = new CsvScanner({
    delimiter: 0x2c,
    quote: 0x22,
    escape: 0x22,
    comment: -1,
    skipLines: 0,
    skipEmptyFirst: true,
    maxRecordBytes: 1 << 20,
  });
  let pieces = 0;
  const scan = () => {
    const fields = scanner.scan();
    if (fields === 0) return;
    scanner.setWidth(fields, false);
    scanner.scan();
  };
  for (let at = 0; at < bytes.length; at += chunk) {
    scanner.append(bytes.subarray(at, at + chunk));
    scan();
    pieces += scanner.batch.count + scanner.batch.malformed.length;
  }
  scanner.append(new Uint8Array(0));
  do {
    scan();
    scanner.end();
    scan();
  } while (!scanner.isDone);
  pieces += scanner.batch.count + scanner.batch.malformed.length;
  return { bytesScanned: scanner.bytesScanned, pieces };
}

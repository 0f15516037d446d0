import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { RecordBatch } from "../../src/rows/record_batch.ts";
import type { Wanted } from "../../src/source/formats/format.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import { buildFormat, formatSchema } from "../../src/spec/formats/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { jsonField, split } from "./read_records.ts";
import { bytesOf, randomFrom, testSeed } from "./support.ts";

const ALL: Wanted = { columns: [], others: "read" };

interface Read {
  readonly header: readonly string[];
  readonly rows: Record<string, string>[];
  readonly lines: number[];
  readonly raws: string[];
  readonly places: string[];
  readonly offsets: number[];
  readonly malformed: string[];
  /** Bytes of the largest buffer. */
  readonly most: number;
}

function read(
  chunks: Iterable<Uint8Array>,
  options: Record<string, unknown> = {},
  wanted: Wanted = ALL,
): Read {
  const format = buildFormat(formatSchema.parse({ type: "json", ...options }));
  const reader = openReader(format, wanted);
  const found = { lines: [], raws: [], places: [], offsets: [], malformed: [] } as {
    [K in "lines" | "raws" | "places" | "offsets" | "malformed"]: Read[K];
  };
  const rows: Record<string, string>[] = [];
  let most = 0;
  function take(batch: RecordBatch | null) {
    if (batch === null) return;
    most = Math.max(most, batch.bytes.length);
    for (let r = 0; r < batch.count; r++) {
      found.lines.push(batch.lines[r]);
      found.offsets.push(batch.base + batch.recordStarts[r]);
      found.places.push(batch.place?.(r, 0) ?? "");
      found.raws.push(
        new TextDecoder().decode(batch.bytes.slice(batch.recordStarts[r], batch.recordEnds[r])),
      );
      rows.push(Object.fromEntries(
        reader.header!.flatMap((name, f) => {
          const text = jsonField(batch, r, f);
          return text === "-" ? [] : [[name, text]];
        }),
      ));
    }
    found.malformed.push(
      ...batch.malformed.map(({ line, code, message }) =>
        `${line} ${code} ${/\(([^()]*)\)$/.exec(message)?.[1]}`
      ),
    );
  }
  for (const chunk of chunks) {
    const lent = chunk.slice();
    take(reader.push(lent));
    lent.fill(0x21);
  }
  take(reader.finish());
  return { header: reader.header!, rows, most, ...found };
}

/** The error of a text, which has one. */
function faultOf(text: string | Uint8Array, options: Record<string, unknown> = {}): SluiceError {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const faults = [[], Array.from({ length: bytes.length }, (_, at) => at)].map((places) => {
    try {
      read(split(bytes, places), options);
    } catch (error) {
      if (error instanceof SluiceError) return error;
      throw error;
    }
    throw new Error(`No fault in ${text}`);
  });
  // The same wherever the bytes are cut.
  expect(faults[0].toJSON()).toEqual(faults[1].toJSON());
  return faults[0];
}

Deno.test("json reads the items of a list as JSON.parse does, wherever the bytes are cut", () => {
  const random = randomFrom(testSeed("json_test"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const blank = () => pick(["", "", " ", "\n", "\r\n\t"]);
  const strings = ["", "a", "ünï", "𝄞", 'q"b\\n', "]}", "[{", "\\", '\\"', "a,b", "\u2028"];
  const numbers = ["0", "-0", "1.50", "1e400", "123456789012345678901234567890", "-12E-3"];
  function value(depth: number): string {
    const kind = random();
    if (kind < 0.4 || depth > 3) return pick([...numbers, "true", "false", "null"]);
    if (kind < 0.7) return JSON.stringify(pick(strings));
    const parts = Array.from(
      { length: Math.floor(random() * 3) },
      (_, n) =>
        blank() + (kind < 0.85 ? "" : `${JSON.stringify(`k${n}`)}${blank()}:${blank()}`) +
        value(depth + 1) + blank(),
    );
    return kind < 0.85 ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
  }
  for (let round = 0; round < 300; round++) {
    const items: { text: string; code: string | null }[] = [];
    for (let n = Math.floor(random() * 6); n > 0; n--) {
      if (random() < 0.25) {
        const [text, code] = pick([
          ['{"a":01}', "malformed_json"],
          ['{"a" 1}', "malformed_json"],
          ['{"a":"\\x"}', "malformed_json"],
          ['{"a":[1,]}', "malformed_json"],
          ["nul", "malformed_json"],
          ["-", "malformed_json"],
          ["12", "not_an_object"],
          ['"a,]"', "not_an_object"],
          ["[{}]", "not_an_object"],
          ['{"b":1,"b":null}', "repeated_key"],
        ]);
        items.push({ text, code });
        continue;
      }
      const members = ["a", "b", 'k"]', "é"].filter(() => random() < 0.6).map((name) =>
        `${blank()}${JSON.stringify(name)}${blank()}:${blank()}${value(0)}${blank()}`
      );
      items.push({ text: `{${members.join(",")}}`, code: null });
    }
    let document = "[";
    const starts: number[] = [];
    items.forEach(({ text }, n) => {
      document += (n > 0 ? "," : "") + blank();
      starts.push(document.length);
      document += text + blank();
    });
    document += `${blank()}]`;
    const steps = pick([[], ["data"], ["data", "items"], ["a", 1, "b c"]]) as (string | number)[];
    const beside = () => (random() < 0.5 ? "" : `"x${Math.floor(random() * 1e6)}":${value(0)},`);
    let offset = 0;
    for (const step of [...steps].reverse()) {
      const before = typeof step === "number"
        ? `[${`${value(1)},`.repeat(step)}`
        : `{${beside()}${JSON.stringify(step)}:${blank()}`;
      offset += before.length;
      document = `${before}${document}${blank()}` +
        (typeof step === "number" ? `,${value(0)}]` : random() < 0.5 ? "}" : `,"z":${value(0)}}`);
    }
    const lead = (random() < 0.3 ? "\ufeff" : "") + blank();
    document = lead + document + blank();
    offset += lead.length;
    const path = "$" + steps.map((step) => `[${JSON.stringify(step)}]`).join("") +
      pick(["", "[*]"]);
    const file = bytesOf(document);
    const found = read(
      split(
        file,
        Array.from({ length: Math.floor(random() * 8) }, () => Math.floor(random() * file.length)),
      ),
      { path },
    );
    const good = items.flatMap(({ text, code }, n) => code === null ? [{ text, n }] : []);
    expect(found.raws).toEqual(good.map(({ text }) => text));
    const lineAt = (n: number) => document.slice(0, offset + starts[n]).split("\n").length;
    expect(found.lines).toEqual(good.map(({ n }) => lineAt(n)));
    expect(found.offsets).toEqual(
      good.map(({ n }) => bytesOf(document.slice(0, offset + starts[n])).length),
    );
    const shown = found.places[0]?.replace(/\[\d+\]$/, "") ?? "";
    expect(found.places).toEqual(good.map(({ n }) => `${shown}[${n}]`));
    expect(found.malformed.map((each) => each.split(" ").slice(0, 2).join(" ")))
      .toEqual(items.flatMap(({ code }, n) => code === null ? [] : [`${lineAt(n)} ${code}`]));
    found.rows.forEach((row, r) => {
      const expected = JSON.parse(found.raws[r]) as Record<string, unknown>;
      expect(Object.keys(row).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, text] of Object.entries(row)) {
        expect(JSON.parse(text)).toEqual(expected[name]);
        expect(found.raws[r].includes(text) || text.startsWith('"')).toBe(true);
      }
    });
  }
});

Deno.test("json names what is wrong with a document, and the place, wherever it is cut", () => {
  const list = '[\n {"a": 1},\n {"a": 2}\n]';
  for (
    const [text, code, says, line, options] of [
      ["", "source/empty_file", "before its JSON begins", undefined],
      [" \n", "source/empty_file", "before its JSON begins", undefined],
      [list.slice(0, -1), "source/corrupt_json", "inside the list", 4],
      [list.slice(0, -3), "source/corrupt_json", "inside an item", 3],
      [list.slice(0, 9), "source/corrupt_json", "inside an item", 2],
      ['[{"a": "x]', "source/corrupt_json", "at $[0], inside an item", 1],
      [`${list} x`, "source/corrupt_json", 'expected the end of the document, found "x"', 4],
      [`${list}\n${list}`, "source/corrupt_json", 'found "["', 5],
      ['[{"a": 1} {"a": 2}]', "source/corrupt_json", 'behind $[0]: expected "," or "]"', 1],
      ['[{"a": 1},]', "source/corrupt_json", 'expected an item, found "]"', 1],
      ["[,1]", "source/corrupt_json", 'expected an item, found ","', 1],
      ['[{"a": 1]', "source/corrupt_json", 'expected "}", found "]"', 1],
      ['[{"a":[1}]}, {"a": 2}]', "source/corrupt_json", 'expected "}", found "]"', 1],
      ['{"a": 1}', "source/no_json_list", "stands an object: expected a list", 1],
      ['{"a": null}', "source/no_json_list", "stands null", 1, { path: "$.a" }],
      ['{"a": "[]"}', "source/no_json_list", "stands a string", 1, { path: "$.a" }],
      ["12", "source/no_json_list", "stands a number", 1],
      ['{"a": [1]}', "source/no_json_list", 'Nothing stands at "$.b"', 1, { path: "$.b" }],
      ['{"a": {"c": []}}', "source/no_json_list", 'Nothing stands at "$.a.b"', 1, {
        path: "$.a.b",
      }],
      ["[[1]]", "source/no_json_list", 'Nothing stands at "$[1]"', 1, { path: "$[1]" }],
      ['{"a": [], "a": []}', "source/corrupt_json", "stands twice", 1, { path: "$.a" }],
      ['{"a": {"b": []}, "a": {}}', "source/corrupt_json", "stands twice", 1, { path: "$.a.b" }],
      ['{"a": [], "b": nul}', "source/corrupt_json", '"nul" stands there', 1, { path: "$.a" }],
      ['{"a": [], "b": "\\x"}', "source/corrupt_json", "an escape", 1, { path: "$.a" }],
      ['{"x": 01, "a": []}', "source/corrupt_json", '"01" stands there', 1, { path: "$.a" }],
      ['{"x": "\n", "a": []}', "source/corrupt_json", "a control character", 2, { path: "$.a" }],
      ['{"a": []]', "source/corrupt_json", 'expected "}", found "]"', 1, { path: "$.a" }],
      ['{"a": [], }', "source/corrupt_json", "expected a key in quotes", 1, { path: "$.a" }],
      ['{"a": []', "source/corrupt_json", "inside an object", 1, { path: "$.a" }],
      ['{"a": [], "b": "c', "source/corrupt_json", "inside a string", 1, { path: "$.a" }],
      [`{"x": ${"[".repeat(1001)}`, "source/corrupt_json", "1000 levels", 1, { path: "$.a" }],
    ] as const
  ) {
    const fault = faultOf(text, options);
    expect([text, fault.code]).toEqual([text, code]);
    expect(fault.message).toContain(says);
    expect(fault.toJSON().details?.line).toBe(line);
    expect(fault.toJSON().hint).toBeTruthy();
  }
  const { hint } = faultOf('{"meta": 1, "features": [{}]}', { path: "$.items" }).toJSON();
  expect(hint).toContain('"meta", "features"');
});

Deno.test("json leaves an item that is too long, in bounded memory, and reads on", () => {
  for (const size of [1, 100, 5_000]) {
    for (
      const long of [`{"a":"${"x]}".repeat(900)}"}`, `"${"x".repeat(3000)}"`, "1".repeat(3000)]
    ) {
      const file = bytesOf(`[{"a":1},\n${long},\n{"a":2}]`);
      const places = Array.from({ length: file.length / size }, (_, i) => (i + 1) * size);
      const found = read(split(file, places), { max_record_bytes: 1024 });
      expect(found.rows).toEqual([{ a: "1" }, { a: "2" }]);
      expect(found.lines).toEqual([1, 3]);
      expect(found.malformed).toEqual(["2 record_too_long $[1]"]);
    }
  }
  function* endless() {
    yield bytesOf('{"meta":[');
    for (let n = 0; n < 2000; n++) yield bytesOf(`{"deep":["${"x".repeat(2000)}"]},`);
    yield bytesOf('0],"items":[');
    for (let n = 0; n < 20_000; n++) yield bytesOf(`{"n":${n},"t":"${"y".repeat(300)}"},\n`);
    yield bytesOf('{"n":-1}],"rest":"');
    for (let n = 0; n < 2000; n++) yield bytesOf("z".repeat(2000));
    yield bytesOf('"}');
  }
  const wanted: Wanted = { columns: [{ from: "n", aliases: [] }], others: "skip" };
  const { rows, most } = read(endless(), { path: "$.items" }, wanted);
  expect(rows.length).toBe(20_001);
  expect(most).toBeLessThan(64 * 1024);
});

Deno.test("fields are found by their path, in json and in JSON lines", () => {
  const item =
    '{"user": {"id": 12345678901234567890, "na.me": "x", "$.odd": 7}, "tags": ["a", {"b": 1.50}],' +
    ' "$.odd": 5, "flat": true}';
  const paths: Record<string, string | undefined> = {
    "$.user.id": "12345678901234567890",
    '$.user["na.me"]': '"x"',
    "$['user']['$.odd']": "7",
    "$.user": '{"id": 12345678901234567890, "na.me": "x", "$.odd": 7}',
    "$.tags[0]": '"a"',
    "$.tags[1].b": "1.50",
    "$.tags[2]": undefined,
    "$.tags.b": undefined,
    "$.flat.deeper": undefined,
    "$.flat": "true",
    "$['$.odd']": "5",
    "$": item,
  };
  const wanted: Wanted = {
    columns: Object.keys(paths).map((from) => ({ from, aliases: [] })),
    others: "count",
  };
  const expected = JSON.parse(JSON.stringify(paths));
  expect(read([bytesOf(`[${item}]`)], {}, wanted).rows).toEqual([expected]);
  expect(read([bytesOf(`${item}\n`)], { type: "ndjson" }, wanted).rows ?? [])
    .toEqual([expected]);
  const rows = (text: string, ...from: string[]) => {
    const columns = from.map((each) => ({ from: each, aliases: [] }));
    const { rows, malformed } = read([bytesOf(text)], {}, { columns, others: "count" });
    return [...rows, ...malformed];
  };
  // What is within null is null, and what is within something else is not there.
  expect(rows('[{"a": null}, {"a": 1}, {"a": {}}, {}]', "$.a.b")).toEqual([
    { "$.a.b": "null" },
    {},
    {},
    {},
  ]);
  expect(rows('[{"a": {"b": 1, "b": 2}}, {"a": {"b": 1}, "a": {}}]', "$.a.b")).toEqual([
    "1 repeated_key $[0]",
    "1 repeated_key $[1]",
  ]);
  // A list is a record where a path leads into it, and anything where the whole is asked for.
  expect(rows('[[1, 2], [3], {"a": 1}]', "$[1]", "$[0]")).toEqual([
    { "$[0]": "1", "$[1]": "2" },
    { "$[0]": "3" },
    {},
  ]);
  expect(rows('[1, "a", [2]]', "$")).toEqual([{ $: "1" }, { $: '"a"' }, { $: "[2]" }]);
  // A key that looks like a path gets one as its name.
  expect(read([bytesOf('[{"$.a": 1, "$ref": 2}]')]).header).toEqual(['$["$.a"]', "$ref"]);
});

Deno.test("paths that lead nowhere are mistakes of the pipeline file", () => {
  const text = (path: string, from: string) => `
pipeline: things
source:
  url: things.json
  format: { type: json, path: ${JSON.stringify(path)} }
target: { table: shop.things }
refresh: { mode: full }
columns:
  id: integer
  b: { type: text, from: ${JSON.stringify(from)} }
`;
  const codes = (path: string, from: string) =>
    loadSpec(text(path, from), { file: "a.yaml", folder: "/", variables: {} }).diagnostics
      .map(({ code, start }) => `${start.line} ${code}`);
  expect(codes("$.a[0]['b c'][*]", "$.b['c\\'d'].e-f[3]")).toEqual([]);
  for (const bad of ["$.", "$..a", "$.a[*].b", "$[-1]", "$[?(@.a)]", "$['a", "$[01]", "$[1:2]"]) {
    expect(codes(bad, "b")).toEqual(["5 spec/bad_path"]);
    expect(codes("$", bad)).toEqual(["10 spec/bad_path"]);
  }
  expect(codes("items", "b")).toEqual(["5 spec/bad_path"]);
  // Two texts of one place.
  expect(codes("$", "$['id']")).toEqual(["10 spec/shared_field"]);
});

function yaml(columns: string, more = ""): string {
  return `
pipeline: things
source: { url: things.json, format: { type: json, path: $.items } }
target: { table: shop.things, lineage: true }
refresh: { mode: full }
columns:
${columns}
rejects: { limit: 100 }
${more}`;
}

Deno.test("json loads by paths, rejects with a place, and follows new keys", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.json": `{"next": null, "items": [
  {"id": 1, "user": {"name": "Ann", "age": 12345678901234567890.12}, "tags": ["x", "y"]},
  {"id": "two", "user": {"name": "Bob", "age": 1}, "tags": []},
  {"id": 3, "user": null, "tags": {"a": 1}, "extra": 1.50}
]}`,
  });
  const columns = `
  id: integer
  name: { type: text, from: $.user.name }
  age: { type: numeric, from: $.user.age }
  tag: { type: text, from: "$.tags[0]" }
  all: { type: json, from: $.tags }`;
  const result = await run(
    test.db,
    specOf(yaml(columns, "schema_contract: { new_columns: evolve }"), files.folder),
  );
  expect(result).toMatchObject({ error: null, rows_loaded: 2, rows_rejected: 1 });
  expect(
    await test.db.query(
      `select id, name, age::text, tag, "all"::text, extra::text, _source_line::int
from shop.things order by id`,
    ),
  ).toEqual([
    {
      id: 1,
      name: "Ann",
      age: "12345678901234567890.12",
      tag: "x",
      all: '["x", "y"]',
      extra: null,
      _source_line: 2,
    },
    { id: 3, name: null, age: null, tag: null, all: '{"a": 1}', extra: "1.50", _source_line: 4 },
  ]);
  const [reject] = await test.db.query<Record<string, string>>(
    "select line::int, code, message, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows",
  );
  expect(reject).toMatchObject({ line: 3, code: "invalid_integer" });
  expect(reject.message).toContain("($.items[1])");
  expect(JSON.parse(reject.raw).user.name).toBe("Bob");
  // A file of another kind is named.
  for (
    const [text, says] of [
      ['{"id": 1}\n{"id": 2}\n', "JSON lines"],
      ["id,n\n1,2\n", "something else"],
      ['"id","n"\n1,2\n', "something else"],
      ["<html><body>", "HTML"],
    ]
  ) {
    files.write("things.json", text);
    const { error } = await run(test.db, specOf(yaml("  id: integer"), files.folder));
    expect(error).toMatchObject({ code: "source/other_format" });
    expect(error?.message).toContain(says);
  }
});

const MONTHS = new URL("../../../shared/data/nyc_tlc/", import.meta.url);
const hasMonths = await Deno.stat(MONTHS).then(() => true, () => false);

Deno.test({
  name: "json: real months equal those of CSV" + (hasMonths ? "" : " (skipped: no ../shared/data)"),
  ignore: !hasMonths,
  async fn() {
    await using test = await ledgerDatabase();
    const months = ["2019-01", "2019-07", "2019-12"];
    const header = (await Deno.readTextFile(
      new URL(`yellow_csv/yellow_tripdata_sample_2019-01.csv`, MONTHS),
    )).split(/\r?\n/, 1)[0].split(",");
    for (const month of months) {
      for (const kind of ["csv", "json"]) {
        const url = new URL(`yellow_${kind}/yellow_tripdata_sample_${month}.${kind}`, MONTHS);
        const result = await run(
          test.db,
          specOf(
            `
pipeline: ${kind}
source: { url: ${JSON.stringify(url.pathname)}, format: ${kind} }
target: { table: shop.${kind} }
refresh: { mode: full }
columns: { ${header.map((name) => `${name}: text`)} }
`,
            "/",
          ),
        );
        expect(result).toMatchObject({ error: null, rows_loaded: 10_000 });
      }
      // CSV has no types: numbers are compared as such.
      const value = (name: string) =>
        `case when ${name} ~ '^-?[0-9.]+$' then trim_scale(${name}::numeric)::text else ${name} end`;
      const rows = (table: string) => `select ${header.map(value)} from shop.${table}`;
      const [{ n }] = await test.db.query<{ n: number }>(
        `select count(*)::int as n from ((${rows("csv")}) except all (${rows("json")})) as t`,
      );
      expect(n).toBe(0);
    }
  },
});

Deno.test("json: damage is told, or read alike, wherever the bytes are cut", () => {
  const random = randomFrom(testSeed("json_test damage"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const whole = '{"n": [1, {"items": []}], "items": [\n{"a": "x]", "b": [1, {"c": "\\""}]},\n ' +
    '12, "t,\\\\", {"a": null}], "z": "é\\u00e9"}';
  for (let round = 0; round < 400; round++) {
    let text = whole;
    for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
      const at = Math.floor(random() * text.length);
      const to = at + Math.floor(random() * 3);
      text = text.slice(0, at) +
        pick(["", "", '"', "[", "]", "{", "}", ",", ":", "\\", "\n", "1"]) +
        text.slice(to);
    }
    const bytes = bytesOf(text);
    const outcome = (places: readonly number[]) => {
      try {
        const { rows, lines, offsets, raws, malformed } = read(split(bytes, places), {
          path: "$.items",
        });
        return { rows, lines, offsets, raws, malformed };
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        return error.toJSON();
      }
    };
    const expected = outcome([]);
    for (let times = 0; times < 5; times++) {
      const places = Array.from(
        { length: pick([1, 3, 60]) },
        () => Math.floor(random() * bytes.length),
      );
      expect([text, outcome(places)]).toEqual([text, expected]);
    }
    // What JSON.parse takes is read whole.
    let document: { items?: unknown } | null = null;
    try {
      document = JSON.parse(text);
    } catch {
      continue;
    }
    if (!Array.isArray(document?.items) || "code" in expected) continue;
    expect(expected.rows.length + expected.malformed.length).toBe(document.items.length);
  }
});

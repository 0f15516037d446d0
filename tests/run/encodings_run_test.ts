import { expect } from "packages/expect.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

// Files of other encodings: their rows, their rejects with places, and a replay of these.

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

function yaml(format: string, columns: string, url = "things.csv"): string {
  return `
pipeline: things
source: { url: ${url}, format: { type: csv, ${format} } }
target: { table: shop.things }
columns: { ${columns} }
idempotency_key: [id]
rejects: { limit: 10 }
verify: full
`;
}

Deno.test("windows-1252: rejects keep the file's bytes and offsets, and are replayed", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "" });
  // A byte that is no character, a number that is none, and a key that comes twice.
  const text = "id,n\xe4me\n1,Zo\xeb \x80\n\xe9,b\n3,\x81\n1,\xfc\n";
  Deno.writeFileSync(`${files.folder}/things.csv`, latin(text));
  const of = (id: string) =>
    specOf(
      yaml("encoding: cp1252", `id: ${id}, name: { type: varchar(5), from: näme }`),
      files.folder,
    );
  expect(await run(test.db, of("integer")))
    .toMatchObject({ error: null, rows_loaded: 1, rows_rejected: 3 });
  expect(await test.db.query("select id, name from shop.things")).toEqual([
    { id: 1, name: "Zoë €" },
  ]);
  const rejects = await test.db.query<Record<string, unknown>>(
    `select line::int, byte_offset::int, code, message, encode(raw, 'hex') as raw
from sluice.rejected_rows order by line`,
  );
  const at = (raw: string) => ({ byte_offset: text.indexOf(raw), raw: latin(raw).toHex() });
  expect(rejects).toMatchObject([
    { line: 3, code: "invalid_integer", message: '"é" is not an integer', ...at("\xe9,b") },
    { line: 4, code: "invalid_encoding", ...at("3,\x81") },
    { line: 5, code: "duplicate_key", ...at("1,\xfc") },
  ]);
  expect(rejects[1].message).toContain("is not valid windows-1252");
  const { context } = testContext(test.db);
  const mended = of("{ type: integer, null_values: [é], default: '9' }");
  expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 1 });
  expect(await test.db.query("select id, name from shop.things where id = 9"))
    .toEqual([{ id: 9, name: "b" }]);
});

Deno.test("shift_jis: several files, whose rejects are of the decoded text", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "a.csv": "" });
  const sun = [0x93, 0xfa];
  const file = (...parts: (string | number[])[]) =>
    Uint8Array.from(parts.flatMap((part) => typeof part === "string" ? [...latin(part)] : part));
  Deno.writeFileSync(`${files.folder}/a.csv`, file("id,n\n1,", sun, sun, "\n1,", sun, "\n"));
  Deno.writeFileSync(
    `${files.folder}/b.csv`,
    file("id,n\n2,", sun, "\n", sun, ",x\n3,", [0xff], "\n"),
  );
  const of = (id: string) =>
    specOf(yaml("encoding: sjis", `id: ${id}, n: text`, "'*.csv'"), files.folder);
  expect(await run(test.db, of("integer")))
    .toMatchObject({ error: null, rows_loaded: 2, rows_rejected: 3 });
  expect(await test.db.query("select id, n from shop.things order by id"))
    .toEqual([{ id: 1, n: "日日" }, { id: 2, n: "日" }]);
  const rejects = await test.db.query<Record<string, unknown>>(
    `select line::int, byte_offset::int, code from sluice.rejected_rows order by code`,
  );
  expect(rejects).toEqual([
    { line: 3, byte_offset: 14, code: "duplicate_key" },
    { line: 4, byte_offset: 17, code: "invalid_encoding" },
    { line: 3, byte_offset: 11, code: "invalid_integer" },
  ]);
  const { context } = testContext(test.db);
  const mended = of("{ type: integer, null_values: [日], default: '9' }");
  expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 1 });
});

Deno.test("the charset of a server is what its file is read in", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({});
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () =>
      new Response(latin("id,n\n1,Zo\xeb\n"), {
        headers: { "content-type": "text/csv; charset=iso-8859-1" },
      }),
  );
  const url = `http://127.0.0.1:${server.addr.port}/a.csv`;
  const spec = specOf(yaml("header: true", "id: integer, n: text", url), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 1 });
  expect(await test.db.query("select n from shop.things")).toEqual([{ n: "Zoë" }]);
});

import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { readRejects } from "./ground.ts";
import { bad, layOut, other, row } from "./layout.ts";
import { sluice } from "../support/sluice.ts";

const yaml = (limit: string) => `
pipeline: hostile
source: { url: data.csv }
target: { table: torture.hostile }
rejects: { limit: ${limit} }
columns: { id: { type: integer, required: true }, name: text }
`;

/** What must not reach a terminal: escapes, backspaces, a change of direction. Lines may end. */
// deno-lint-ignore no-control-regex
const DANGEROUS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

const HOSTILE = layOut([
  other("id,name\n"),
  row("1,new\n", "1", "new"),
  bad("\x1b]0;owned\x07,two\n", "invalid_integer", "id"),
  bad(["3,\x1b[2J", 0, "\x08\n"], "nul_byte", "name"),
  bad("\u202e4,four\n", "invalid_integer", "id"),
  bad(["5,", 0xff, 0x9b, "31m\n"], "invalid_utf8", "name"),
  bad("=cmd|' /C calc'!A0,\"a\nb\"\n", "invalid_integer", "id"),
  bad("\x1b[31m\r\n", "too_few_fields"),
]);

Deno.test("the command line refuses a hostile file, keeps what is live, and shows it without its escapes", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "t.yaml": yaml("0"), "data.csv": "id,name\n1,old\n" });
  const call = (...args: string[]) => sluice(files.folder, { DATABASE_URL: database.url }, ...args);
  const live = () => database.db.query("select id, name from torture.hostile");

  expect((await call("run", "t.yaml")).code).toBe(0);
  files.write("data.csv", HOSTILE.bytes);
  const refused = await call("run", "t.yaml");
  expect(refused.code).toBe(3);
  expect(refused.err).toContain("6 of 7 rows (85.71%) were rejected");
  expect(await live()).toEqual([{ id: 1, name: "old" }]);

  const shown = await call("rejects", "t.yaml");
  expect(shown.code).toBe(0);
  for (const word of ["owned", "calc", "too_few_fields", "invalid_utf8"]) {
    expect(shown.out).toContain(word);
  }
  for (const { out, err } of [refused, shown]) {
    expect(DANGEROUS.exec(out + err)).toBe(null);
  }

  files.write("t.yaml", yaml("90%"));
  const loaded = await call("run", "t.yaml", "--output", "json");
  expect(loaded.code).toBe(0);
  expect(await live()).toEqual([{ id: 1, name: "new" }]);
  const rejects = await readRejects(database.db, JSON.parse(loaded.out).run_id);
  expect(rejects.map(({ message: _, ...facts }) => facts)).toEqual(HOSTILE.rejects);
});

Deno.test("the command line tells of a hostile header without its escapes", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({
    "t.yaml": yaml("0"),
    "data.csv": "id,name,\x1b]0;owned\x07\u202e\n1,one,\n",
  });
  const { code, out, err } = await sluice(
    files.folder,
    { DATABASE_URL: database.url },
    "run",
    "t.yaml",
  );
  expect(code).toBe(1);
  expect(out + err).toContain("owned");
  expect(DANGEROUS.exec(out + err)).toBe(null);
});

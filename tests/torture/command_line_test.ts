import { expect } from "packages/expect.ts";
import { measure, type Measured } from "../../bench/measure.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { readRejects } from "./ground.ts";
import { bad, layOut, other, row } from "./layout.ts";
import { DENO_RUN } from "../support/deno_run.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const PERMISSIONS = ["--allow-env", "--allow-read", "--allow-net", "--allow-sys=hostname,uid"];

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
  const sluice = (...args: string[]) => call(files.folder, database.url, args);
  const live = () => database.db.query("select id, name from torture.hostile");

  expect((await sluice("run", "t.yaml")).code).toBe(0);
  files.write("data.csv", HOSTILE.bytes);
  const refused = await sluice("run", "t.yaml");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("6 of 7 rows (85.71%) were rejected");
  expect(await live()).toEqual([{ id: 1, name: "old" }]);

  const shown = await sluice("rejects", "t.yaml");
  expect(shown.code).toBe(0);
  for (const word of ["owned", "calc", "too_few_fields", "invalid_utf8"]) {
    expect(shown.stdout).toContain(word);
  }
  for (const { stdout, stderr } of [refused, shown]) {
    expect(DANGEROUS.exec(stdout + stderr)).toBe(null);
  }

  files.write("t.yaml", yaml("90%"));
  const loaded = await sluice("run", "t.yaml", "--output", "json");
  expect(loaded.code).toBe(0);
  expect(await live()).toEqual([{ id: 1, name: "new" }]);
  const rejects = await readRejects(database.db, JSON.parse(loaded.stdout).run_id);
  expect(rejects.map(({ message: _, ...facts }) => facts)).toEqual(HOSTILE.rejects);
});

Deno.test("the command line tells of a hostile header without its escapes", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({
    "t.yaml": yaml("0"),
    "data.csv": "id,name,\x1b]0;owned\x07\u202e\n1,one,\n",
  });
  const { code, stdout, stderr } = await call(files.folder, database.url, ["run", "t.yaml"]);
  expect(code).toBe(1);
  expect(stdout + stderr).toContain("owned");
  expect(DANGEROUS.exec(stdout + stderr)).toBe(null);
});

function call(folder: string, url: string, args: readonly string[]): Promise<Measured> {
  return measure(Deno.execPath(), [...DENO_RUN, "--no-prompt", ...PERMISSIONS, MAIN, ...args], {
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    cwd: folder,
  });
}

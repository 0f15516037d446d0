import { expect } from "packages/expect.ts";
import { sqlFault } from "../../src/core/sql_text.ts";
import { bindSql } from "../../src/plan/bind_sql.ts";
import { pick, randomFrom } from "../rows/random.ts";
import { testDatabase } from "../support/postgres.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);
const TEXTS = Number(Deno.env.get("SLUICE_SQL_TEXTS") ?? 1_500);

const BROKEN: readonly (readonly [sql: string, message: string])[] = [
  ["true) or (true", '")" has no opening bracket'],
  ["true) or ('a' = '(a'", '")" has no opening bracket'],
  ["(true", '"(" is never closed'],
  ["a[1)", '")" has no opening bracket'],
  ["true /* ) or (true", "A comment is never closed"],
  ["true /* a /* b */ c", "A comment is never closed"],
  ["note = 'it", "A quote is never closed"],
  ['"no"te" = 1', "A quote is never closed"],
  ["note = $$a", "A text in $$ is never closed"],
  ["note = $a$ $$ $b$", "A text in $a$ is never closed"],
  ["true; drop table x", '";" ends the statement'],
  ["note = 'a\\') or (true", '")" has no opening bracket'],
  ["note = 'a'\n'\\') or ('", '")" has no opening bracket'],
  ["(true) -- )\n) or ((true)", '")" has no opening bracket'],
];

Deno.test("sqlFault finds what would leave its brackets", () => {
  for (const [sql, message] of BROKEN) {
    expect([sql, sqlFault(sql)?.message]).toEqual([sql, message]);
  }
});

Deno.test("sqlFault lets what only looks so pass", () => {
  for (
    const sql of [
      "true",
      "note <> ')' and note <> E'\\') or (' and note <> 'it''s ('",
      'note = $$ ) ; \' $$ and "a)b" is null',
      "note = $q$ $$ ) $q$ -- ) don't ; (",
      "/* ) /* ; */ ' */ note ~ '^[x]{3}$'",
      "a$b$c = 1 or x in (select unnest(array[1, 2]))",
      "note = E'a'\n  -- more\n  'b\\') ('",
      "note = U&'\\0029' or note = N')' or nameE = 1 or type'a\\' is null",
      "up >= {month:start}",
    ]
  ) expect([sql, sqlFault(sql)]).toEqual([sql, null]);
});

const PIECES = [
  ..."( ) [ ] ' \" $$ $a$ a$ E' e' \\ \\' '' -- /* */ ; true false x or and not = null U& N'"
    .split(" "),
  "\n",
  "true",
  "(true)",
  "'a'",
  "'a' = 'a'",
  "E'\\''",
  " or ",
  " and ",
  "-- )\n",
  ") or (",
  ") and (",
  "/*)*/",
  "$$)$$",
];

Deno.test(`sqlFault sees the brackets that Postgres sees (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}, ${TEXTS} texts`);
  const random = randomFrom(SEED);
  await using test = await testDatabase();
  const takes = async (sql: string) => {
    // A parameter forbids a second statement, which is not what is looked for here.
    return await test.db.query(`select ${sql}, $1::integer`, [1]).then(() => true, () => false);
  };
  let accepted = 0;
  for (let n = 0; n < TEXTS; n++) {
    // Most soup is no SQL at all: half of it starts from what is.
    const soup = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random, PIECES))
      .join(random() < 0.5 ? " " : "");
    const text = random() < 0.5 ? soup : `true ${soup} true`;
    if (!(await takes(`(${text}\n)`))) continue;
    accepted++;
    // What leaves its brackets cannot stand in brackets of another kind.
    const stays = await takes(`array[${text}\n]`);
    expect([text, sqlFault(text) === null]).toEqual([text, stays]);
  }
  console.log(`  ${accepted} of them accepted by Postgres`);
  expect(accepted).toBeGreaterThan(TEXTS / 50);
});

Deno.test("bindSql puts values where they are values, and nowhere else", () => {
  const by = { partitions: { by: "month" } } as never;
  const bind = (sql: string) => bindSql(sql, by, "2021-02");
  expect(bind("a = {month:start} -- don't\n and b = {month:start}")).toEqual({
    sql: "a = $1 -- don't\n and b = $2",
    params: ["2021-02-01", "2021-02-01"],
  });
  expect(bind("a = E'it\\'s' and b = {month}").sql).toBe("a = E'it\\'s' and b = $1");
  expect(bind("a = '{month}' and b = $$ {month}$$ and \"{month}\" = 1 -- {month}").sql).toBe(
    "a = '2021-02' and b = $$ 2021-02$$ and \"2021-02\" = 1 -- {month}",
  );
  const list = { partitions: { by: "list" } } as never;
  expect(bindSql("a = '{partition}' or a = E'{partition}'", list, "it's \\' x").sql)
    .toBe("a = 'it''s \\'' x' or a = E'it''s \\\\'' x'");
});

import { expect } from "packages/expect.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { realServices } from "../../src/cli/services.ts";
import type { Database } from "../../src/db/database.ts";
import { testCli } from "../cli/support.ts";
import { workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { type Block, recipesOf } from "./recipe.ts";

// Runs docs/recipes.md as it stands: writes its files, runs its commands and queries, and compares
// what the queries return with what the page says.

const PAGE = Deno.readTextFileSync(new URL("../../docs/recipes.md", import.meta.url));

for (const { title, blocks } of recipesOf(PAGE)) {
  Deno.test(`recipe: ${title}`, async () => {
    const role = `loader_${crypto.randomUUID().slice(0, 8)}`;
    await using test = await testDatabase();
    try {
      await follow(blocks, test, role);
    } finally {
      await test.db.query(`do $$ begin
        if exists (select from pg_roles where rolname = '${role}') then
          drop owned by ${role} cascade; drop role ${role};
        end if; end $$`);
    }
  });
}

Deno.test("each recipe has a pipeline, a command, a query and its result", () => {
  const recipes = recipesOf(PAGE);
  expect(recipes.length).toBeGreaterThan(10);
  for (const { title, blocks } of recipes) {
    const kinds = new Set(blocks.map(({ kind }) => kind));
    expect([title, ...[...kinds].filter((kind) => kind !== "file").sort()])
      .toEqual([title, "command", "result", "sql"]);
    expect(blocks.some(({ name }) => name?.endsWith(".yaml"))).toBe(true);
  }
});

async function follow(blocks: readonly Block[], test: TestDatabase, role: string): Promise<void> {
  const database = new URL(test.url).pathname.slice(1);
  const ours = (text: string) =>
    text.replace(/\bwarehouse\b/g, database).replace(/\bloader\b/g, role);
  using files = workspace();
  let answer = "";
  for (const { kind, name, text } of blocks) {
    if (kind === "file") files.write(name!, text);
    if (kind === "sql") answer = await ask(test.db, ours(text));
    if (kind === "result") expect(answer).toBe(text);
    if (kind !== "command") continue;
    for (const line of text.trim().split("\n")) await obey(line, files.folder, test.url, role);
  }
}

/** Runs one line of shell, as the role whose URL stands before it, in the folder of the files. */
async function obey(line: string, folder: string, owner: string, role: string): Promise<void> {
  const match = /^(DATABASE_URL=\S+ )?deno task ([^#]+?)(?: # exit code (\d+))?$/.exec(line);
  if (match === null) throw new Error(`What does this mean? ${line}`);
  const url = new URL(owner);
  if (match[1] !== undefined) [url.username, url.password] = [role, "secret"];
  // The other database of a recipe is the same one.
  const variables = { DATABASE_URL: url.href, SHOP_URL: owner };
  using test = testCli(realServices(), { variables });
  const code = await runCli(match[2].split(" "), { ...test.cli, workingFolder: folder });
  expect([line, code, code === Number(match[3] ?? 0) ? "" : test.err()])
    .toEqual([line, Number(match[3] ?? 0), ""]);
}

/** Runs statements, and returns the last one's rows as `psql --csv` prints them. */
async function ask(db: Database, sql: string): Promise<string> {
  const statements = sql.split(/;\n/).map((text) => text.trim()).filter((text) => text !== "");
  const last = statements.pop()!;
  for (const statement of statements) await db.query(statement);
  const [row] = await db.query<Record<string, unknown>>(last);
  if (row === undefined) return "";
  const columns = Object.keys(row);
  // Postgres writes the texts, so that the driver's types do not matter.
  const texts = columns.map((name) => `format('%s', q.${name}) as ${name}`).join(", ");
  const rows = await db.query<Record<string, string>>(`select ${texts} from (${last}) q`);
  const cell = (text: string) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = rows.map((row) => columns.map((name) => cell(row[name])).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

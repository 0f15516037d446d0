import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

// Rows that only Postgres can refuse become rejects; the rest of the load goes on.

const YAML = `
pipeline: bookings
source: { url: bookings.csv }
target: { table: shop.bookings }
MODE
columns: { id: { type: integer, required: true }, room: integer, note: text }
rejects: { limit: 10 }
`;

const ROWS = Array.from({ length: 40 }, (_, at) => `${at + 1},${at % 3 + 1},fine\n`);

/** Forty good rows with three that are refused: ids 11, 12 and 35. */
function file(bad: readonly [string, string, string]): string {
  const rows = [...ROWS];
  rows[10] = `11,${bad[0]}\n`;
  rows[11] = `12,${bad[1]}\n`;
  rows[34] = `35,${bad[2]}\n`;
  return `id,room,note\n${rows.join("")}`;
}

const TABLE = `create schema shop;
create table shop.rooms (id integer primary key);
insert into shop.rooms values (1), (2), (3);`;

const REFUSALS: readonly {
  readonly what: string;
  readonly table: string;
  readonly bad: readonly [string, string, string];
  readonly code: string;
}[] = [
  {
    what: "a foreign key",
    table:
      "create table shop.bookings (id int primary key, room int references shop.rooms, note text)",
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:23503",
  },
  {
    what: "a deferred foreign key",
    table: `create table shop.bookings (id int primary key,
  room int references shop.rooms deferrable initially deferred, note text)`,
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:23503",
  },
  {
    what: "a check",
    table: "create table shop.bookings (id int primary key, room int check (room < 5), note text)",
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:23514",
  },
  {
    what: "a domain",
    table: `create domain shop.short as text check (length(value) < 6);
create table shop.bookings (id int primary key, room int, note shop.short)`,
    bad: ["1,too long", "1,too long", "1,too long"],
    code: "sqlstate:23514",
  },
  {
    what: "a unique index that is not the key",
    table: `create table shop.bookings (id int primary key, room int, note text);
create unique index on shop.bookings (note) where note <> 'fine';
insert into shop.bookings values (100, 1, 'taken')`,
    bad: ["1,taken", "1,taken", "1,taken"],
    code: "sqlstate:23505",
  },
  {
    what: "an exclusion constraint",
    table: `create table shop.bookings (id int primary key, room int, note text,
  exclude using btree (note with =) where (note <> 'fine'));
insert into shop.bookings values (100, 1, 'taken')`,
    bad: ["1,taken", "1,taken", "1,taken"],
    code: "sqlstate:23P01",
  },
  {
    what: "a trigger",
    table: `create table shop.bookings (id int primary key, room int, note text);
create function shop.no() returns trigger language plpgsql as $$begin
  if new.room > 5 then raise exception 'room % is closed', new.room; end if; return new;
end$$;
create trigger no before insert or update on shop.bookings
  for each row execute function shop.no()`,
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:P0001",
  },
  {
    what: "a trigger with a code of its own",
    table: `create table shop.bookings (id int primary key, room int, note text);
create function shop.no() returns trigger language plpgsql as $$begin
  if new.room > 5 then raise 'closed' using errcode = 'ROOM5'; end if; return new;
end$$;
create trigger no before insert or update on shop.bookings
  for each row execute function shop.no()`,
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:ROOM5",
  },
  {
    what: "a computed column",
    table: `create table shop.bookings (id int primary key, room int, note text,
  share int generated always as (12 / (room - 7)) stored)`,
    bad: ["7,x", "7,x", "7,x"],
    code: "sqlstate:22012",
  },
  {
    what: "a subquery of a trigger",
    table: `create table shop.bookings (id int primary key, room int, note text);
create function shop.one() returns trigger language plpgsql as $$begin
  new.note := (select new.note from generate_series(6, new.room + 0) union all select new.note); return new;
end$$;
create trigger one before insert or update on shop.bookings
  for each row execute function shop.one()`,
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:21000",
  },
  {
    what: "partition bounds",
    table: `create table shop.bookings (id int, room int, note text) partition by list (room);
create table shop.bookings_some partition of shop.bookings for values in (1, 2, 3);
alter table shop.bookings_some replica identity full;
create unique index on shop.bookings (id, room)`,
    bad: ["7,x", "8,x", "9,x"],
    code: "sqlstate:23514",
  },
];

async function ids(db: Database): Promise<string> {
  const [{ ids }] = await db.query<{ ids: string }>(
    "select string_agg(id::text, ' ' order by id) as ids from shop.bookings where id < 100",
  );
  return ids;
}

const GOOD = ROWS.map((_, at) => at + 1).filter((id) => ![11, 12, 35].includes(id)).join(" ");

for (const { what, table, bad, code } of REFUSALS) {
  for (const mode of ["full", "append", "upsert"] as const) {
    // Without a unique index on the key alone the plan refuses.
    if (what === "partition bounds" && mode === "upsert") continue;
    it(`${mode}: rows refused by ${what} are rejects with the SQLSTATE`, async () => {
      await using test = await ledgerDatabase();
      const text = file(bad);
      using files = workspace({ "bookings.csv": text });
      await test.db.query(`${TABLE} ${table}`);
      const key = mode === "upsert" ? "idempotency_key: [id]\n" : "";
      const spec: PipelineSpec = specOf(
        YAML.replace("MODE\n", `${key}refresh: { mode: ${mode} }\n`),
        files.folder,
      );
      const taken = mode === "full" && bad[0].includes("taken");
      const result = await run(test.db, spec);
      // `full` takes the row away that the first of them would be in conflict with.
      const refused = taken ? [12, 35] : [11, 12, 35];
      expect(result).toMatchObject({
        status: "succeeded",
        rows_read: 40,
        rows_loaded: 40 - refused.length,
        rows_rejected: refused.length,
      });
      const { rows } = await readRejects(test.db, spec, { limit: 20 });
      expect(rows.map(({ line, code }) => [line - 1, code])).toEqual(
        refused.map((id) => [id, code]),
      );
      const bytes = new TextEncoder().encode(text);
      for (const { byte_offset, raw } of rows) {
        const there = bytes.slice(byte_offset, byte_offset + raw.length);
        expect(new TextDecoder().decode(there)).toBe(raw);
      }
      expect(await ids(test.db)).toBe(taken ? GOOD.replace("10 ", "10 11 ") : GOOD);
      const left = await test.db.query(
        "select tablename from pg_tables where tablename like 'bookings\\_\\_%\\_r'",
      );
      expect(left).toEqual([]);
    });
  }
}

it("a target of Sluice's own keeps its checks, and rows that fail them are rejects", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "bookings.csv": "id,room,note\n1,1,\n" });
  const spec = specOf(
    YAML.replace("MODE\n", "idempotency_key: [id]\non_duplicate: keep_first\n"),
    files.folder,
  );
  await run(test.db, spec);
  await test.db.query("alter table shop.bookings add constraint low check (room < 5)");
  files.write("bookings.csv", file(["7,x", "8,x", "9,x"]) + "1,2,duplicate\n");
  expect(await run(test.db, spec)).toMatchObject({
    status: "succeeded",
    rows_read: 41,
    rows_loaded: 37,
    rows_rejected: 3,
    rows_duplicate: 1,
  });
  const { groups } = await readRejects(test.db, spec, { limit: 20 });
  expect(groups).toMatchObject([{ code: "sqlstate:23514", count: 3 }]);
  expect(groups[0].example).toContain('"low"');
  expect(await ids(test.db)).toBe(GOOD);
});

it("rows that Postgres refuses count against the budget, and then nothing is published", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "bookings.csv": file(["7,x", "8,x", "9,x"]) });
  await test.db.query(`${TABLE} ${REFUSALS[0].table}`);
  const yaml = YAML.replace("MODE\n", "refresh: { mode: append }\n").replace(
    "limit: 10",
    "limit: 2",
  );
  const spec = specOf(yaml, files.folder);
  expect(await run(test.db, spec)).toMatchObject({
    status: "refused",
    rows_rejected: 3,
    error: { code: "rows/too_many_rejects" },
  });
  expect(await test.db.query("select from shop.bookings")).toEqual([]);
  expect(await test.db.query("select tablename from pg_tables where tablename like '%\\_\\_%'"))
    .toEqual([]);
});

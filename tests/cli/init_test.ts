import { expect } from "packages/expect.ts";
import { xlsxOf } from "../source/xlsx_writer.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { sluice } from "../support/sluice.ts";

const ORDERS = "order id;total;placed;paid;zip\n" +
  "1;1.234,50;31.12.2021;ja;01067\n2;2,00;01.02.2022;nein;20095\n";

function caller(folder: string, url = "") {
  return (...args: string[]) => sluice(folder, { DATABASE_URL: url, INIT_CWD: folder }, ...args);
}

Deno.test("a file of one's own becomes a pipeline that validates and loads", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "orders.csv": ORDERS });
  const call = caller(files.folder, test.url);
  await Deno.mkdir(`${files.folder}/pipelines`);

  const args = ["init", "orders.csv", "--full", "--target", "shop.orders"];
  const written = await call(...args, "-o", "pipelines/orders.yaml");
  expect(written).toMatchObject({ code: 0, err: "" });
  expect(written.out).toContain("pipelines/orders.yaml is written");
  const text = await Deno.readTextFile(`${files.folder}/pipelines/orders.yaml`);
  expect(text).toContain('url: "../orders.csv"');
  expect(text).toContain(
    "placed: { type: date, format: dd.MM.yyyy } # 2 of 2 are dates, " +
      "31.12.2021 … 01.02.2022, 0 empty",
  );

  const again = await call(...args, "-o", "pipelines/orders.yaml");
  expect(again.code).toBe(2);
  expect(again.err).toContain("cli/file_exists");
  expect(await Deno.readTextFile(`${files.folder}/pipelines/orders.yaml`)).toBe(text);

  const previewed = await call("preview", "pipelines/orders.yaml");
  expect(previewed.code).toBe(0);
  expect(previewed.out).toContain("1234.50");
  expect((await call("validate", "pipelines/orders.yaml")).code).toBe(0);
  expect((await call("run", "pipelines/orders.yaml")).code).toBe(0);
  expect(await test.db.query("select * from shop.orders order by 1")).toEqual([
    { order_id: 1, total: "1234.50", placed: "2021-12-31", paid: true, zip: "01067" },
    { order_id: 2, total: "2.00", placed: "2022-02-01", paid: false, zip: "20095" },
  ]);
});

Deno.test("load needs no pipeline file, and says so where rows are rejected", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n2,b\n3\n" });
  const call = caller(files.folder, test.url);
  const names = () => test.db.query("select id, name from shop.things order by 1");

  const first = await call("load", "things.csv", "shop.things");
  expect(first.code).toBe(0);
  expect(first.out).toContain("1 row was rejected");
  expect(await names()).toEqual([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
  expect((await call("load", "things.csv", "shop.things")).out).toContain("unchanged");

  files.write("things.csv", "id,name\n2,c\n3,d\n");
  const upserted = await call(
    "load",
    "things.csv",
    "shop.more",
    "--mode",
    "upsert",
    "--key",
    "id",
    "--output",
    "json",
  );
  expect(JSON.parse(upserted.out)).toMatchObject({ status: "succeeded", rows_loaded: 2 });
  const wrong = await call("load", "things.csv", "shop.more", "--mode", "upsert", "--key", "no");
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain("cli/cannot_draft");
});

Deno.test("a table that exists says what the columns are", async () => {
  await using test = await ledgerDatabase();
  await test.db.query(`create schema shop;
create table shop.orders (
  "Id" bigint primary key, total numeric(10,2) not null, tags int4range,
  marks text[] not null, twice numeric generated always as (total * 2) stored, placed date, note text
);`);
  using files = workspace({ "in.csv": "id;TOTAL;placed;marks;extra\n1;1,50;31.12.2021;{a,b};x\n" });
  const call = caller(files.folder, test.url);

  const { out, code } = await call("init", "in.csv", "--from", "shop.orders", "-o", "o.yaml");
  expect({ code, out: out.split("\n")[0] }).toEqual({
    code: 0,
    out: "o.yaml is written; see what it would do with",
  });
  expect(await Deno.readTextFile(`${files.folder}/o.yaml`)).toBe(
    `# The columns are those of shop.orders
pipeline: orders

source:
  url: "in.csv"
  format: { type: csv, delimiter: ";" }

target:
  table: shop.orders

refresh: { mode: upsert }
idempotency_key: [Id] # the primary key of the table

schema_contract: { new_columns: discard_value } # no column for: extra

columns:
  Id: { from: id, type: bigint, required: true } # 1 of 1 are whole numbers, 1, 0 empty
  total: { from: TOTAL, type: "numeric(10,2)", decimal: ",", required: true } # 1 of 1 are numbers, 1,50, 0 empty
  # tags: the file has no such field; int4range
  marks: { type: "text[]", required: true } # 1 of 1 are texts, up to 5 characters, 0 empty
  # twice: Postgres computes it
  placed: { type: date, format: dd.MM.yyyy } # 1 of 1 are dates, 31.12.2021, 0 empty
  # note: the file has no such field; text
`,
  );
  expect((await call("run", "o.yaml")).code).toBe(0);
  expect(await test.db.query(`select "Id", total, marks, placed from shop.orders`)).toEqual([
    { Id: 1, total: "1.50", marks: "{a,b}", placed: "2021-12-31" },
  ]);

  const none = await call("init", "--from", "shop.nothing");
  expect(none.code).toBe(1);
  expect(none.err).toContain("db/no_such_table");
  const bare = await call("init", "--from", "shop.orders");
  expect(bare.out).toContain('url: "orders.csv" # the file to load');
});

Deno.test("init and preview say what is wrong before they write anything", async () => {
  using files = workspace({ "in.csv": "id,name\n1,a\n", "bad.csv": "a,b\n1\n" });
  const call = caller(files.folder);
  const cases: [args: string[], code: number, says: string][] = [
    [["init"], 2, "cli/nothing_to_look_at"],
    [["init", "nothing.csv"], 1, "source/not_found"],
    [["init", "https://u:secret@localhost/x.csv"], 1, "source/secret_in_address"],
    [["init", "ftp://localhost/x.csv"], 1, "source/bad_address"],
    [["init", "bad.csv"], 1, "source/no_readable_record"],
    [["init", "in.csv", "-o", "in.csv/x.yaml"], 2, "cli/cannot_write"],
    [["preview", "nothing.yaml"], 2, "cli/no_such_file"],
    [["load", "in.csv", "a.b.c"], 2, "schema.table"],
  ];
  for (const [args, code, says] of cases) {
    const result = await call(...args);
    expect({ args, code: result.code }).toEqual({ args, code });
    expect(result.err).toContain(says);
    expect(result.err).not.toContain("secret@");
  }
  const shown = await call("preview", "in.csv", "--output", "json");
  expect(JSON.parse(shown.out)).toEqual({
    pipeline: "in",
    columns: [{ name: "id", type: "integer" }, { name: "name", type: "text" }],
    rows: [["1", "a"]],
    rejects: [],
  });
});

Deno.test("preview and load know a file of each format by what is in it", async () => {
  await using test = await ledgerDatabase();
  const rows = [{ id: 1, name: "a" }, { id: 2, name: "b" }];
  const contents: Readonly<Record<string, string | Uint8Array>> = {
    "list.json": JSON.stringify(rows),
    "within.json": JSON.stringify({ page: 1, data: { items: rows } }),
    "lines.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
    "long.txt": "id||name\n1||a\n2||b\n",
    "book.xlsx": xlsxOf({
      sheets: [{ name: "A", rows: [["id", "name"], ...rows.map(({ id, name }) => [id, name])] }],
    }),
  };
  using files = workspace(contents);
  const call = caller(files.folder, test.url);
  for (const [n, name] of Object.keys(contents).entries()) {
    const shown = await call("preview", name, "--rows", "1", "--output", "json");
    // One row, though all may stand on one line.
    expect([name, JSON.parse(shown.out).rows]).toEqual([name, [["1", "a"]]]);
    const loaded = await call("load", name, `shop.t${n}`);
    expect([name, loaded.code, loaded.err]).toEqual([name, 0, expect.any(String)]);
    expect(await test.db.query(`select id, name from shop.t${n} order by id`)).toEqual(rows);
  }
});

Deno.test("a table or query of a database becomes a pipeline that loads, and shows no secret", async () => {
  await using test = await ledgerDatabase();
  await test.db.query(`create schema shop;
create type shop.mood as enum ('good', 'bad');
create table shop.orders (
  id bigint generated always as identity, region char(2), amount numeric(10,2) not null, note varchar(40),
  at timestamptz not null default now(), tags text[], mood shop.mood, "Odd: name" integer,
  span int4range, primary key (region, id));
insert into shop.orders (region, amount, note, tags, mood)
values ('de', 1.50, null, '{a,NULL}', 'good'), ('fr', 2, '', '{}', null);`);
  using files = workspace();
  const url = new URL(test.url);
  const secret = url.password;
  await Deno.writeTextFile(`${files.folder}/.env`, `SHOP_PASSWORD=${secret}\n`);
  url.password = "";
  const address = url.href.replace("@", ":${SHOP_PASSWORD}@");
  const call = caller(files.folder, test.url);
  const table = await call("init", address, "--table", "shop.orders", "--target", "copy.orders");
  expect(table).toMatchObject({ code: 0, err: "" });
  expect(table.out).toBe(`# The columns are those of shop.orders, as its database has them
pipeline: orders

source:
  url: "${address}"
  table: shop.orders

target:
  table: copy.orders

idempotency_key: [region, id] # the primary key

columns:
  id: { type: bigint, required: true }
  region: { type: char(2), required: true }
  amount: { type: "numeric(10,2)", required: true }
  note: varchar(40)
  at: { type: timestamptz, required: true }
  tags: "text[]"
  mood: shop.mood # a type of that database: where it is loaded it must stand too
  "Odd: name": integer
  span: int4range
`);
  await Deno.writeTextFile(`${files.folder}/orders.yaml`, table.out);
  const previewed = await call("preview", "orders.yaml");
  expect(previewed).toMatchObject({ code: 0, err: "" });
  expect(previewed.out).toContain("1.50");
  const planned = await call("plan", "orders.yaml");
  expect(planned.code).toBe(0);
  expect(planned.out).toContain("#shop.orders");
  const doctor = await call("doctor", "orders.yaml");
  expect(doctor.out).toContain(
    `its source is there: ${address.replace("${SHOP_PASSWORD}", "***")}#shop.orders`,
  );
  expect((await call("run", "orders.yaml")).code).toBe(0);
  const rows = (name: string) =>
    test.db.query(`select to_jsonb(t) as row from ${name} t order by id`);
  expect(await rows("copy.orders")).toEqual(await rows("shop.orders"));

  const sql = "select id, count(*) as orders from shop.orders\ngroup by id order by id;";
  const query = await call("init", address, "--query", sql, "--target", "copy.counts");
  expect(query).toMatchObject({ code: 0, err: "" });
  expect(query.out).toContain(
    "  query: |\n    select id, count(*) as orders from shop.orders\n    group by id order by id;\n",
  );
  expect(query.out).toContain("columns:\n  id: bigint\n  orders: bigint\n");
  await Deno.writeTextFile(`${files.folder}/counts.yaml`, query.out);
  expect((await call("run", "counts.yaml")).code).toBe(0);

  for (
    const [args, code, words] of [
      [[address], 1, /--table or write|--table, or write/],
      [[address, "--table", "shop.nowhere"], 1, /source\/not_found/],
      [[address, "--query", "selec"], 1, /source\/bad_query/],
      [[address, "--query", "select 1; select 2"], 1, /source\/bad_address/],
      [[address, "--table", "a", "--query", "b"], 2, /--query/],
      [["--table", "a"], 2, /cli\/nothing_to_look_at/],
      [["a.csv", "--table", "a"], 1, /source\//],
      [[test.url, "--table", "shop.orders"], 1, /source\/secret_in_address/],
    ] as const
  ) {
    const result = await call("init", ...args);
    expect([args, result.code]).toEqual([args, code]);
    expect(result.err).toMatch(words);
    expect(result.err + result.out).not.toContain(secret);
  }
  for (const { out, err } of [table, previewed, planned, doctor, query]) {
    expect(out + err).not.toContain(secret);
  }
});

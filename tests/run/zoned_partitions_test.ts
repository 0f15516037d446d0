import { expect } from "packages/expect.ts";
import { fillInSql, isSkipped, zonedBounds } from "../../src/core/zoned_period.ts";
import { choosePartitions } from "../../src/plan/choose_partitions.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

function yaml(partitions: string, more = "", type = "timestamptz"): string {
  return `
pipeline: calls
partitions: { ${partitions} }
source: { url: "{partition}.csv" }
target: { table: shop.calls, partition_column: at }
columns: { id: integer, at: ${type} }
rejects: { limit: 10 }
${more}
`;
}

Deno.test("a period of a zone begins with the first moment of its first day", () => {
  for (
    const [by, text, zone, start, end] of [
      ["month", "2021-01", "UTC", "2021-01-01 00:00:00+00", "2021-02-01 00:00:00+00"],
      ["month", "2021-03", "Europe/Berlin", "2021-02-28 23:00:00+00", "2021-03-31 22:00:00+00"],
      ["day", "2021-03-28", "Europe/Berlin", "2021-03-27 23:00:00+00", "2021-03-28 22:00:00+00"],
      ["day", "2021-10-31", "Europe/Berlin", "2021-10-30 22:00:00+00", "2021-10-31 23:00:00+00"],
      // Midnight is skipped, and 24:00 becomes 23:00.
      [
        "day",
        "2018-11-04",
        "America/Sao_Paulo",
        "2018-11-04 03:00:00+00",
        "2018-11-05 02:00:00+00",
      ],
      [
        "day",
        "2018-02-17",
        "America/Sao_Paulo",
        "2018-02-17 02:00:00+00",
        "2018-02-18 03:00:00+00",
      ],
      // Midnight comes twice, on the first day of a month.
      ["month", "2020-11", "America/Havana", "2020-11-01 04:00:00+00", "2020-12-01 05:00:00+00"],
      ["week", "2021-W12", "America/New_York", "2021-03-22 04:00:00+00", "2021-03-29 04:00:00+00"],
      ["year", "1883", "America/New_York", "1883-01-01 04:56:02+00", "1884-01-01 05:00:00+00"],
    ] as const
  ) expect([zone, text, zonedBounds(by, text, zone)]).toEqual([zone, text, { start, end }]);
  expect(isSkipped("day", "2011-12-30", "Pacific/Apia")).toBe(true);
  expect(isSkipped("day", "2011-12-31", "Pacific/Apia")).toBe(false);
  const sql = (by: "month" | "day", timezone: string, partition: string) =>
    ["start", "end"].map((pattern) => fillInSql({ by, timezone }, partition, by, pattern));
  expect(sql("month", "Europe/Berlin", "2021-03"))
    .toEqual(["2021-03-01 00:00:00+01:00", "2021-04-01 00:00:00+02:00"]);
  expect(sql("day", "America/Sao_Paulo", "2018-11-04"))
    .toEqual(["2018-11-04 00:00:00-03:00", "2018-11-05 00:00:00-02:00"]);
});

Deno.test(`the bounds of random days are where Postgres sees the day begin (SLUICE_SEED=${SEED})`, async () => {
  await using test = await testDatabase();
  const random = randomFrom(SEED);
  const zones = [
    ...["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana"],
    ...["Asia/Beirut", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Amman"],
  ];
  const days = Array.from({ length: 3000 }, () => {
    const zone = pick(random, zones);
    const day = new Date(Date.UTC(1990, 0, between(random, 1, 32 * 365))).toISOString().slice(
      0,
      10,
    );
    const said = fillInSql({ by: "day", timezone: zone }, day, "day", "start");
    return { zone, day, said, ...zonedBounds("day", day, zone) };
  });
  const rows = await test.db.query(
    `select * from json_to_recordset($1::text::json)
       as d (zone text, day date, "start" timestamptz, "end" timestamptz, said timestamptz)
     where (("start" at time zone zone)::date < day
       or (("start" - interval '1 second') at time zone zone)::date >= day
       or (("end" - interval '1 second') at time zone zone)::date > day
       or ("end" at time zone zone)::date <= day or said <> "start")
       and "start" <> "end"`,
    [JSON.stringify(days)],
  );
  expect(rows).toEqual([]);
});

Deno.test("each row lies in the month of the zone: bounds, constraint, rules, checks and rejects", async () => {
  await using test = await testDatabase();
  const rows = [
    "1,2021-03-01T00:00:00+01:00",
    "2,2021-02-28T23:00:00Z",
    "3,2021-03-31T21:59:59Z",
    "4,2021-03-31T22:00:00Z",
    "5,2021-02-28T22:59:59Z",
  ];
  using files = workspace({
    "2021-03.csv": `id,at\n${rows.join("\n")}\n`,
    "2021-04.csv": "id,at\n6,2021-03-31T22:00:00Z\n7,2021-04-30T21:59:59Z\n",
  });
  const more = `rules:
  in_month: "at >= {month:start} and at < {month:end}"
checks:
  - range: { column: at, min: "{month:start}", max: "{month:end}" }
  - sql: { name: inside, query: "select count(*) from {staging} where at < '{month:start}'", expect: 0 }`;
  const partitions = (zone: string) => `by: month, from: 2021-03, to: 2021-04, timezone: ${zone}`;
  const spec = specOf(yaml(partitions("Europe/Berlin"), more), files.folder);
  expect(await run(test.db, spec))
    .toMatchObject({ status: "succeeded", error: null, rows_loaded: 5, rows_rejected: 2 });
  const { rows: rejects } = await readRejects(test.db, spec, { limit: 9 });
  expect(rejects.map(({ line, code }) => [line, code])).toEqual([
    [5, "outside_partition"],
    [6, "outside_partition"],
  ]);
  await test.db.query("set timezone to 'UTC'");
  const bounds = await test.db.query<{ bound: string }>(
    `select pg_get_expr(c.relpartbound, c.oid) as bound
     from pg_inherits i join pg_class c on c.oid = inhrelid
     where inhparent = 'shop.calls'::regclass order by 1`,
  );
  expect(bounds.map(({ bound }) => bound)).toEqual([
    "FOR VALUES FROM ('2021-02-28 23:00:00+00') TO ('2021-03-31 22:00:00+00')",
    "FOR VALUES FROM ('2021-03-31 22:00:00+00') TO ('2021-04-30 22:00:00+00')",
  ]);
  expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  // Replaced in place, and never mixed with the months of another zone.
  files.write("2021-03.csv", "id,at\n9,2021-03-01T00:00:00+01:00\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  const moved = specOf(yaml(partitions("Asia/Tokyo"), more), files.folder);
  const error = await run(test.db, moved).then(({ error }) => error, (thrown) => thrown);
  expect([error.code, error.message]).toEqual([
    "plan/partition_taken",
    expect.stringContaining("other bounds"),
  ]);
  expect((await test.db.query("select from shop.calls")).length).toBe(3);
});

for (const mode of ["append", "upsert", "history"]) {
  Deno.test(`${mode}: merged rows stay within the months of their zone`, async () => {
    await using test = await testDatabase();
    using files = workspace({
      "2021-03.csv": "id,at\n1,2021-02-28T23:00:00Z\n2,2021-03-31T22:00:00Z\n",
      "2021-04.csv": "id,at\n2,2021-03-31T22:00:00Z\n",
    });
    const more = `refresh: { mode: ${mode} }\nidempotency_key: [id, at]`;
    const partitions = "by: month, from: 2021-03, to: 2021-04, timezone: Europe/Berlin";
    const spec = specOf(yaml(partitions, more), files.folder);
    expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 2 });
    expect(
      await test.db.query(
        "select id, tableoid::regclass::text as part from shop.calls order by id",
      ),
    )
      .toEqual([
        { id: 1, part: expect.stringContaining("2021_03") },
        { id: 2, part: expect.stringContaining("2021_04") },
      ]);
  });
}

Deno.test("current is the period of the zone's clock, and a day that no clock showed is none", () => {
  const choose = (partitions: string, now: string, asked: readonly string[] = []) =>
    choosePartitions(specOf(yaml(partitions), "."), { partitions: asked }, new Date(now));
  const berlin = "by: month, from: current, to: current, timezone: Europe/Berlin";
  expect(choose(berlin, "2021-02-28T22:59:59Z")).toEqual(["2021-02"]);
  expect(choose(berlin, "2021-02-28T23:00:00Z")).toEqual(["2021-03"]);
  const apia = "by: day, from: 2011-12-29, to: 2011-12-31, timezone: Pacific/Apia";
  expect(choose(apia, "2021-01-01T00:00:00Z")).toEqual(["2011-12-29", "2011-12-31"]);
  expect(() => choose(apia, "2021-01-01T00:00:00Z", ["2011-12-30"])).toThrow("Pacific/Apia had no");
});

Deno.test("a zone that means nothing is refused, and UTC is what it was", () => {
  for (
    const [partitions, message] of [
      ["by: month, from: 2021-01, to: 2021-01, timezone: Mars/Olympus", "is not a time zone"],
      ["by: month, from: 2021-01, to: 2021-01, timezone: '+02:00'", "is not a time zone"],
      [
        "by: hour, from: 2021-01-01T00, to: 2021-01-01T01, timezone: Europe/Berlin",
        "Hours are UTC",
      ],
      ["by: list, values: [a], timezone: Europe/Berlin", 'A list has no "timezone"'],
    ]
  ) {
    const { diagnostics } = loadSpec(yaml(partitions), {
      file: "a.yaml",
      folder: ".",
      variables: {},
    });
    expect([partitions, diagnostics.map(({ message }) => message).join("\n")])
      .toEqual([partitions, expect.stringContaining(message)]);
  }
  const hash = (zone: string) =>
    specOf(yaml(`by: month, from: 2021-01, to: 2021-01${zone}`), ".").hash;
  expect(hash(", timezone: UTC")).toBe(hash(""));
  expect(hash(", timezone: Europe/Berlin")).not.toBe(hash(""));
});

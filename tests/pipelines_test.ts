import { expect } from "packages/expect.ts";
import { yellowParquet } from "../fixtures/tlc_parquet.ts";
import { secretsFrom } from "../src/core/secret.ts";
import type { Database } from "../src/db/database.ts";
import { runPipeline } from "../src/run/mod.ts";
import { loadSpec } from "../src/spec/load_spec.ts";
import type { PipelineSpec } from "../src/spec/pipeline_spec.ts";
import { readSource } from "./data/read_source.ts";
import { readRejects, readTable } from "./data/read_table.ts";
import { expectFile, expectNothing } from "./data/slow_load.ts";
import { ALL, run, testContext } from "./support/pipeline.ts";
import { serveHttp } from "./support/http_server.ts";
import { ledgerDatabase, type TestDatabase } from "./support/postgres.ts";

const FOLDER = new URL("../pipelines/", import.meta.url);
/** Those that need another server lie apart: the folder runs as a whole with nothing set. */
const FILES = ["", "databases/"].flatMap((folder) =>
  [...Deno.readDirSync(new URL(folder, FOLDER))].filter(({ isFile }) => isFile)
    .map(({ name }) => folder + name)
).filter((name) => name.endsWith(".yaml"));

/**
 * What the other samples come to, whose files the oracle of `data/` does not read: their counts, and
 * a query that shows what their pipelines are for.
 */
const SAMPLES: Readonly<
  Record<string, {
    readonly read: number;
    readonly loaded: number;
    readonly sql: string;
    readonly rows: readonly Readonly<Record<string, unknown>>[];
  }>
> = {
  "green_taxi.yaml": {
    read: 1600,
    loaded: 1600,
    sql: `select file_month::text as month, count(*)::int as n, count(passenger_count)::int < 800
      as unknown, count(ehail_fee)::int as fees,
      bool_and(minutes = round(extract(epoch from dropoff_at - pickup_at) / 60, 1)) as minutes
      from ny_taxi.green_trips group by 1 order by 1`,
    rows: ["2021-01-01", "2021-02-01"]
      .map((month) => ({ month, n: 800, unknown: true, fees: 0, minutes: true })),
  },
  "fhv_taxi.yaml": {
    read: 800,
    loaded: 800,
    sql:
      `select bool_and(dispatching_base ~ '^B\\d{5}$') as bases, count(pickup_zone_id) < 500 as rare,
      count(shared_ride)::int as shared from ny_taxi.fhv_trips`,
    rows: [{ bases: true, rare: true, shared: 0 }],
  },
  "flights.yaml": {
    read: 2000,
    loaded: 2000,
    sql:
      `select min(departed_at)::date::text as first, bool_and(is_late = (delay_minutes > 15)) as late,
      count(*) filter (where is_late) > 0 as some from flights.flights`,
    rows: [{ first: "2001-01-01", late: true, some: true }],
  },
  "openflights_routes.yaml": {
    read: 600,
    loaded: 600,
    sql: `select count(*) filter (where cardinality(planes) = 3)::int > 100 as three,
      bool_and(planes[1] ~ '^3\\d\\d$') as planes, count(codeshare)::int as told,
      count(airline_id)::int < 600 as unknown from openflights.routes`,
    rows: [{ three: true, planes: true, told: 600, unknown: true }],
  },
  "openflights_airlines.yaml": {
    read: 150,
    loaded: 150,
    sql: `select count(*)::int as n, bool_and(_current) as current, bool_or(active) as active
      from openflights.airlines`,
    rows: [{ n: 150, current: true, active: true }],
  },
  "earthquakes.yaml": {
    read: 160,
    // One event is told on both days.
    loaded: 160,
    sql: `select count(*)::int as n, min(happened_at)::date::text as first,
      (select happened_at::date::text from usgs.earthquakes where id = 'us-again') as again,
      bool_and(updated_at >= happened_at) as later, bool_or(tsunami) as waves
      from usgs.earthquakes`,
    rows: [{ n: 159, first: "2021-01-01", again: "2021-01-02", later: true, waves: true }],
  },
  "shop_sales.yaml": {
    read: 180,
    loaded: 180,
    sql: `select shop, count(*)::int as n, count(*) filter (where amount < 0)::int > 0 as refunds,
      bool_and(customer_email ~ '^user\\d+@example.org$') as emails,
      bool_and(customer_name ~ '^Customer \\d+$') as names,
      bool_and(sold_at >= '2021-03-01 05:00+00' and sold_at < '2021-03-29 04:00+00') as times,
      bool_and(_source_file like '%/' || shop || '.csv') as files
      from shop.sales group by 1 order by 1`,
    rows: ["harbour", "north", "south"].map((shop) => ({
      shop,
      n: 60,
      refunds: true,
      emails: true,
      names: true,
      times: true,
      files: true,
    })),
  },
  "databases/shop_orders.yaml": {
    read: 720,
    loaded: 720,
    sql: `select count(*)::int as n, count(note)::int as notes,
      count(*) filter (where note = '')::int as empty, bool_and(items[1] = 'tea') as items,
      min(ordered_at)::date::text as first, sum(amount)::text as sum
      from warehouse.shop_orders`,
    rows: [{ n: 720, notes: 288, empty: 144, items: true, first: "2021-01-01", sum: "34096.00" }],
  },
  "weather.yaml": {
    read: 900,
    loaded: 900,
    sql: `select bool_and((celsius is null) = (element in ('PRCP', 'SNOW'))) as celsius,
      bool_and(celsius = value / 10.0) as tenths, min(day)::text as first,
      max(observed_at)::text as time from noaa.daily`,
    rows: [{ celsius: true, tenths: true, first: "2021-01-01", time: "07:00:00" }],
  },
};

for (const name of FILES) {
  const text = Deno.readTextFileSync(new URL(name, FOLDER));

  Deno.test(`pipelines/${name} names the editor's schema in its first line`, () => {
    const up = "../".repeat(name.split("/").length);
    expect(text.split("\n")[0]).toBe(
      `# yaml-language-server: $schema=${up}schemas/pipeline.schema.json`,
    );
  });

  Deno.test(`pipelines/${name} is valid in each of its environments`, () => {
    const environments = environmentsOf(text);
    for (const environment of environments) {
      expect(readSpec(name, text, environment).environment).toBe(environment);
    }
    expect(readSpec(name, text).environment).toBe(environments[0] ?? null);
  });

  Deno.test(`pipelines/${name} says in its first lines what it loads`, () => {
    expect(readSpec(name, text).description?.length).toBeGreaterThan(20);
    expect(text.split("\n").slice(1, 3).map((line) => line.split(":")[0]))
      .toEqual(["pipeline", "description"]);
  });

  Deno.test(`pipelines/${name} loads what its files hold, and nothing the second time`, async () => {
    await using database = await ledgerDatabase();
    await using shop = text.includes("${SHOP_URL}") ? await shopDatabase() : null;
    const variables: Record<string, string> = shop === null ? {} : { SHOP_URL: shop.url };
    const run = async (db: Database, spec: PipelineSpec) => {
      const { context } = testContext(db);
      return await runPipeline(spec, ALL, { ...context, secrets: secretsFrom(variables) });
    };
    const spec = readSpec(name, text);
    const sample = SAMPLES[name];
    if (sample !== undefined) {
      const result = await run(database.db, spec);
      expect(result).toMatchObject({
        error: null,
        status: "succeeded",
        rows_read: sample.read,
        rows_loaded: sample.loaded,
        rows_rejected: sample.read - sample.loaded,
      });
      expect(await database.db.query(sample.sql)).toEqual(sample.rows);
      expect(await run(database.db, spec)).toMatchObject({ status: "unchanged", rows_read: 0 });
      expect(await database.db.query(sample.sql)).toEqual(sample.rows);
      return;
    }
    const result = await run(database.db, spec);
    expect(result.error).toBe(null);
    expect(result.status).toBe("succeeded");

    const expected = expectNothing(spec);
    for (const { source } of result.partitions) {
      expectFile(spec, await readSource(source), expected);
    }
    expect(expected.loaded).toBeGreaterThan(0);
    const rejected = Object.values(expected.rejects).reduce((sum, count) => sum + count, 0);
    expect({
      read: result.rows_read,
      loaded: result.rows_loaded,
      rejected: result.rows_rejected,
      duplicates: result.rows_duplicate,
    }).toEqual({
      read: expected.read,
      loaded: expected.loaded,
      rejected,
      duplicates: expected.duplicates,
    });
    expect(await readRejects(database.db, result.run_id)).toEqual(expected.rejects);
    const table = await readTable(database.db, spec);
    expect(table).toEqual({ rows: expected.loaded, columns: expected.columns });

    const again = await run(database.db, spec);
    expect(again.status).toBe("unchanged");
    expect(again.rows_read).toBe(0);
    expect(await readTable(database.db, spec)).toEqual(table);
  });
}

Deno.test("pipelines/ holds the datasets that the README names", () => {
  for (
    const name of [
      ...["yellow_taxi", "taxi_zones", "openflights_airports", "github_events"],
      ...Object.keys(SAMPLES).map((name) => name.replace(".yaml", "")),
    ]
  ) {
    expect(FILES).toContain(`${name}.yaml`);
  }
});

Deno.test("the benchmark's columns are those of pipelines/yellow_taxi.yaml", () => {
  const bench = Deno.readTextFileSync(new URL("../bench/yellow_month.yaml", FOLDER));
  const taxi = Deno.readTextFileSync(new URL("yellow_taxi.yaml", FOLDER));
  // Its months are those of 2021, and have not the fees of later years.
  const columns = readSpec("yellow_taxi.yaml", taxi).columns.filter(({ name }) =>
    !["airport_fee", "cbd_congestion_fee"].includes(name)
  );
  expect(readSpec("yellow_month.yaml", bench).columns).toEqual(columns);
});

Deno.test("yellow_taxi.yaml --env live loads the commission's Parquet months, with the columns of each year", async () => {
  const months = [[2019, 1], [2021, 1], [2023, 5], [2025, 2]] as const;
  const name = ([year, month]: readonly [number, number]) => `${year}-0${month}`;
  const files = new Map<string, Uint8Array>(months.map((month) =>
    [
      `/yellow_tripdata_${name(month)}.parquet`,
      yellowParquet({ year: month[0], month: month[1], rows: 1200 }),
    ] as const
  ));
  await using server = serveHttp(({ path }) => {
    const body = files.get(path);
    return body === undefined ? { status: 404 } : { body, headers: { etag: `"${path}"` } };
  });
  const text = Deno.readTextFileSync(new URL("yellow_taxi.yaml", FOLDER));
  const spec = readSpec("yellow_taxi.yaml", text, "live", {
    months: `${server.origin}/yellow_tripdata_{month}.parquet`,
  });
  await using database = await ledgerDatabase();
  const result = await run(database.db, spec, { partitions: months.map(name) });
  expect(result.partitions.map(({ partition, status }) => [partition, status]))
    .toEqual(months.map((month) => [name(month), "published"]));
  expect([result.error, result.rows_read]).toEqual([null, 4800]);
  expect(result.rows_loaded + result.rows_rejected + result.rows_duplicate).toBe(4800);
  expect(result.rows_rejected).toBeLessThan(48);
  expect(
    await database.db.query(`select file_month::text as month, count(airport_fee) > 0 as airport,
      count(cbd_congestion_fee) > 0 as cbd, count(passenger_count) < count(*) as unknown
    from ny_taxi.yellow_trips group by 1 order by 1`),
  ).toEqual([
    { month: "2019-01-01", airport: false, cbd: false, unknown: true },
    { month: "2021-01-01", airport: true, cbd: false, unknown: true },
    { month: "2023-05-01", airport: true, cbd: false, unknown: true },
    { month: "2025-02-01", airport: true, cbd: true, unknown: true },
  ]);
});

Deno.test("a format may be a variable, and nothing else", () => {
  const yaml = (format: string, vars = "vars: { kind: json, other: '{kind}' }") =>
    `pipeline: x\nenvironments: { a: { ${vars} } }\nsource: { url: x, format: ${format} }\n` +
    "target: { table: x }\ncolumns: { a: text }\n";
  const read = (text: string, set: Readonly<Record<string, string>> = {}) => {
    const { spec, diagnostics } = loadSpec(text, {
      file: "x.yaml",
      folder: ".",
      variables: {},
      set,
    });
    return spec?.source.format.type ?? diagnostics.map(({ message }) => message).join("\n");
  };
  expect(read(yaml('"{kind}"'))).toBe("json");
  expect(read(yaml('"{kind}"'), { kind: "ndjson" })).toBe("ndjson");
  expect(read(yaml('"{kind}"', "vars: {}"), { kind: "parquet" })).toBe("parquet");
  for (
    const [format, message] of [
      ['"{nope}"', '"{nope}" has no value'],
      ['"{other}"', "{kind}"],
      ['"{month}"', "{month}"],
      ['"x{kind}"', "x{kind}"],
    ]
  ) expect([format, read(yaml(format))]).toEqual([format, expect.stringContaining(message)]);
  expect(read(yaml('"{kind}"'), { kind: "docx" })).toContain("docx");
  expect(read(yaml('"{kind}"'), { kindd: "csv" })).toContain("kindd");
});

/** A database as the fixture makes it. */
async function shopDatabase(): Promise<TestDatabase> {
  const shop = await ledgerDatabase();
  await shop.db.query(
    Deno.readTextFileSync(new URL("../fixtures/shop_database.sql", import.meta.url)),
  );
  return shop;
}

function readSpec(
  name: string,
  text: string,
  environment?: string,
  set: Readonly<Record<string, string>> = {},
): PipelineSpec {
  const { spec, diagnostics } = loadSpec(text, {
    file: `pipelines/${name}`,
    folder: Deno.realPathSync(new URL(".", new URL(name, FOLDER))),
    variables: name.includes("/") ? { SHOP_URL: "postgres://h/db" } : {},
    set,
    ...(environment === undefined ? {} : { environment }),
  });
  expect(diagnostics.map(({ start, message }) => `${start.line}: ${message}`)).toEqual([]);
  return spec!;
}

/** Names under `environments:`, found by their indentation. */
function environmentsOf(text: string): string[] {
  const block = /^environments:.*\n((?:[ \t].*\n|\n)*)/m.exec(text)?.[1] ?? "";
  return [...block.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]);
}

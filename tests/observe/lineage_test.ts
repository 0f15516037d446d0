import { expect } from "packages/expect.ts";
import { sourceDataset, targetDataset } from "../../src/observe/lineage/dataset.ts";
import { lineage } from "../../src/observe/lineage/lineage.ts";
import type { LineageEvent } from "../../src/observe/lineage/lineage_event.ts";
import { lineageSender } from "../../src/observe/lineage/send.ts";
import { lineageSettings } from "../../src/observe/lineage/lineage_settings.ts";
import type { ObservedEvent } from "../../src/observe/observer.ts";
import { EVENTS, partitionResult, RUN, runResult, specNamed } from "../cli/support.ts";
import { lineageFaults } from "./lineage_rules.ts";
import { deafOrigin, receiver, stillClock } from "./support.ts";

const PARENT = "5f2f6b0a-0000-4000-8000-000000000009";
const DATABASE = "postgres://loader@db.example:5433/ware%20house";
const ERROR = { code: "source/http_status", message: "503", retry: "later" } as const;

const SPEC = {
  ...specNamed("trips", "trips.yaml"),
  description: "Trips of taxis",
  columns: [
    { name: "id", type: { name: "bigint" } },
    { name: "fare", type: { name: "numeric", precision: 10, scale: 2 } },
  ],
} as never;

/** What a run of these events sends. */
async function sent(
  events: readonly ObservedEvent[],
  variables: Record<string, string> = {},
): Promise<LineageEvent[]> {
  const found: LineageEvent[] = [];
  const settings = lineageSettings({ OPENLINEAGE_URL: "http://x", ...variables }, null)!;
  const observer = lineage({
    settings,
    spec: SPEC,
    database: DATABASE,
    version: "1.2.3",
    clock: stillClock(),
    send: (event) => Promise.resolve(void found.push(event)),
    warn() {},
  });
  for (const event of events) observer.observe(event);
  await observer.close();
  return found;
}

function finished(result: typeof RUN): ObservedEvent[] {
  return [EVENTS[0], { type: "run_finished", runId: null, result }];
}

Deno.test("lineage() tells START and COMPLETE as the standard has them", async () => {
  const events = await sent(EVENTS, { OPENLINEAGE_PARENT_ID: `airflow/dag.task/a/${PARENT}` });
  expect(events.map(({ eventType }) => eventType)).toEqual(["START", "COMPLETE"]);
  for (const event of events) {
    expect(lineageFaults(JSON.parse(JSON.stringify(event)))).toEqual([]);
    expect(event.run.runId).toBe(RUN.run_id);
    expect(event.job).toMatchObject({ namespace: "sluice", name: "trips" });
    expect(event.run.facets.parent).toMatchObject({
      run: { runId: PARENT },
      job: { namespace: "airflow", name: "dag.task/a" },
    });
    expect(event.job.facets.documentation).toMatchObject({ description: "Trips of taxis" });
    expect(event.job.facets).not.toHaveProperty("sql");
  }
  const [, complete] = events;
  expect(complete.inputs).toMatchObject([{ namespace: "file", name: "data/2021-01.csv" }]);
  expect(complete.outputs).toMatchObject([{
    namespace: "postgres://db.example:5433",
    name: "ware house.ny.trips",
    facets: {
      schema: {
        fields: [{ name: "id", type: "bigint" }, { name: "fare", type: "numeric(10,2)" }],
      },
    },
    outputFacets: { outputStatistics: { rowCount: 9_960 } },
  }]);
});

Deno.test("lineageFaults() finds what is wrong, or the tests here would prove nothing", async () => {
  const [event] = await sent(EVENTS);
  // deno-lint-ignore no-explicit-any
  const broken: readonly [(event: any) => void, string][] = [
    [(event) => event.eventType = "DONE", "eventType is none of the standard's"],
    [(event) => event.eventTime = "now", "eventTime is no RFC 3339 time"],
    [(event) => event.run.runId = "7", "run.runId is no UUID"],
    [(event) => delete event.schemaURL, "schemaURL is no URI"],
    [(event) => event.outputs[0].name = "", "a dataset has no name"],
    [(event) => delete event.job.facets.jobType._producer, "job facet jobType has no _producer"],
    [
      (event) => event.run.facets.mine = { _producer: "urn:x:y" },
      "run facet mine is not known here",
    ],
    [
      (event) => delete event.outputs[0].facets.schema.fields[0].name,
      "dataset facet schema lacks what SchemaDatasetFacet requires",
    ],
  ];
  for (const [breakIt, fault] of broken) {
    const copy = JSON.parse(JSON.stringify(event));
    breakIt(copy);
    expect(lineageFaults(copy)).toContain(fault);
  }
});

Deno.test("lineage() ends a run as it ended", async () => {
  for (
    const [status, type] of [
      ["unchanged", "COMPLETE"],
      ["failed", "FAIL"],
      ["refused", "FAIL"],
      ["interrupted", "ABORT"],
    ] as const
  ) {
    const error = type === "FAIL" ? ERROR : null;
    const partition = partitionResult({ status: status === "unchanged" ? "unchanged" : "failed" });
    const [, end] = await sent(finished(runResult([partition], { status, error })));
    expect([status, end.eventType]).toEqual([status, type]);
    expect(lineageFaults(JSON.parse(JSON.stringify(end)))).toEqual([]);
    expect(end.outputs[0]).not.toHaveProperty("outputFacets");
    expect(end.inputs).toHaveLength(status === "unchanged" ? 0 : 1);
    if (error !== null) {
      expect(end.run.facets.errorMessage).toMatchObject({ message: "source/http_status: 503" });
    }
  }
});

Deno.test("lineage() fails a run that broke off, and is silent on one that never began", async () => {
  const failed = {
    type: "run_failed",
    pipeline: "trips",
    target: "ny.trips",
    runId: RUN.run_id,
    status: "failed",
    seconds: 1,
    error: ERROR,
  } as const;
  expect((await sent([EVENTS[0], failed])).map(({ eventType }) => eventType))
    .toEqual(["START", "FAIL"]);
  expect(await sent([{ ...failed, runId: null }])).toEqual([]);
});

Deno.test("lineageSettings() reads the variables of OpenLineage's clients", () => {
  expect(lineageSettings({}, null)).toBe(null);
  expect(lineageSettings({ OPENLINEAGE_URL: "" }, null)).toBe(null);
  expect(lineageSettings({ OPENLINEAGE_URL: "http://x", OPENLINEAGE_DISABLED: "true" }, "/f"))
    .toBe(null);
  expect(lineageSettings({ OPENLINEAGE_URL: "http://x/" }, null)).toEqual({
    url: "http://x/api/v1/lineage",
    file: null,
    namespace: "sluice",
    apiKey: null,
    parent: null,
  });
  expect(lineageSettings({
    OPENLINEAGE_URL: "http://x/base",
    OPENLINEAGE_ENDPOINT: "/lineage",
    OPENLINEAGE_NAMESPACE: "prod",
    OPENLINEAGE_API_KEY: "k",
    OPENLINEAGE_PARENT_ID: "no parent",
  }, "/f")).toMatchObject({
    url: "http://x/base/lineage",
    namespace: "prod",
    apiKey: "k",
    parent: null,
  });
});

Deno.test("sourceDataset() names a source by its server and path, never by its query", () => {
  const name = (url: string) => {
    const { namespace, name, facets } = sourceDataset(url, "1");
    return [namespace, name, facets.dataSource.uri];
  };
  expect(name("https://host:8080/a%20b/c.csv?token=SECRET#x")).toEqual([
    "https://host:8080",
    "/a b/c.csv",
    "https://host:8080/a%20b/c.csv",
  ]);
  expect(name("https://user:***@host/c.csv")).toEqual([
    "https://host",
    "/c.csv",
    "https://host/c.csv",
  ]);
  expect(name("postgres://reader:***@db.example/my%20shop?sslmode=require#live.orders")).toEqual([
    "postgres://db.example:5432",
    "my shop.live.orders",
    "postgres://db.example:5432/my%20shop",
  ]);
  expect(name("postgresql://u@[::1]:6000/shop#orders").slice(0, 2)).toEqual([
    "postgres://[::1]:6000",
    "shop.public.orders",
  ]);
  expect(name("postgres://h/shop#query").slice(0, 2)).toEqual(["postgres://h:5432", "shop"]);
  expect(name("${SHOP_URL}#live.orders").slice(0, 2)).toEqual(["file", "${SHOP_URL}#live.orders"]);
  expect(name("s3://bucket/key/x.csv")).toEqual([
    "s3://bucket",
    "/key/x.csv",
    "s3://bucket/key/x.csv",
  ]);
  expect(name("/data/a b.csv")).toEqual(["file", "/data/a b.csv", "file:///data/a%20b.csv"]);
  expect(name("file:///data/a%20b.csv")[1]).toBe("/data/a b.csv");
  expect(targetDataset(SPEC, "postgres://u@%2Ftmp/d", "1").namespace).toBe("postgres://%2Ftmp");
});

Deno.test("lineageSender() posts with the key and appends to the file", async () => {
  await using server = receiver();
  const file = await Deno.makeTempFile();
  const settings = lineageSettings(
    { OPENLINEAGE_URL: server.origin, OPENLINEAGE_API_KEY: "key" },
    file,
  )!;
  const send = lineageSender(settings, { clock: stillClock(), random: () => 1, fetch });
  const events = await sent(EVENTS);
  for (const event of events) await send(event);
  expect(server.received.map(({ path, headers, body }) => [
    path,
    headers.get("authorization"),
    JSON.parse(body).eventType,
  ])).toEqual([
    ["/api/v1/lineage", "Bearer key", "START"],
    ["/api/v1/lineage", "Bearer key", "COMPLETE"],
  ]);
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).eventType)).toEqual(["START", "COMPLETE"]);
  await Deno.remove(file);
});

Deno.test("lineage() makes a warning of what does not arrive, and goes on", async () => {
  const warnings: string[] = [];
  const url = deafOrigin();
  const folder = await Deno.makeTempDir();
  for (
    const settings of [
      lineageSettings({ OPENLINEAGE_URL: url }, null)!,
      lineageSettings({}, `${folder}/none/x.jsonl`)!,
    ]
  ) {
    const clock = stillClock();
    const observer = lineage({
      settings,
      spec: SPEC,
      database: DATABASE,
      version: "1",
      clock,
      send: lineageSender(settings, { clock, random: () => 1, fetch }),
      warn: (message) => void warnings.push(message),
    });
    for (const event of EVENTS) observer.observe(event);
    await observer.close();
  }
  await Deno.remove(folder, { recursive: true });
  const { host } = new URL(url);
  expect(warnings.map((text) => text.replaceAll(folder, "FOLDER"))).toEqual([
    `The OpenLineage event START was not delivered: ${host} could not be reached in 4 attempts`,
    `The OpenLineage event COMPLETE was not delivered: ${host} could not be reached in 4 attempts`,
    'The OpenLineage event START was not delivered: the file "FOLDER/none/x.jsonl": its folder does not exist',
    'The OpenLineage event COMPLETE was not delivered: the file "FOLDER/none/x.jsonl": its folder does not exist',
  ]);
});

import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { sluiceProcess } from "./sluice.ts";
import { type Received, receiver } from "./support.ts";

const YAML = `
pipeline: things
partitions: { by: month, from: 2021-01, to: 2021-02 }
source: { url: "SOURCE/{month}.csv?key=\${KEY}" }
target: { table: shop.things }
refresh: { mode: partition }
columns: { id: { type: integer, required: true }, name: text }
rejects: { limit: 5 }
`;

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
}

Deno.test("a run has a span for itself, each partition and each stage, and metrics", async () => {
  await using test = await ledgerDatabase();
  await using server = receiver(({ path, method }) => {
    if (path.startsWith("/2021-01.csv")) return new Response("id,name\n1,a\nx,b\n");
    return new Response("{}", {
      // It is there when the run is planned, and may not be read then.
      status: path.startsWith("/2021-02.csv") && method === "GET" ? 403 : 200,
      headers: { "content-type": "application/json" },
    });
  });
  using files = workspace({ "things.yaml": YAML.replace("SOURCE", server.origin) });
  const { code, err } = await sluiceProcess(
    [],
    files.folder,
    {
      DATABASE_URL: test.url,
      KEY: "canary-key",
      OTEL_DENO: "true",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
      OTEL_EXPORTER_OTLP_ENDPOINT: server.origin,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      TRACEPARENT: `00-${TRACE}-${PARENT}-01`,
    },
    "run",
    "things.yaml",
  );
  expect({ code, err: code === 1 ? "" : err }).toEqual({ code: 1, err: "" });
  expect(err).not.toContain("OTEL_TRACES_SAMPLER");
  const spans = spansOf(server.received);
  // None of Deno's own, for requests: they would tell the key in the URL.
  expect(spans.map(({ name }) => name).sort()).toEqual([
    "partition 2021-01",
    "partition 2021-02",
    "run things",
    "stage load",
    "stage publish",
    "stage rows",
    "stage source",
    "stage source",
  ]);
  expect(
    server.received.filter(({ path }) => path.startsWith("/2021")).map(({ headers }) =>
      headers.get("traceparent")
    ).every((header) => header === null),
  ).toBe(true);
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [run] = named("run things");
  const [january] = named("partition 2021-01");
  const [february] = named("partition 2021-02");
  expect([run.traceId, run.parentSpanId]).toEqual([TRACE, PARENT]);
  expect(run.status.code).toBe(2);
  expect(run.attributes).toMatchObject({
    "sluice.pipeline": "things",
    "sluice.target": "shop.things",
    "sluice.status": "failed",
    "sluice.rows_loaded": 1,
    "error.type": "source/forbidden",
  });
  for (const partition of [january, february]) expect(partition.parentSpanId).toBe(run.spanId);
  expect(january.attributes).toMatchObject({
    "sluice.partition": "2021-01",
    "sluice.rows_rejected": 1,
    "sluice.version": 1,
  });
  expect(february.status.code).toBe(2);
  for (const name of ["rows", "load", "publish"]) {
    const [stage] = named(`stage ${name}`);
    expect(stage.parentSpanId).toBe(january.spanId);
    expect(Number(stage.startTimeUnixNano)).toBeGreaterThanOrEqual(
      Number(january.startTimeUnixNano),
    );
    expect(Number(stage.endTimeUnixNano)).toBeLessThanOrEqual(Number(january.endTimeUnixNano));
  }
  const failed = named("stage source").filter(({ status }) => status.code === 2);
  expect(failed.map(({ parentSpanId }) => parentSpanId)).toEqual([february.spanId]);

  const metrics = metricsOf(server.received);
  expect(metrics.get("sluice.rows")).toEqual([
    [{ "sluice.outcome": "loaded" }, 1],
    [{ "sluice.outcome": "rejected" }, 1],
  ]);
  expect([...metrics.keys()].filter((name) => name.startsWith("sluice.")).sort()).toEqual([
    "sluice.bytes",
    "sluice.lock.wait",
    "sluice.rows",
    "sluice.run.duration",
    "sluice.runs",
    "sluice.stage.duration",
  ]);
  expect(metrics.get("sluice.runs")).toEqual([[{ "sluice.status": "failed" }, 1]]);
  expect(
    metrics.get("sluice.stage.duration")!.map(([labels, count]) => [
      labels["sluice.stage"],
      count,
    ]).sort(),
  ).toEqual([["load", "1"], ["publish", "1"], ["rows", "1"], ["source", "2"]]);
  for (const { path, body } of server.received) {
    if (path.startsWith("/v1/")) expect(body).not.toContain("canary-key");
  }
});

Deno.test("tracing that would tell the URLs of requests is warned of; none is silent", async () => {
  using files = workspace({ "things.yaml": "pipeline: {" });
  const warning = "warning: Deno traces each HTTP request with its whole URL";
  const validate = (env: Record<string, string>) =>
    sluiceProcess([], files.folder, env, "validate", "things.yaml");
  await using server = receiver(() => new Response("{}"));
  const OTEL_EXPORTER_OTLP_ENDPOINT = server.origin;
  const traced = await validate({ OTEL_DENO: "true", OTEL_EXPORTER_OTLP_ENDPOINT });
  expect(traced.err).toContain(warning);
  expect((await validate({})).err).not.toContain(warning);
});

// deno-lint-ignore no-explicit-any
type Json = any;

function spansOf(received: readonly Received[]): Span[] {
  return received.filter(({ path }) => path === "/v1/traces").flatMap(({ body }) =>
    JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }: Json) =>
      scopeSpans.flatMap(({ spans }: Json) =>
        spans.map((span: Json) => ({ ...span, attributes: attributesOf(span.attributes) }))
      )
    )
  );
}

/** Of each metric its points: the labels beside pipeline and target, and the value or the count. */
function metricsOf(
  received: readonly Received[],
): Map<string, readonly [Record<string, unknown>, unknown][]> {
  const last = received.filter(({ path }) => path === "/v1/metrics").at(-1)!;
  return new Map(
    JSON.parse(last.body).resourceMetrics.flatMap(({ scopeMetrics }: Json) =>
      scopeMetrics.flatMap(({ metrics }: Json) =>
        metrics.map(({ name, sum, histogram }: Json) => [
          name,
          (sum ?? histogram).dataPoints.map((point: Json) => {
            const labels = attributesOf(point.attributes);
            delete labels["sluice.pipeline"];
            delete labels["sluice.target"];
            return [labels, point.asDouble ?? point.count];
          }).sort((a: Json, b: Json) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1),
        ])
      )
    ),
  );
}

function attributesOf(list: readonly Json[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => {
    const [text] = Object.values(value);
    return [key, "intValue" in value ? Number(text) : text];
  }));
}

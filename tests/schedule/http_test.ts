import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { DatabaseLink } from "../../src/schedule/database_link.ts";
import { isLoopback } from "../../src/schedule/http/authorize.ts";
import { listen } from "../../src/schedule/http/listen.ts";
import { answer, type HttpHost } from "../../src/schedule/http/routes.ts";
import { overviewOf } from "../../src/schedule/overview.ts";
import type { Triggered } from "../../src/schedule/scheduler.ts";
import type { RunRequest } from "../../src/schedule/scheduler_host.ts";
import { scheduleMetrics } from "../../src/schedule/schedule_metrics.ts";
import { RUN } from "../cli/support.ts";
import { served } from "./scheduler_harness.ts";
import { at, schedule } from "./support.ts";

const TOKEN = "0123456789abcdef0123";
const NOW = at("2026-03-07T12:00");

const LAST = {
  tick: "2026-03-06T11:00:00.000Z",
  attempt: 2,
  state: "done",
  retry_at: null,
  owner: "here/1",
  started_at: "2026-03-06T11:00:01.000Z",
  ended_at: "2026-03-06T11:00:09.000Z",
  run_id: null,
  status: "failed",
  error: { code: "db/x", message: "password is hunter2hunter2", retry: "never" },
} as const;

const OVERVIEW = overviewOf(
  [
    {
      ...served("trips", schedule("0 6 * * *", { timezone: "America/New_York" })),
      running: false,
      record: {
        pipeline: "trips",
        cron: "0 6 * * *",
        timezone: "America/New_York",
        since: NOW,
        tick: at("2026-03-06T11:00"),
        attempt: 2,
        state: "done",
        retryAt: null,
        last: LAST,
      },
    },
    { ...served("zones", null), running: true, record: null },
  ],
  new Map([["broken.yaml", { served: null, fault: "broken.yaml:1:1 wrong" }]]),
  NOW,
);

/** A host whose parts a test replaces. */
function host(changes: Partial<HttpHost> = {}, triggered?: Triggered): HttpHost {
  return {
    access: { token: TOKEN, loopback: true },
    scheduler: {
      stopping: false,
      reachable: true,
      trigger: () => Promise.resolve(triggered ?? { kind: "running" }),
    },
    overview: () => OVERVIEW,
    answers: () => Promise.resolve(true),
    database: () => Promise.resolve(database([])),
    clock: systemClock,
    metrics: () => Promise.resolve("up 1\n"),
    secrets: { redact: (text) => text.replaceAll("hunter2hunter2", "***") },
    report() {},
    ...changes,
  };
}

function database(rows: readonly unknown[]): Queryable {
  return { query: () => Promise.resolve([...rows] as never) };
}

function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://127.0.0.1:8080${path}`, { headers });
}

function post(
  body: string | ReadableStream<Uint8Array>,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
  type = "application/json",
): Request {
  return new Request("http://127.0.0.1:8080/runs", {
    method: "POST",
    headers: { ...headers, ...(type === "" ? {} : { "content-type": type }) },
    body,
  });
}

async function codeOf(request: Request, to: HttpHost = host()): Promise<[number, string]> {
  const response = await answer(request, to);
  const { error } = await response.json();
  expect(typeof error.message).toBe("string");
  return [response.status, error.code];
}

Deno.test("/healthz answers without a token, whoever asks", async () => {
  const to = host({ access: { token: TOKEN, loopback: false } });
  const response = await answer(get("/healthz"), to);
  expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
});

Deno.test("/readyz says whether the database answers", async () => {
  const ready = async (changes: Partial<HttpHost>) => {
    const response = await answer(get("/readyz"), host(changes));
    return [response.status, await response.text()];
  };
  expect(await ready({})).toEqual([200, "ready\n"]);
  const away = [503, "the database does not answer\n"];
  expect(await ready({ answers: () => Promise.resolve(false) })).toEqual(away);
  const scheduler = { ...host().scheduler, stopping: true };
  expect(await ready({ scheduler })).toEqual([503, "stopping\n"]);
  const unusable = { ...host().scheduler, reachable: false };
  expect(await ready({ scheduler: unusable })).toEqual([503, "the ledger cannot be used yet\n"]);
});

Deno.test("DatabaseLink.answers() waits neither for one that hangs nor for one that is away", async () => {
  const clock = { ...systemClock, sleep: () => systemClock.sleep(30) };
  const linkOf = (query: Queryable["query"]) =>
    new DatabaseLink(() =>
      Promise.resolve({
        db: { query } as Database,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      })
    );
  expect(await linkOf(() => Promise.resolve([])).answers(clock)).toBe(true);
  expect(await linkOf(() => Promise.reject(new Error("broken"))).answers(clock)).toBe(false);
  expect(await linkOf(() => new Promise(() => {})).answers(clock)).toBe(false);
  const away = new DatabaseLink(() => Promise.reject(new Error("away")));
  expect(await away.answers(clock)).toBe(false);
});

Deno.test("on loopback reading needs no token, but its own name", async () => {
  for (const path of ["/schedule", "/runs", "/metrics"]) {
    const response = await answer(get(path), host());
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  const strange = new Request("http://evil.example:8080/schedule");
  expect(await codeOf(strange)).toEqual([403, "http/strange_host"]);
  for (const name of ["localhost", "[::1]", "127.0.0.1"]) {
    const response = await answer(new Request(`http://${name}:8080/schedule`), host());
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
});

Deno.test("elsewhere everything but health needs the token", async () => {
  const open = host({ access: { token: TOKEN, loopback: false } });
  for (const path of ["/schedule", "/runs", "/metrics", "/", "/runs/x", "/nothing"]) {
    expect(await codeOf(get(path), open)).toEqual([401, "http/no_token"]);
    expect(await codeOf(get(path, { authorization: `Bearer ${TOKEN}x` }), open))
      .toEqual([401, "http/wrong_token"]);
    expect(await codeOf(get(path, { authorization: `Basic ${TOKEN}` }), open))
      .toEqual([401, "http/no_token"]);
  }
  const response = await answer(get("/metrics", { authorization: `bearer ${TOKEN}` }), open);
  expect([response.status, await response.text()]).toEqual([200, "up 1\n"]);
});

Deno.test("doing something needs the token on loopback too, and there must be one", async () => {
  const body = '{"pipeline": "trips"}';
  expect(await codeOf(post(body, {}))).toEqual([401, "http/no_token"]);
  expect(await codeOf(post(body, { authorization: "Bearer 0123" })))
    .toEqual([401, "http/wrong_token"]);
  const none = host({ access: { token: null, loopback: true } });
  expect(await codeOf(post(body), none)).toEqual([403, "http/token_not_set"]);
  const response = await answer(post(body, {}), host());
  expect(response.headers.get("www-authenticate")).toBe('Bearer realm="sluice"');
  await response.body?.cancel();
});

Deno.test("POST /runs starts a run and says where it is shown", async () => {
  const asked: (RunRequest & { pipeline: string })[] = [];
  const to = host({
    scheduler: {
      stopping: false,
      reachable: true,
      trigger(pipeline, request) {
        asked.push({ pipeline, ...request });
        return Promise.resolve({ kind: "started", runId: RUN.run_id });
      },
    },
  });
  const body = { pipeline: "trips", partitions: ["2021-02"], force: true };
  const response = await answer(post(JSON.stringify(body)), to);
  expect(response.status).toBe(202);
  expect(response.headers.get("location")).toBe(`/runs/${RUN.run_id}`);
  expect(await response.json()).toEqual({
    run_id: RUN.run_id,
    pipeline: "trips",
    status: "running",
  });
  await (await answer(post('{"pipeline": "trips"}'), to)).body?.cancel();
  expect(asked).toEqual([body, { pipeline: "trips", partitions: [], force: false }]);
});

Deno.test("POST /runs says why it does not start a run", async () => {
  const ended = (error: SluiceError): Triggered => ({
    kind: "ended",
    outcome: { result: null, error: error.toJSON(), interrupted: false },
  });
  const cases: readonly [Triggered, number, string][] = [
    [{ kind: "running" }, 409, "http/running"],
    [{ kind: "busy" }, 503, "http/busy"],
    [{ kind: "stopping" }, 503, "http/stopping"],
    [{ kind: "away" }, 503, "http/database_away"],
    [{ kind: "no_such_pipeline" }, 404, "http/no_such_pipeline"],
    [
      ended(new SluiceError("ledger/target_locked", "Locked", { retry: "later" })),
      409,
      "ledger/target_locked",
    ],
    [ended(new SluiceError("db/unreachable", "Away", { retry: "later" })), 503, "db/unreachable"],
    [ended(new SluiceError("cli/unknown_partition", "None")), 400, "cli/unknown_partition"],
    [ended(new SluiceError("plan/target_differs", "Differs")), 500, "plan/target_differs"],
  ];
  for (const [triggered, status, code] of cases) {
    expect(await codeOf(post('{"pipeline": "trips"}'), host({}, triggered)))
      .toEqual([status, code]);
  }
  const over = {
    kind: "ended",
    outcome: { result: RUN, error: null, interrupted: false },
  } as const;
  const response = await answer(post('{"pipeline": "trips"}'), host({}, over));
  expect([response.status, (await response.json()).status]).toEqual([200, "succeeded"]);
});

Deno.test("POST /runs takes exactly what it knows", async () => {
  const cases: readonly [string, string][] = [
    ["[]", "The body is not an object"],
    ["null", "The body is not an object"],
    ['{"pipelin": "trips"}', 'There is no key "pipelin"'],
    ["{}", '"pipeline" must be the name of a pipeline'],
    ['{"pipeline": 1}', '"pipeline" must be the name of a pipeline'],
    ['{"pipeline": "a", "force": "yes"}', '"force" must be true or false'],
    ['{"pipeline": "a", "partitions": "x"}', '"partitions" must be a list of texts'],
    ['{"pipeline": "a", "partitions": [1]}', '"partitions" must be a list of texts'],
  ];
  for (const [body, message] of cases) {
    const response = await answer(post(body), host());
    expect(response.status).toBe(400);
    const { error } = await response.json();
    expect(error.code).toBe("http/wrong_request");
    expect(error.message).toContain(message);
  }
  const many = JSON.stringify({ pipeline: "a", partitions: Array(1001).fill("x") });
  expect(await codeOf(post(many))).toEqual([400, "http/wrong_request"]);
  const { error } = await (await answer(post('{"pipelin": "a"}'), host())).json();
  expect(error.hint).toBe('Did you mean "pipeline"?');
});

Deno.test("POST /runs takes JSON only, of a reasonable length, that arrives in time", async () => {
  expect(await codeOf(post("{", undefined))).toEqual([400, "http/not_json"]);
  expect(await codeOf(post("{}", undefined, "text/plain"))).toEqual([415, "http/not_json"]);
  expect(await codeOf(post(`{"pipeline": "${"x".repeat(70_000)}"}`)))
    .toEqual([413, "http/too_long"]);
  const clock = { ...systemClock, sleep: () => systemClock.sleep(20) };
  const endless = new ReadableStream<Uint8Array>({});
  expect(await codeOf(post(endless), host({ clock }))).toEqual([408, "http/too_slow"]);
  const broken = new ReadableStream<Uint8Array>({
    pull: () => Promise.reject(new Error("gone")),
  });
  expect(await codeOf(post(broken))).toEqual([400, "http/cut_short"]);
});

Deno.test("GET /runs and /runs/<id> show runs, and check what they are asked", async () => {
  const params: unknown[][] = [];
  const recording: Queryable = {
    query(_sql, given) {
      params.push([...given ?? []]);
      return Promise.resolve([{ run_id: RUN.run_id, rows_read: 2n ** 60n }] as never);
    },
  };
  const to = host({ database: () => Promise.resolve(recording) });
  const { runs } = await (await answer(get("/runs?pipeline=trips&limit=7"), to)).json();
  expect(runs).toEqual([{ run_id: RUN.run_id, rows_read: String(2n ** 60n) }]);
  const one = await (await answer(get(`/runs/${RUN.run_id}`), to)).json();
  expect(one.run_id).toBe(RUN.run_id);
  expect(params).toEqual([["trips", undefined, 7], [undefined, RUN.run_id, 1]]);
  const started = { started: "2026-01-31 12:00:00", status: "running" };
  for (const [ids, status] of [[[RUN.run_id], 200], [[RUN.run_id, "another"], 409], [[], 404]]) {
    const found = (ids as string[]).map((id) => ({ id, run_id: id, ...started }));
    const db: Queryable = { query: () => Promise.resolve(found as never) };
    const to = host({ database: () => Promise.resolve(db) });
    const answered = await answer(get(`/runs/${RUN.run_id.slice(0, 8)}`), to);
    const body = await answered.json();
    expect([answered.status, body.run_id ?? body.error.code]).toEqual([
      status,
      { 200: RUN.run_id, 409: "ledger/ambiguous_run", 404: "http/no_such_run" }[status as number],
    ]);
  }
  const away = host({ answers: () => Promise.resolve(false) });
  for (const path of ["/runs", `/runs/${RUN.run_id}`]) {
    expect(await codeOf(get(path), away)).toEqual([503, "http/database_away"]);
  }
  for (const limit of ["0", "501", "x", "1.5"]) {
    expect(await codeOf(get(`/runs?limit=${limit}`), to)).toEqual([400, "http/wrong_request"]);
  }
  expect(await codeOf(get(`/runs/${RUN.run_id}`))).toEqual([404, "http/no_such_run"]);
});

Deno.test("other pages and methods are refused by name", async () => {
  expect(await codeOf(get("/nothing"))).toEqual([404, "http/no_such_page"]);
  const authorization = `Bearer ${TOKEN}`;
  for (const path of ["/schedule", "/metrics", `/runs/${RUN.run_id}`]) {
    const request = new Request(`http://127.0.0.1${path}`, {
      method: "DELETE",
      headers: { authorization },
    });
    expect(await codeOf(request)).toEqual([405, "http/method_not_allowed"]);
  }
  const put = new Request("http://127.0.0.1/runs", { method: "PUT", headers: { authorization } });
  const response = await answer(put, host());
  expect(response.headers.get("allow")).toBe("GET, POST");
  await response.body?.cancel();
});

Deno.test("errors are answered in JSON, without secrets; bugs are reported", async () => {
  const away = new SluiceError("db/unreachable", "Away with hunter2hunter2", { retry: "later" });
  const response = await answer(get("/runs"), host({ database: () => Promise.reject(away) }));
  expect(response.status).toBe(503);
  expect((await response.json()).error.message).toBe("Away with ***");
  const reported: unknown[] = [];
  const bug = new TypeError("x is undefined");
  expect(
    await codeOf(
      get("/schedule"),
      host({
        overview: () => {
          throw bug;
        },
        report: (error) => reported.push(error),
      }),
    ),
  ).toEqual([500, "core/bug"]);
  expect(reported).toEqual([bug]);
});

Deno.test("GET /schedule shows next starts, last ticks and broken files, without secrets", async () => {
  const body = await (await answer(get("/schedule"), host())).json();
  expect(body).toEqual({
    now: "2026-03-07T12:00:00.000Z",
    pipelines: [
      {
        pipeline: "trips",
        file: "trips.yaml",
        cron: "0 6 * * *",
        timezone: "America/New_York",
        next: ["2026-03-08T10:00:00.000Z", "2026-03-09T10:00:00.000Z", "2026-03-10T10:00:00.000Z"],
        running: false,
        last: { ...LAST, error: { ...LAST.error, message: "password is ***" } },
      },
      {
        pipeline: "zones",
        file: "zones.yaml",
        cron: null,
        timezone: null,
        next: [],
        running: true,
        last: null,
      },
    ],
    broken: [{ file: "broken.yaml", kept: false, message: "broken.yaml:1:1 wrong" }],
  });
});

Deno.test("scheduleMetrics() tells what an alert needs", () => {
  expect(scheduleMetrics(OVERVIEW, false).split("\n").filter((line) => !line.startsWith("#")))
    .toEqual([
      "sluice_serve_database_up 0",
      "sluice_serve_pipelines 2",
      "sluice_serve_broken_files 1",
      `sluice_schedule_next_start_timestamp_seconds{pipeline="trips"} ${
        at("2026-03-08T10:00").getTime() / 1000
      }`,
      `sluice_schedule_last_tick_timestamp_seconds{pipeline="trips"} ${
        at("2026-03-06T11:00").getTime() / 1000
      }`,
      'sluice_schedule_attempts{pipeline="trips"} 2',
      'sluice_schedule_failed{pipeline="trips"} 1',
      "",
    ]);
});

Deno.test("isLoopback() knows what only this machine reaches", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) {
    expect(isLoopback(host)).toBe(true);
  }
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "example.com"]) {
    expect(isLoopback(host)).toBe(false);
  }
});

Deno.test("listen() says why it cannot", async () => {
  const ok = () => Promise.resolve(new Response("ok"));
  await using server = listen({ host: "127.0.0.1", port: 0 }, ok);
  const port = Number(new URL(server.origin).port);
  expect(await (await fetch(server.origin)).text()).toBe("ok");
  expect(() => listen({ host: "127.0.0.1", port }, ok)).toThrow(/Cannot listen on 127.0.0.1/);
  expect(() => listen({ host: "not an address", port: 0 }, ok)).toThrow(SluiceError);
});

import { migrate } from "../../src/ledger/mod.ts";
import { expect } from "packages/expect.ts";
import { handler } from "../../deploy/function.ts";
import { serverless } from "../../deploy/serverless.ts";
import { systemClock } from "../../src/core/clock.ts";
import { runDue } from "../../src/schedule/run_due.ts";
import type { ScheduleEvent } from "../../src/schedule/schedule_event.ts";
import { readSchedule } from "../../src/schedule/schedules.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { schedule } from "../schedule/support.ts";

const TOKEN = "0123456789abcdef0123";
const TRIPS = `pipeline: trips
source: { url: trips.csv, format: csv }
target: { table: ny.trips }
columns: { id: integer, name: text }
`;

function post(body: unknown, token = TOKEN): Request {
  return new Request("https://functions.example/", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

Deno.test("function: a request runs a pipeline and answers with its result", async () => {
  await using database = await testDatabase();
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n2,two\n" });
  const variables = {
    DATABASE_URL: database.url,
    SLUICE_TOKEN: TOKEN,
    SLUICE_PIPELINES: files.folder,
  };
  const first = await handler(post({ pipeline: "trips" }), variables);
  expect(first.status).toBe(200);
  expect(await first.json()).toMatchObject({ status: "succeeded", rows_loaded: 2 });
  const again = await (await handler(post({ pipeline: "trips" }), variables)).json();
  expect(again.status).toBe("unchanged");
  const forced = await (await handler(post({ pipeline: "trips", force: true }), variables)).json();
  expect(forced).toMatchObject({ status: "succeeded", rows_loaded: 2 });

  files.write("trips.csv", "id,name\nx,one\n");
  const refused = await handler(post({ pipeline: "trips" }), variables);
  expect([refused.status, (await refused.json()).status]).toEqual([422, "refused"]);
});

Deno.test("function: what keeps a run from its result has a status that says what to do", async () => {
  await using database = await testDatabase();
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n" });
  const variables = {
    DATABASE_URL: database.url,
    SLUICE_TOKEN: TOKEN,
    SLUICE_PIPELINES: files.folder,
  };
  const answerOf = async (
    request: Request,
    changes: Record<string, string> = {},
  ): Promise<[number, string]> => {
    const response = await handler(request, { ...variables, ...changes });
    const text = await response.text();
    expect(text).not.toContain(TOKEN);
    return [response.status, JSON.parse(text).error.code];
  };
  const trips = { pipeline: "trips" };
  expect(await answerOf(post(trips, "wrong"))).toEqual([401, "http/wrong_token"]);
  expect(await answerOf(post(trips), { SLUICE_TOKEN: "" })).toEqual([403, "http/token_not_set"]);
  expect(await answerOf(post({ pipeline: "zones" }))).toEqual([404, "cli/no_such_pipeline"]);
  expect(await answerOf(post({ pipelin: "trips" }))).toEqual([400, "http/wrong_request"]);
  expect(await answerOf(new Request("https://f/", { headers: post({}).headers })))
    .toEqual([405, "http/method_not_allowed"]);
  const away = { DATABASE_URL: "postgres://x:hunter2@127.0.0.1:1/x" };
  expect((await answerOf(post(trips), away))[0]).toBe(503);
  expect(await answerOf(post(trips), { DATABASE_URL: "" })).toEqual([500, "db/bad_url"]);
  const health = await handler(new Request("https://f/healthz"), {});
  expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
});

Deno.test("function: a file that is wrong keeps no other from running, and is told to whom it concerns", async () => {
  await using database = await testDatabase();
  using files = workspace({
    "broken.yaml": "pipelin: broken",
    "secret.yaml": TRIPS.replaceAll("trips", "secret").replace("secret.csv", "${NOT_SET}.csv"),
    "trips.yaml": TRIPS,
    "trips2.yaml": TRIPS,
    "trips.csv": "id,name\n1,one\n",
  });
  Deno.symlinkSync(`${files.folder}/nowhere`, `${files.folder}/dangling.yaml`);
  const variables = {
    DATABASE_URL: database.url,
    SLUICE_TOKEN: TOKEN,
    SLUICE_PIPELINES: files.folder,
  };
  const good = await handler(post({ pipeline: "trips" }), variables);
  expect([good.status, (await good.json()).status]).toEqual([200, "succeeded"]);
  const wrong = await handler(post({ pipeline: "secret" }), variables);
  const { error } = await wrong.json();
  expect([wrong.status, error.code]).toEqual([500, "spec/wrong_file"]);
  for (
    const word of ["broken.yaml", "NOT_SET", "dangling.yaml", `is in "${files.folder}/trips.yaml"`]
  ) {
    expect(error.message).toContain(word);
  }
  const { pipelines } = serverless(variables);
  expect(pipelines().map(({ served }) => served?.spec.pipeline ?? null)).toEqual([
    null,
    null,
    null,
    "trips",
    null,
  ]);
});

Deno.test("runDue() runs what is due once, however often it is called", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n" });
  const { pipelines, runOver } = serverless({ SLUICE_PIPELINES: files.folder });
  const { spec } = pipelines()[0].served!;
  const events: ScheduleEvent[] = [];
  let now = new Date("2026-03-07T12:00:30Z");
  const look = () =>
    runDue(database.db, [{ spec, schedule: schedule("*/5 * * * *") }], 60_000, signal, {
      clock: { ...systemClock, now: () => now },
      time: () => Promise.resolve(now),
      random: () => 0,
      run: runOver(database.db),
      tell: (event) => events.push(event),
      owner: "function",
    });
  const { signal } = new AbortController();
  await look();
  expect(events).toEqual([]);
  now = new Date("2026-03-07T12:05:02Z");
  await Promise.all([look(), look()]);
  await look();
  expect(events.map(({ type }) => type)).toEqual(["attempt_started", "attempt_ended"]);
  expect(await readSchedule(database.db, "trips")).toMatchObject({
    tick: new Date("2026-03-07T12:05:00Z"),
    last: { status: "succeeded", owner: "function" },
  });
});

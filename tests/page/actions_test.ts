import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { PageActions } from "../../src/page/host.ts";
import type { Triggered } from "../../src/schedule/scheduler.ts";
import { served } from "../schedule/scheduler_harness.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { fillLedger } from "./big_ledger.ts";
import { expectIn, formTokenOf, get, plain, post, signIn, testPage, textOf } from "./support.ts";

const RUN_ID = "c8513dfe-f11c-590e-a0c0-f6428d9e0f8e";

/** Actions that only note what they were asked for. */
function noted(triggered: Triggered = { kind: "started", runId: RUN_ID }) {
  const asked: unknown[] = [];
  const note = <T>(answer: T) => (...what: unknown[]) => {
    asked.push(what);
    return answer;
  };
  const actions: PageActions = {
    run: note(Promise.resolve(triggered)),
    replay: note(Promise.resolve(triggered)),
    rollback: note(Promise.resolve({ pipeline: "", target: "", partitions: [] })),
    cancel: note(true),
  };
  return { asked, actions };
}

const STATES = () => [{ ...served("pipeline_000", null), running: false, record: null }];

async function ledger() {
  const database = await ledgerDatabase();
  await fillLedger(database.db, { pipelines: 2, partitions: 3, runs: 20 });
  await database.db.query(`update sluice.runs set status = 'running', ended_at = null
where id = (select id from sluice.runs where pipeline = 'pipeline_000' order by started_at desc limit 1)`);
  const [{ id }] = await database.db.query<{ id: string }>(
    "select id from sluice.runs where status = 'running'",
  );
  return { ...database, running: id };
}

Deno.test("each action asks one question, and does what its form says", async () => {
  await using database = await ledger();
  const { asked, actions } = noted();
  const page = testPage(database.db, { actions, pipelines: STATES });
  const session = await signIn(page);
  const cases = [
    {
      path: "/pipeline/pipeline_000/run",
      question: "Run pipeline_000 now?",
      form: { partitions: "2025-01, 2025-02\n2025-03", force: "1" },
      calls: ["pipeline_000", { partitions: ["2025-01", "2025-02", "2025-03"], force: true }],
      to: `/run/${RUN_ID}`,
    },
    {
      path: "/pipeline/pipeline_000/run",
      question: "Run pipeline_000 now?",
      form: { partitions: "" },
      calls: ["pipeline_000", { partitions: [], force: false }],
      to: `/run/${RUN_ID}`,
    },
    {
      path: "/pipeline/pipeline_000/replay?partition=2025-12",
      question: "Replay the rejected rows of 2025-12 of pipeline_000?",
      form: { partition: "2025-12" },
      calls: ["pipeline_000", "2025-12"],
      to: `/run/${RUN_ID}`,
    },
    {
      path: "/pipeline/pipeline_000/rollback?partition=2025-12&to=1",
      question: "Put version 1 of 2025-12 of pipeline_000 back?",
      form: { partition: "2025-12", to: "1" },
      calls: ["pipeline_000", { to: 1, partition: "2025-12" }],
      to: "/pipeline/pipeline_000/versions?partition=2025-12",
    },
    {
      path: `/run/${database.running}/cancel`,
      question: "Cancel the run of pipeline_000?",
      form: {},
      calls: [database.running],
      to: `/run/${database.running}`,
    },
  ];
  for (const { path, question, form, calls, to } of cases) {
    const html = await textOf(page, get(path, session));
    expectIn(plain(html), question, "No, go back");
    // The form holds what was asked for.
    for (const [name, value] of Object.entries(form)) {
      if (name !== "partitions" && name !== "force") {
        expectIn(html, `name="${name}" value="${value}"`);
      }
    }
    const sent = { ...form, form_token: formTokenOf(html) };
    const response = (await page(post(path.split("?")[0], sent as never, session)))!;
    expect([path, response.status, response.headers.get("location")]).toEqual([path, 303, to]);
    expect(asked.splice(0)).toEqual([calls]);
  }
});

Deno.test("nothing is done without a session, its form, or this page", async () => {
  await using database = await ledger();
  const { asked, actions } = noted();
  const page = testPage(database.db, { actions, pipelines: STATES });
  const session = await signIn(page);
  const other = await signIn(page);
  const form_token = formTokenOf(await textOf(page, get("/", session)));
  const strange = formTokenOf(await textOf(page, get("/", other)));
  const attacks: readonly (readonly [
    string,
    Record<string, string>,
    Record<string, string | null>,
    number,
  ])[] = [
    ["without a session", { form_token }, {}, 401],
    ["without a form token", {}, session, 403],
    ["with a wrong form token", { form_token: "0".repeat(64) }, session, 403],
    ["with the form token of another session", { form_token: strange }, session, 403],
    ["from another origin", { form_token }, { ...session, origin: "http://evil.example" }, 403],
    ["from nowhere", { form_token }, { ...session, origin: null }, 403],
    ["across sites", { form_token }, { ...session, "sec-fetch-site": "cross-site" }, 403],
    ["as another type", { form_token }, { ...session, "content-type": "text/plain" }, 415],
    ["as JSON", { form_token }, { ...session, "content-type": "application/json" }, 415],
    ["with the token alone", { form_token }, { authorization: "Bearer 0123456789abcdef0123" }, 401],
  ];
  const paths = [
    "/pipeline/pipeline_000/run",
    "/pipeline/pipeline_000/replay",
    "/pipeline/pipeline_000/rollback",
    `/run/${database.running}/cancel`,
  ];
  for (const path of paths) {
    for (const [name, form, headers, status] of attacks) {
      const response = (await page(post(path, { to: "1", ...form }, headers)))!;
      expect([path, name, response.status]).toEqual([path, name, status]);
    }
    // A link does nothing, whoever follows it; only a form does.
    await textOf(page, get(path, session), path.endsWith("rollback") ? 400 : 200);
    // Who has not signed in is not even asked.
    await textOf(page, get(path), 401);
  }
  const long = { form_token, partitions: "x".repeat(70_000) };
  expect((await page(post(paths[0], long, session)))!.status).toBe(413);
  expect(asked).toEqual([]);

  const readOnly = testPage(database.db, {
    actions,
    pipelines: STATES,
    access: { token: null, loopback: true },
  });
  for (const path of paths) {
    await textOf(readOnly, get(path), 403);
    expect((await readOnly(post(path, { form_token: "" })))!.status).toBe(403);
  }
  expectIn(plain(await textOf(readOnly, get("/"))), "pipeline_000");
  expect(asked).toEqual([]);
});

Deno.test("what keeps an action from being done is said beside the question", async () => {
  await using database = await ledger();
  const kinds: readonly (readonly [Triggered, string])[] = [
    [{ kind: "running" }, "running already"],
    [{ kind: "busy" }, "--concurrency"],
    [{ kind: "away" }, "does not answer"],
    [{ kind: "stopping" }, "The server stops"],
    [
      {
        kind: "ended",
        outcome: {
          result: null,
          interrupted: false,
          error: { code: "plan/x", message: "There is no partition &c", retry: "never" },
        },
      },
      "There is no partition &amp;c",
    ],
  ];
  for (const [triggered, says] of kinds) {
    const page = testPage(database.db, { ...noted(triggered), pipelines: STATES });
    const session = await signIn(page);
    for (const action of ["run", "replay"]) {
      const path = `/pipeline/pipeline_000/${action}`;
      const form_token = formTokenOf(await textOf(page, get(path, session)));
      const html = await textOf(page, post(path, { form_token }, session), 409);
      expectIn(plain(html), says, "No, go back");
    }
  }
  const actions = {
    ...noted().actions,
    rollback: () => Promise.reject(new SluiceError("ledger/target_locked", "It is locked")),
    cancel: () => false,
  };
  const page = testPage(database.db, { actions, pipelines: STATES });
  const session = await signIn(page);
  const form_token = formTokenOf(await textOf(page, get("/", session)));
  const form = { form_token, to: "1", partition: "2025-12" };
  const refused = await textOf(page, post("/pipeline/pipeline_000/rollback", form, session), 409);
  expectIn(plain(refused), "It is locked", "ledger/target_locked", "Put version 1 back");
  const cancel = post(`/run/${database.running}/cancel`, { form_token }, session);
  expectIn(plain(await textOf(page, cancel, 409)), "in another process");
  // What nobody serves cannot be asked for.
  await textOf(page, get("/pipeline/pipeline_001/run", session), 404);
  await textOf(page, post("/pipeline/pipeline_001/replay", { form_token }, session), 404);
  await textOf(page, get("/pipeline/pipeline_000/rollback?partition=2025-12&to=9", session), 404);
});

import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { SluiceError } from "../../src/core/error.ts";
import { observeRun, type ObserveSettings } from "../../src/observe/observe_run.ts";
import { observeAll, type ObservedEvent, type Observer } from "../../src/observe/observer.ts";
import { readLastRuns, readPastRuns } from "../../src/observe/run_history.ts";
import { lockTarget } from "../../src/ledger/mod.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { RUN } from "../cli/support.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { receiver } from "./support.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: integer, required: true }, name: text }
`;

const NOBODY: ObserveSettings = {
  lineage: null,
  logTable: null,
  allowedCommands: [],
  telemetry: null,
};

/** An observer that keeps what it hears. */
function listener(): Observer & { readonly heard: ObservedEvent[]; closed: number } {
  const heard: ObservedEvent[] = [];
  return {
    heard,
    closed: 0,
    observe: (event) => void heard.push(event),
    close() {
      this.closed++;
      return Promise.resolve();
    },
  };
}

Deno.test("observeRun() lets log, lineage and notifications follow a real run", async () => {
  await using test = await ledgerDatabase();
  await using server = receiver();
  using files = workspace({ "things.csv": "id,name\n1,a\n2,b\n" });
  await migrate(test.db);
  const { context, events } = testContext(test.db);
  const each = listener();
  const settings: ObserveSettings = {
    allowedCommands: [],
    logTable: "info",
    lineage: {
      url: `${server.origin}/lineage`,
      file: null,
      namespace: "test",
      apiKey: null,
      parent: null,
    },
    telemetry: null,
    observers: [each],
  };
  const spec = {
    ...specOf(YAML, files.folder),
    notify: [{ on: ["success", "failure", "recovery"], webhook: `${server.origin}/hook` }] as const,
  };
  const run = () =>
    observeRun(spec, context, settings, (context) => runPipeline(spec, ALL, context));
  const first = await run();
  expect(first.status).toBe("succeeded");
  expect(each.heard.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
  expect(each.closed).toBe(1);
  const bodies = () => server.received.map(({ path, body }) => [path, JSON.parse(body)]);
  expect(bodies().map(([path, body]) => [path, body.eventType ?? body.alerts[0].alert]).sort())
    .toEqual([["/hook", "success"], ["/lineage", "COMPLETE"], ["/lineage", "START"]]);
  const logged = await test.db.query<{ run_id: string; attributes: { event: string } }>(
    "select run_id, attributes from sluice.logs order by id",
  );
  expect(logged.map(({ attributes }) => attributes.event)).toEqual(
    events.filter(({ type }) => type !== "progress").map(({ type }) => type),
  );
  expect(new Set(logged.map(({ run_id }) => run_id))).toEqual(new Set([first.run_id]));

  // A failure before the run begins, and the recovery after it.
  server.received.length = 0;
  {
    await using _lock = await lockTarget(test.db, "shop.things");
    await expect(run()).rejects.toThrow("Another run is loading");
  }
  expect(each.heard.at(-1)).toMatchObject({ type: "run_failed", runId: null, status: "failed" });
  const hooks = () => bodies().filter(([path]) => path === "/hook").map(([, body]) => body);
  expect(bodies()).toHaveLength(1);
  expect(hooks()).toMatchObject([
    { status: "failed", run_id: null, error: { code: "ledger/target_locked" } },
  ]);
  server.received.length = 0;
  files.write("things.csv", "id,name\nx,a\n");
  expect((await run()).status).toBe("refused");
  files.write("things.csv", "id,name\n1,a\n");
  expect((await run()).status).toBe("succeeded");
  const last = hooks().at(-1)!;
  expect(last.alerts.map(({ alert }: { alert: string }) => alert)).toEqual(["recovery", "success"]);

  const past = await readPastRuns(test.db, {
    pipeline: "things",
    target: "shop.things",
    except: first.run_id,
  });
  expect(past.map(({ status }) => status)).toEqual(["succeeded", "refused"]);
  expect(await readLastRuns(test.db)).toMatchObject([
    { pipeline: "things", target: "shop.things", rowsLoaded: 1, rowsRejected: 0 },
  ]);
});

Deno.test("readPastRuns() and readLastRuns() know of no runs before the first", async () => {
  await using test = await ledgerDatabase();
  const which = { pipeline: "p", target: "s.t", except: null };
  expect(await readPastRuns(test.db, which)).toEqual([]);
  expect(await readLastRuns(test.db)).toEqual([]);
});

Deno.test("observeRun() tells observers no secret, and views the event as it is", async () => {
  const { context, events } = testContext({} as never);
  const secrets = secretsFrom({ TOKEN: "canary" });
  secrets.reveal("${TOKEN}");
  const each = listener();
  const message = "canary at postgres://u:canary2@h/d";
  await observeRun(spec(), { ...context, secrets }, { ...NOBODY, observers: [each] }, (context) => {
    context.emit({ type: "warning", runId: null, partition: null, message });
    return Promise.resolve(RUN);
  });
  expect(events).toEqual([{ type: "warning", runId: null, partition: null, message }]);
  expect(each.heard).toEqual([
    { type: "warning", runId: null, partition: null, message: "*** at postgres://u:***@h/d" },
  ]);
});

Deno.test("observeRun() goes on where an observer throws, and tells it once", async () => {
  const { context, events } = testContext({} as never);
  const each = listener();
  const broken: Observer = {
    observe() {
      throw new Error("broken");
    },
    close: () => Promise.reject(new Error("still broken")),
  };
  const settings = { ...NOBODY, observers: [broken, each] };
  const result = await observeRun(spec(), context, settings, (context) => {
    context.emit({ type: "warning", runId: null, partition: null, message: "1" });
    context.emit({ type: "warning", runId: null, partition: null, message: "2" });
    return Promise.resolve(RUN);
  });
  expect(result).toBe(RUN);
  expect(each.heard).toHaveLength(2);
  expect(events.map((event) => event.type === "warning" ? event.message : "")).toEqual([
    "1",
    "An observer of the run failed: broken",
    "2",
  ]);
});

Deno.test("observeRun() throws what the run throws, and tells an interrupted one apart", async () => {
  const stop = new AbortController();
  const { context } = testContext({} as never, stop.signal);
  const each = listener();
  const settings = { ...NOBODY, observers: [each] };
  const fail = (error: unknown) =>
    observeRun(spec(), context, settings, () => Promise.reject(error));
  const lost = new SluiceError("db/lost", "gone");
  await expect(fail(lost)).rejects.toBe(lost);
  await expect(fail(new TypeError("bug"))).rejects.toThrow("bug");
  stop.abort();
  await expect(fail(lost)).rejects.toBe(lost);
  expect(
    each.heard.map((event) => event.type === "run_failed" ? [event.status, event.error.code] : []),
  ).toEqual([["failed", "db/lost"], ["failed", "core/bug"], ["interrupted", "db/lost"]]);
});

Deno.test("observeRun() does not wait for ever for one that does not close", async () => {
  const { context, events } = testContext({} as never);
  const sleeps: number[] = [];
  const clock = {
    ...context.clock,
    sleep: (milliseconds: number) => Promise.resolve(void sleeps.push(milliseconds)),
  };
  const stuck: Observer = { observe() {}, close: () => new Promise(() => {}) };
  const settings = { ...NOBODY, observers: [stuck] };
  await observeRun(spec(), { ...context, clock }, settings, () => Promise.resolve(RUN));
  expect(sleeps).toEqual([60_000]);
  expect(events).toEqual([{
    type: "warning",
    runId: null,
    partition: null,
    message:
      "Logs, traces, events or notifications of the run took too long to deliver and were dropped",
  }]);
});

Deno.test("observeAll() closes all, whatever one of them does", async () => {
  const each = listener();
  const warnings: string[] = [];
  const broken: Observer = { observe() {}, close: () => Promise.reject(new Error("no")) };
  await observeAll([broken, each], (message) => void warnings.push(message)).close();
  expect(each.closed).toBe(1);
  expect(warnings).toEqual(["An observer of the run failed: no"]);
});

function spec() {
  return specOf(YAML, "/nowhere");
}

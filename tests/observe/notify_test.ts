import { expect } from "packages/expect.ts";
import { delimiter } from "node:path";
import { secretsFrom } from "../../src/core/secret.ts";
import { allowedCommands } from "../../src/observe/notify/allowed_commands.ts";
import { notify, type NotifyOptions } from "../../src/observe/notify/notify.ts";
import type { NotifySpec } from "../../src/spec/pipeline_spec.ts";
import type { Observer } from "../../src/observe/observer.ts";
import { EVENTS, partitionResult, RUN, runResult } from "../cli/support.ts";
import { deafOrigin, receiver, stillClock } from "./support.ts";
import { timeLimit } from "../support/time_limit.ts";

const ERROR = {
  code: "source/http_status",
  message: "The source answered 503 <at> https://x",
  retry: "later",
  hint: "Try later",
} as const;

const FAILED = runResult([
  partitionResult({ partition: "2021-02", status: "failed", error: ERROR, rows_loaded: 0 }),
], { status: "failed", error: ERROR });

function scene(
  notifySpec: readonly NotifySpec[],
  changes: Partial<NotifyOptions> = {},
): { observer: Observer; warnings: string[]; finish: (result: typeof RUN) => Promise<void> } {
  const warnings: string[] = [];
  const observer = notify({
    clock: stillClock(),
    random: () => 1,
    fetch,
    secrets: secretsFrom({ HOOK: "/services/T0/token" }),
    limits: { attempts: 3, timeout: 300, base: 1_000, cap: 10_000 },
    allowedCommands: ["sh", "sleep", "no-such-program-here", "true"],
    notify: notifySpec,
    expect: { durationSeconds: null },
    pipeline: "trips",
    target: "ny.trips",
    environment: "live",
    host: "box",
    history: () => Promise.resolve([]),
    warn: (message) => void warnings.push(message),
    ...changes,
  });
  return {
    observer,
    warnings,
    async finish(result) {
      observer.observe(EVENTS[0]);
      observer.observe({ type: "run_finished", runId: null, result });
      await observer.close();
    },
  };
}

Deno.test("notify() posts the notice as JSON to a webhook", async () => {
  await using server = receiver();
  const { finish, warnings } = scene([{ on: ["failure"], webhook: `${server.origin}/hook` }]);
  await finish(FAILED);
  expect(JSON.parse(server.received[0].body)).toEqual({
    pipeline: "trips",
    target: "ny.trips",
    environment: "live",
    host: "box",
    run_id: RUN.run_id,
    status: "failed",
    alerts: [{ alert: "failure", reason: ERROR.message }],
    at: "2026-11-23T20:00:00.000Z",
    seconds: 0.41,
    rows_read: 10_000,
    rows_loaded: 0,
    rows_rejected: 40,
    error: ERROR,
    partitions: [{ partition: "2021-02", status: "failed", message: ERROR.message }],
  });
  expect(warnings).toEqual([]);
});

Deno.test("notify() shapes a message as Slack takes it, and lets nobody write its markup", async () => {
  await using server = receiver();
  const webhook = `${server.origin}\${HOOK}`;
  const { finish } = scene([{ on: ["failure"], webhook, format: "slack" }]);
  await finish(FAILED);
  expect(server.received[0].path).toBe("/services/T0/token");
  const { text, attachments } = JSON.parse(server.received[0].body);
  expect(text).toBe("trips (live) failed: The source answered 503 &lt;at&gt; https://x");
  expect(attachments).toHaveLength(1);
  expect(attachments[0].color).toBe("danger");
  expect(attachments[0].text.split("\n")).toEqual([
    "what to do: Try later",
    "2021-02 failed: The source answered 503 &lt;at&gt; https://x",
    "0 rows loaded, 40 rejected, 0.41 s",
    `into ny.trips from box, run ${RUN.run_id}`,
  ]);
});

Deno.test("notify() tells each entry only what it asks for", async () => {
  await using server = receiver();
  const { observer } = scene([
    { on: ["success"], webhook: `${server.origin}/success` },
    { on: ["failure", "refusal"], webhook: `${server.origin}/bad` },
    { on: ["warning", "recovery"], webhook: `${server.origin}/odd` },
  ], { history: () => Promise.resolve([{ status: "failed", seconds: 1 }]) });
  observer.observe({ type: "warning", runId: null, partition: null, message: "of the run before" });
  observer.observe(EVENTS[0]);
  observer.observe({ type: "warning", runId: null, partition: "2021-01", message: "rows are few" });
  observer.observe({ type: "run_finished", runId: null, result: RUN });
  await observer.close();
  const seen = server.received.map(({ path, body }) => [path, JSON.parse(body).alerts]);
  expect(seen.sort()).toEqual([
    ["/odd", [
      { alert: "warning", reason: "2021-01: rows are few" },
      { alert: "recovery", reason: "the run before was failed" },
    ]],
    ["/success", [{ alert: "success", reason: "the run succeeded" }]],
  ]);
});

Deno.test("notify() tells of a run that failed before it had a result", async () => {
  await using server = receiver();
  const { observer } = scene([{ on: ["failure"], webhook: server.origin }], {
    history: () => Promise.reject(new Error("the database does not answer")),
  });
  const failed = {
    type: "run_failed",
    pipeline: "trips",
    target: "ny.trips",
    runId: null,
    seconds: 2,
    error: { code: "db/away", message: "Could not connect", retry: "later" },
  } as const;
  observer.observe({ ...failed, status: "failed" });
  await observer.close();
  expect(JSON.parse(server.received[0].body)).toMatchObject({
    run_id: null,
    alerts: [{ alert: "failure", reason: "Could not connect" }],
    partitions: [],
  });
  observer.observe({ ...failed, status: "interrupted" });
  await observer.close();
  expect(server.received).toHaveLength(1);
});

Deno.test("notify() delivers after failures, and once", async () => {
  await using server = receiver((_request, index) =>
    new Response(null, { status: index < 2 ? 503 : 200 })
  );
  const { finish, warnings } = scene([{ on: ["failure"], webhook: server.origin }]);
  await finish(FAILED);
  expect(server.received).toHaveLength(3);
  expect(warnings).toEqual([]);
});

Deno.test("notify() makes a warning of what could not be delivered, without the address's secret", async () => {
  const free = Promise.withResolvers<Response>();
  await using slow = receiver(() => free.promise);
  await using refusing = receiver(() => new Response(null, { status: 403 }));
  const { finish, warnings } = scene([
    { on: ["failure"], webhook: `${slow.origin}\${HOOK}` },
    { on: ["failure"], webhook: `${refusing.origin}\${HOOK}`, format: "slack" },
    { on: ["failure"], webhook: `${deafOrigin()}\${HOOK}` },
  ]);
  await finish(FAILED);
  free.resolve(new Response());
  expect(warnings.map((text) => text.replace(/127\.0\.0\.1:\d+/, "HOST")).sort()).toEqual([
    "The notification by Slack webhook was not delivered: HOST answered 403",
    "The notification by webhook was not delivered: HOST could not be reached in 3 attempts",
    "The notification by webhook was not delivered: HOST did not answer within 0.3 s in 3 attempts",
  ]);
});

Deno.test("notify() runs a command with the notice on its standard input", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: needs sh");
  const file = await Deno.makeTempFile();
  const script =
    `cat > "$1"; echo "$SLUICE_ALERT|$SLUICE_PIPELINE|$SLUICE_STATUS|$SLUICE_MESSAGE" >> "$1"`;
  const { finish, warnings } = scene([{
    on: ["failure"],
    command: ["sh", "-c", script, "sh", file],
  }]);
  await finish(FAILED);
  const [notice, variables] = (await Deno.readTextFile(file)).trimEnd().split("\n");
  expect(JSON.parse(notice)).toMatchObject({ pipeline: "trips", status: "failed" });
  expect(variables).toBe(
    "failure|trips|failed|trips (live) failed: The source answered 503 <at> https://x",
  );
  expect(warnings).toEqual([]);
  await Deno.remove(file);
});

Deno.test("notify() runs no program but those that are named, in the very words", async () => {
  const folder = await Deno.makeTempDir();
  const mark = `${folder}/mark`;
  const touch = (program: string): NotifySpec => ({ on: ["failure"], command: [program, mark] });
  const wanted = ["touch", "/usr/bin/touch", "./touch", " touch", "TOUCH", "${PROGRAM}", ""];
  const { finish, warnings } = scene(wanted.map(touch), {
    allowedCommands: ["/bin/touch", "sh", "touch -c", "./bin/touch"],
    secrets: secretsFrom({ PROGRAM: "touch" }),
  });
  await finish(FAILED);
  expect(warnings).toEqual(
    wanted.map((program) =>
      `The notification by command will not be delivered: "${program}" is not an allowed ` +
      "program. Allow it with --allow-command or in SLUICE_ALLOWED_COMMANDS, and let Deno run it"
    ),
  );
  expect([...Deno.readDirSync(folder)]).toEqual([]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("allowedCommands() joins what flags and the environment name", () => {
  const list = ["/usr/local/bin/page", "tell"].join(delimiter);
  const allowed = (flags: string[], value?: string) =>
    allowedCommands(flags, value === undefined ? {} : { SLUICE_ALLOWED_COMMANDS: value });
  expect(allowed([])).toEqual([]);
  expect(allowed([], "")).toEqual([]);
  expect(allowed([], delimiter)).toEqual([]);
  expect(allowed(["tell", "other"], list)).toEqual(["tell", "other", "/usr/local/bin/page"]);
});

Deno.test("notify() makes a warning of a command that fails, hangs, is not there or reads nothing", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: needs sh");
  const { finish, warnings } = scene([
    { on: ["failure"], command: ["sh", "-c", "cat > /dev/null; exit 3"] },
    { on: ["failure"], command: ["sleep", "60"] },
    { on: ["failure"], command: ["no-such-program-here"] },
    { on: ["failure"], command: ["true"] },
  ]);
  const started = performance.now();
  await finish(FAILED);
  expect(performance.now() - started).toBeLessThan(timeLimit(10_000));
  expect(warnings.sort()).toEqual([
    "The notification by command was not delivered: it did not end within 0.3 s",
    "The notification by command was not delivered: it ended with exit code 3",
    "The notification by command was not delivered: there is no such program",
  ]);
});

Deno.test("notify() warns once, at the start, of variables that it cannot have, and sends nothing", async () => {
  const requests: string[] = [];
  const { finish, warnings } = scene([
    { on: ["failure"], webhook: "http://127.0.0.1/${NOT_SET}" },
    { on: ["failure"], webhook: "http://127.0.0.1/${NOT_SET}", format: "slack" },
    { on: ["failure"], webhook: "http://127.0.0.1/${DATABASE_URL}" },
    { on: ["failure"], command: ["sh", "-c", "${PGPASSWORD}"] },
    { on: ["failure"], webhook: "http://127.0.0.1/good" },
  ], {
    secrets: secretsFrom({ DATABASE_URL: "canary", PGPASSWORD: "canary" }),
    fetch: (input) => {
      requests.push(String(input));
      return Promise.resolve(new Response());
    },
  });
  const atStart = [...warnings];
  await finish(FAILED);
  expect(warnings).toEqual(atStart);
  expect(warnings.map((text) => /: (.*"\w+".*?)[.:] /.exec(text)?.[1])).toEqual([
    'Environment variable "NOT_SET" is not set',
    'A pipeline file may not read "DATABASE_URL"',
    'A pipeline file may not read "PGPASSWORD"',
  ]);
  expect(requests).toEqual(["http://127.0.0.1/good"]);
});

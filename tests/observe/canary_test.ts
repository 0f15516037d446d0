import { expect } from "expect";
import { migrate } from "../../src/ledger/mod.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { makeMetrics, metricsObserver, renderMetrics } from "../../src/observe/metrics.ts";
import { observeRun } from "../../src/observe/observe_run.ts";
import { runPipeline } from "../../src/run.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { type Outcome, sluice } from "./sluice.ts";
import { type Receiver, receiver } from "./support.ts";

/** Secrets as they come: in a URL's query, password and path, in a header; one needs escapes. */
const SECRETS = {
  KEY: "canary-key/with+signs",
  PASSWORD: "canary-password",
  PATH_TOKEN: "canary-path",
  HEADER_TOKEN: 'canary-header"quoted\\',
  HOOK_TOKEN: "canary-hook/with+signs",
};

const YAML = `
pipeline: things
source:
  url: "http://user:\${PASSWORD}@HOST/\${PATH_TOKEN}/things.csv?key=\${KEY}"
  headers: { x-token: "\${HEADER_TOKEN}" }
  retries: 1
target: { table: shop.things, lineage: true }
columns: { id: { type: integer, required: true }, name: text }
`;

const NOTIFY = `
notify:
  - { on: [failure, refusal, success], webhook: "http://HOST/notice/\${HOOK_TOKEN}" }
  - { on: [failure, refusal, recovery], webhook: "http://HOST/message/\${HOOK_TOKEN}", format: slack }
  - { on: [failure, refusal], webhook: "http://REFUSING/canary-literal/\${HOOK_TOKEN}" }
  - { on: [failure, refusal], command: [no-such-program, "\${HOOK_TOKEN}"] }
`;

/** The forms in which a secret could show. */
const FORMS = [...Object.values(SECRETS), "canary-literal"].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
]);

function leaks(text: string): string[] {
  return FORMS.filter((form) => text.includes(form));
}

/** A server whose file is right, wrong or away, and that takes what observers send. */
function source(state: { body: string; status: number }): Receiver {
  return receiver(({ path }) =>
    path.includes("things.csv")
      ? new Response(state.body, { status: state.status })
      : new Response("{}")
  );
}

Deno.test("no secret is in anything that a command prints, logs, stores or sends", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const state = { body: "id,name\n1,a\n", status: 200 };
  await using server = source(state);
  await using refusing = receiver(() => new Response(null, { status: 400 }));
  const yaml = (YAML + NOTIFY).replaceAll("HOST", new URL(server.origin).host)
    .replace("REFUSING", new URL(refusing.origin).host);
  using files = workspace({ "things.yaml": yaml });
  const env = {
    ...SECRETS,
    DATABASE_URL: test.url,
    SLUICE_ALLOWED_COMMANDS: "no-such-program",
    OPENLINEAGE_URL: server.origin,
    OPENLINEAGE_API_KEY: "canary-lineage",
    OTEL_DENO: "true",
    OTEL_TRACES_SAMPLER: "parentbased_always_on",
    OTEL_EXPORTER_OTLP_ENDPOINT: server.origin,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  };
  const outcomes: Outcome[] = [];
  const call = async (...args: string[]) => {
    const outcome = await sluice(files.folder, env, ...args);
    outcomes.push(outcome);
    return outcome.code;
  };
  const run = (...more: string[]) =>
    call("run", "things.yaml", "--log-database", "--lineage-file", "lineage.jsonl", ...more);

  expect(await call("plan", "things.yaml", "--output", "json")).toBe(0);
  expect(await run("--output", "json", "--log-file", "log.jsonl")).toBe(0);
  state.body = "id,name\nbad,a\n";
  expect(await run("--log-level", "debug")).toBe(3);
  state.status = 503;
  expect(await run("--log-level", "debug", "--output", "json")).toBe(75);
  state.status = 404;
  expect(await run("--log-file", "log.jsonl")).toBe(1);
  state.status = 200;
  await call("plan", "things.yaml");
  await call("history", "things.yaml", "--output", "json");
  await call("rejects", "things.yaml");

  // The requests did carry them, or nothing would be shown here.
  const asked = server.received.filter(({ path }) => path.includes("things.csv"));
  expect(asked.length).toBeGreaterThan(3);
  expect(asked[0].path).toContain(`/${SECRETS.PATH_TOKEN}/`);
  expect(asked[0].headers.get("x-token")).toBe(SECRETS.HEADER_TOKEN);
  expect(asked[0].headers.get("authorization")).toMatch(/^Basic /);
  for (const { out, err } of outcomes) expect([leaks(out), leaks(err)]).toEqual([[], []]);
  for (const name of ["log.jsonl", "lineage.jsonl"]) {
    const text = Deno.readTextFileSync(`${files.folder}/${name}`);
    expect(text.split("\n").length).toBeGreaterThan(3);
    expect([name, leaks(text)]).toEqual([name, []]);
  }
  const told = server.received.filter(({ path }) => !path.includes("things.csv"));
  expect(new Set(told.map(({ path }) => path))).toEqual(
    new Set([
      "/api/v1/lineage",
      "/v1/traces",
      "/v1/metrics",
      `/notice/${SECRETS.HOOK_TOKEN}`,
      `/message/${SECRETS.HOOK_TOKEN}`,
    ]),
  );
  for (const { path, body } of told) expect([path, leaks(body)]).toEqual([path, []]);
  const stored = await everything(test);
  // References stay references.
  expect(stored).toContain("/${PATH_TOKEN}/things.csv?key=${KEY}");
  expect(refusing.received).toHaveLength(3);
  const log = Deno.readTextFileSync(`${files.folder}/log.jsonl`);
  for (const channel of ["webhook", "command"]) {
    expect(log).toContain(`The notification by ${channel} was not delivered`);
  }
  expect(leaks(stored)).toEqual([]);
  const everywhere = [...outcomes.map(({ out, err }) => out + err), stored].join();
  expect(everywhere).not.toContain("canary-lineage");
  const { password } = new URL(test.url);
  if (password !== "") expect(everywhere).not.toContain(password);
});

Deno.test("a password that is wrong is in no error, wherever it stood", async () => {
  using files = workspace({ "things.yaml": YAML });
  const url = "postgres://nobody:canary-database@127.0.0.1:1/nothing";
  const fromVariable = await sluice(files.folder, { DATABASE_URL: url }, "plan", "things.yaml");
  const args = [
    "plan",
    "things.yaml",
    "--database",
    url,
    "--output",
    "json",
    "--log-level",
    "debug",
  ];
  const fromFlag = await sluice(files.folder, {}, ...args);
  for (const { code, out, err } of [fromVariable, fromFlag]) {
    expect(code).not.toBe(0);
    expect(out + err).not.toContain("canary-database");
  }
});

Deno.test("no secret is in notifications, metrics, or warnings of what was not delivered", async () => {
  await using test = await testDatabase();
  const state = { body: "id,name\nbad,a\n", status: 200 };
  await using server = source(state);
  await using refusing = receiver(() => new Response(null, { status: 400 }));
  using files = workspace();
  const host = new URL(server.origin).host;
  const { context, events } = testContext(test.db);
  const secrets = secretsFrom({ ...SECRETS, HOOK: "canary-hook" });
  const metrics = makeMetrics("1");
  const on = ["failure", "refusal", "success"] as const;
  const spec = {
    ...specOf(YAML.replace("HOST", host), files.folder, SECRETS),
    notify: [
      { on, webhook: `${server.origin}/json` },
      { on, webhook: `${server.origin}/slack`, format: "slack" },
      { on, webhook: `${refusing.origin}/\${HOOK}` },
    ] as const,
  };
  const run = async () => {
    const settings = {
      lineage: null,
      logTable: null,
      allowedCommands: [],
      telemetry: null,
      observers: [metricsObserver(metrics, context.clock)],
    };
    try {
      await observeRun(
        spec,
        { ...context, secrets },
        settings,
        (context) => runPipeline(spec, ALL, context),
      );
    } catch {
      // Told to the webhooks as well.
    }
  };
  await run();
  state.body = "id,name\n1,a\n";
  await run();
  state.status = 404;
  await run();
  const told = server.received.filter(({ path }) => !path.includes("things.csv"));
  expect(told).toHaveLength(6);
  for (const { body } of told) expect([leaks(body), body.includes("canary")]).toEqual([[], false]);
  expect(refusing.received[0].path).toBe("/canary-hook");
  const warnings = events.filter((event) => event.type === "warning");
  expect(warnings).toHaveLength(3);
  expect(JSON.stringify(warnings)).not.toContain("canary");
  expect(await renderMetrics(metrics)).not.toContain("canary");
});

/** All rows of the ledger and of the target, as text. */
async function everything({ db }: TestDatabase): Promise<string> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
where schemaname in ('sluice', 'shop')`,
  );
  const texts = await Promise.all(tables.map(async ({ name }) => {
    const rows = await db.query<{ row: string }>(`select t::text as row from ${name} t`);
    return rows.map(({ row }) => row).join("\n");
  }));
  const comments = await db.query<{ description: string }>(
    `select description from pg_description where description ~ 'luice|http'`,
  );
  return [...texts, ...comments.map(({ description }) => description)].join("\n");
}

import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { makeMetrics, metricsObserver, renderMetrics } from "../../src/observe/metrics.ts";
import { observeRun } from "../../src/observe/observe_run.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase } from "../support/postgres.ts";
import { type Outcome, sluice } from "../support/sluice.ts";
import { sluiceProcess } from "./sluice.ts";
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
  await using test = await ledgerDatabase();
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
    // Deno traces what a process of its own does.
    const outcome = await sluiceProcess([], files.folder, env, ...args);
    outcomes.push(outcome);
    return outcome.code;
  };
  const look = async (...args: string[]) => {
    outcomes.push(await sluice(files.folder, env, ...args));
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
  await look("history", "things.yaml", "--output", "json");
  await look("rejects", "things.yaml");

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

/** Passwords as people write them into URLs, `C` a mark that occurs nowhere else. */
const ODD = [
  "C@C",
  "C/C",
  "C?C",
  "C#C",
  "C:C",
  "12/C",
  "443/C",
  "12?C@C",
  "12/C/",
  '12"C',
  "12 C",
  'C"C',
  'C", C',
  "C C C",
  "C<C>",
  "a@b C",
  "C'C\\C",
];

Deno.test("a password that is written into a URL shows nowhere, whatever characters it has", async () => {
  await using test = await ledgerDatabase();
  await migrate(test.db);
  const state = { body: "id,name\n1,a\n", status: 200 };
  await using server = source(state);
  const host = new URL(server.origin).host;
  const odd = ODD.map((password) => password.replaceAll("C", "canary"));
  const files: Record<string, string> = {};
  odd.forEach((password, at) => {
    const quoted = (url: string) => JSON.stringify(url);
    const of = (name: string, url: string, more = "") => `
pipeline: ${name}
source: { url: ${quoted(url)}, retries: 0, timeout: 30s, format: csv }
target: { table: shop.${name} }
columns: { id: integer, name: text }
${more}`;
    const hook = quoted(`http://localhost:${password}@${host}/hook`);
    // Where `12/…` makes the user a host, it is one that refuses at once.
    const url = `http://localhost:${password}@${host}/things.csv`;
    // Of the others `validate` says that they are no addresses.
    if (URL.canParse(url)) files[`a${at}.yaml`] = of(`a${at}`, url);
    files[`token${at}.yaml`] = of(`token${at}`, `http://${host}/things.csv?token=${password}`);
    // Its diagnostics quote the line.
    files[`wrong${at}.yaml`] = of(`wrong${at}`, `http://u:${password}@${host}/{no_such}`, "key: 1");
    files[`hook${at}.yaml`] = of(
      `hook${at}`,
      `http://${host}/things.csv`,
      // Delivered with patience: one of those that fail will do.
      `notify: [{ on: [${at === 5 ? "success" : "recovery"}], webhook: ${hook} }]`,
    );
  });
  using folder = workspace(files);
  const env = { DATABASE_URL: test.url };
  const all = Object.keys(files);
  const right = all.filter((name) => !name.startsWith("wrong"));
  const outcomes = [
    await sluice(folder.folder, env, "validate", ...all),
    await sluice(folder.folder, env, "validate", "--output", "json", ...all),
    await sluice(folder.folder, env, "plan", ...right),
    await sluice(
      folder.folder,
      env,
      "run",
      "--log-file",
      "log.jsonl",
      "--log-level",
      "debug",
      ...right,
    ),
    await sluice(folder.folder, env, "run", "--output", "json", ...right),
    await sluice(folder.folder, env, "history", "a0.yaml", "token0.yaml"),
  ];
  // Each waits for a database that is not there: they wait together.
  const refused = await Promise.all(odd.map((password, at) => {
    const url = `postgres://localhost:${password}@127.0.0.1:1/nothing`;
    const [env, ...args] = at % 2 === 0 ? [{ DATABASE_URL: url }] : [{}, "--database", url];
    const output = at % 4 < 2 ? ["--output", "json"] : [];
    return sluice(folder.folder, env, "plan", "a0.yaml", ...args, ...output);
  }));
  outcomes.push(...refused);
  const log = Deno.readTextFileSync(`${folder.folder}/log.jsonl`);
  const stored = await everything(test);
  // Most of them are right URLs after all.
  expect(stored).toContain("/things.csv");
  const shown = [...outcomes.flatMap(({ out, err }) => [out, err]), log, stored];
  const lines = shown.flatMap((text) => text.split("\n"));
  expect(lines.filter((line) => line.includes("canary"))).toEqual([]);
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
  await using test = await ledgerDatabase();
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

import { expect } from "packages/expect.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { sluice } from "../support/sluice.ts";
import { sluiceProcess } from "./sluice.ts";
import { deafOrigin, receiver } from "./support.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: integer, required: true }, name: text }
checks:
  - row_count: { max: 3, severity: warn }
expect: { duration: 1s }
notify:
  - { on: [failure, refusal, warning, recovery], webhook: "\${HOOK}" }
  - { on: [failure], webhook: "\${HOOK}", format: slack }
`;

Deno.test("notify: of a pipeline file tells a webhook of refusal, failure, recovery and warnings", async () => {
  await using test = await ledgerDatabase();
  await using server = receiver();
  using files = workspace({ "things.yaml": YAML });
  const env = { DATABASE_URL: test.url, HOOK: `${server.origin}/services/canary-token` };
  const run = async (content: string | null) => {
    if (content === null) Deno.removeSync(`${files.folder}/things.csv`);
    else files.write("things.csv", content);
    server.received.splice(0);
    const outcome = await sluice(files.folder, env, "run", "things.yaml");
    expect(outcome.out + outcome.err).not.toContain("canary-token");
    const told = server.received.map(({ path, body }) => {
      expect(path).toBe("/services/canary-token");
      return JSON.parse(body) as { alerts?: { alert: string }[]; text?: string };
    });
    return {
      code: outcome.code,
      alerts: told.flatMap(({ alerts }) => alerts?.map(({ alert }) => alert) ?? []),
      texts: told.flatMap(({ text }) => text ?? []),
    };
  };
  expect(await run("id,name\n1,a\n")).toEqual({ code: 0, alerts: [], texts: [] });
  expect(await run("id,name\nx,a\n")).toEqual({ code: 3, alerts: ["refusal"], texts: [] });
  const failed = await run(null);
  expect(failed).toMatchObject({ code: 1, alerts: ["failure"] });
  expect(failed.texts).toHaveLength(1);
  expect(await run("id,name\n2,b\n")).toEqual({ code: 0, alerts: ["recovery"], texts: [] });
  expect(await run("id,name\n1,a\n2,b\n3,c\n4,d\n")).toMatchObject({
    code: 0,
    alerts: ["warning"],
  });
  const stored = await test.db.query<{ all: string }>(
    `select (select jsonb_agg(r) from sluice.runs r)::text || (select jsonb_agg(l) from sluice.loads l)::text as all`,
  );
  expect(stored[0].all).not.toContain("canary-token");
});

Deno.test("a receiver that is away changes neither a load nor an exit code", async () => {
  await using test = await ledgerDatabase();
  const yaml = YAML.replace("on: [failure, refusal", "on: [success, failure, refusal");
  using files = workspace({
    "things.yaml": yaml,
    "refused.yaml": yaml.replaceAll("things", "refused"),
    "failed.yaml": yaml.replaceAll("things", "failed"),
    "things.csv": "id,name\n1,a\n",
    "refused.csv": "id,name\nx,a\n",
  });
  const env = { DATABASE_URL: test.url, HOOK: `${deafOrigin()}/canary-token` };
  await Promise.all(([["things", 0], ["refused", 3], ["failed", 1]] as const).map(
    async ([name, code]) => {
      const outcome = await sluice(files.folder, env, "run", `${name}.yaml`);
      expect([name, outcome.code]).toEqual([name, code]);
      expect(outcome.err).toContain("The notification by webhook was not delivered: 127.0.0.1:");
      expect(outcome.out + outcome.err).not.toContain("canary-token");
    },
  ));
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
});

Deno.test("a run that takes longer than expected is told as slow, to a receiver that fails first", async () => {
  await using test = await ledgerDatabase();
  await using source = receiver(async ({ method }) => {
    if (method === "GET") await new Promise((resolve) => setTimeout(resolve, 1_100));
    return new Response("id,name\n1,a\n");
  });
  await using server = receiver((_request, index) =>
    new Response(null, { status: index === 0 ? 503 : 200 })
  );
  using files = workspace({
    "things.yaml": YAML.replace("things.csv", `${source.origin}/things.csv`)
      .replace("on: [failure, refusal", "on: [slow, failure, refusal"),
  });
  const env = { DATABASE_URL: test.url, HOOK: server.origin };
  const outcome = await sluice(files.folder, env, "run", "things.yaml");
  expect(outcome).toMatchObject({ code: 0 });
  expect(outcome.err).not.toContain("warning");
  expect(server.received).toHaveLength(2);
  const [first, second] = server.received.map(({ body }) => JSON.parse(body));
  expect(second).toEqual(first);
  expect(first).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect(first.alerts).toHaveLength(1);
  expect(first.alerts[0].reason).toMatch(/^\d\.\d+ s, where 1 s are expected$/);
});

Deno.test("a command is told where the operator and Deno let it run, and is a warning where not", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.yaml": YAML.replace(/notify:[^]*/, "") +
      `notify: [{ on: [refusal], command: [sh, -c, 'cat > "$0"', "\${HOOK}"] }]\n`,
    "things.csv": "id,name\nx,a\n",
  });
  const notice = `${files.folder}/notice.json`;
  const env = { DATABASE_URL: test.url, HOOK: notice };
  const run = (permissions: string[], env: Record<string, string>, ...flags: string[]) =>
    sluiceProcess(permissions, files.folder, env, "run", "things.yaml", ...flags);
  const unnamed = await run(["--allow-run=sh"], env);
  expect(unnamed.code).toBe(3);
  expect(unnamed.err.match(/"sh" is not an allowed program/g)).toHaveLength(1);
  const refused = await run([], env, "--allow-command", "sh");
  expect(refused.code).toBe(3);
  expect(refused.err).toContain("--allow-run");
  expect(() => Deno.statSync(notice)).toThrow(Deno.errors.NotFound);
  const told = await run(["--allow-run=sh"], { ...env, SLUICE_ALLOWED_COMMANDS: "sh" });
  expect(told.code).toBe(3);
  expect(told.err).not.toContain("was not delivered");
  expect(JSON.parse(Deno.readTextFileSync(notice))).toMatchObject({
    pipeline: "things",
    status: "refused",
    alerts: [{ alert: "refusal" }],
  });
});

Deno.test("what is wrong with notify and expect is told with its place", () => {
  const told = (change: (yaml: string) => string) =>
    loadSpec(change(YAML), { file: "t.yaml", folder: "/", variables: { HOOK: "https://x" } })
      .diagnostics.map(({ code, message, start }) => [start.line, code, message]);
  expect(told((yaml) => yaml)).toEqual([]);
  expect(told((yaml) => yaml.replaceAll("HOOK", "HOK"))).toEqual([
    [10, "spec/unset_variable", 'Environment variable "HOK" is not set'],
    [11, "spec/unset_variable", 'Environment variable "HOK" is not set'],
  ]);
  for (
    const [from, to, line] of [
      ["[failure],", "[failur],", 11],
      ["[failure],", "[],", 11],
      ['webhook: "${HOOK}", format: slack', "format: slack", 11],
      ['webhook: "${HOOK}", format: slack', "command: []", 11],
      ['webhook: "${HOOK}", format: slack', "webhook: ftp://x", 11],
      ["duration: 1s", "duration: soon", 8],
      ["duration: 1s", "duration: 0s", 8],
    ] as const
  ) {
    const found = told((yaml) => yaml.replace(from, to));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0][0]).toBe(line);
  }
});

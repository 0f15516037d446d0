import { expect } from "packages/expect.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL } from "../support/pipeline.ts";
import { testCli } from "./support.ts";

const YAML = `pipeline: things
source: { url: "https://\${HOST_X}/things.csv", headers: { a: "\${TOKEN_X}" } }
target: { table: shop.things }
notify: [{ on: [failure], webhook: "\${HOOK_X}" }]
columns: { id: integer }
`;

const SET = { HOST_X: "h", TOKEN_X: "t", HOOK_X: "https://hook" };

/** Commands that a file with an unset variable is given to, and which of them open its source. */
const COMMANDS: readonly (readonly [args: readonly string[], opensSource: boolean])[] = [
  [["run", "a.yaml"], true],
  [["plan", "a.yaml"], true],
  [["rollback", "a.yaml"], false],
  [["history", "a.yaml"], false],
  [["rejects", "a.yaml"], false],
  [["check", "a.yaml"], false],
  [["validate", "a.yaml"], false],
];

/** Whether a command got past its file, whatever it did then. */
async function accepts(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  yaml = YAML,
): Promise<{ readonly accepted: boolean; readonly code: number; readonly err: string }> {
  const services = {
    loadSpec: (text: string, input: Parameters<typeof loadSpec>[1]) =>
      Promise.resolve(loadSpec(text, input)),
    openDatabase: () => Promise.reject(new Error("reached the database")),
  };
  using test = testCli(services, { files: { "a.yaml": yaml }, variables });
  const code = await runCli([...args], test.cli);
  const accepted = args[0] === "validate"
    ? code === 0
    : test.err().includes("reached the database");
  return { accepted, code, err: test.err() };
}

for (const [args, opensSource] of COMMANDS) {
  Deno.test(`${args[0]}: what is not set stops it only where it opens the source`, async () => {
    expect((await accepts(args, SET)).accepted).toBe(true);
    for (const name of ["HOST_X", "TOKEN_X"]) {
      const { [name]: _, ...variables } = { ...SET } as Record<string, string>;
      const { accepted, code, err } = await accepts(args, variables);
      expect([name, accepted]).toEqual([name, !opensSource]);
      if (opensSource) {
        expect(code).toBe(2);
        expect(err).toContain(`Environment variable "${name}" is not set`);
      }
    }
    const { HOOK_X: _, ...variables } = SET;
    const hook = await accepts(args, variables);
    expect(hook.accepted).toBe(true);
    expect(hook.err.includes('"HOOK_X" is not set')).toBe(args[0] === "validate");
  });
}

const NEVER = ["DATABASE_URL", "PGPASSWORD", "PGHOST", "PGX", "SLUICE_TOKEN", "pgpassword"];

const PLACES: readonly ((name: string) => string)[] = [
  (name) => YAML.replace("HOST_X", name),
  (name) => YAML.replace("TOKEN_X", name),
  (name) => YAML.replace("HOOK_X", name),
  (name) => YAML.replace('webhook: "${HOOK_X}"', `command: [curl, "\${${name}}"]`),
  (name) =>
    `environments: { e: { vars: { base: "https://\${${name}}" } } }\n` +
    YAML.replace("https://${HOST_X}", "{base}"),
];

Deno.test("what is Sluice's own is read by no pipeline file, wherever it is named", async () => {
  for (const name of NEVER) {
    const variables = { ...SET, [name]: "https://canary" };
    for (const place of PLACES) {
      const { accepted, code, err } = await accepts(["validate", "a.yaml"], variables, place(name));
      expect([name, accepted, code]).toEqual([name, false, 2]);
      expect(err).toContain(`A pipeline file may not read "${name}"`);
      expect(err).not.toContain("canary");
    }
  }
  // Names that only look so.
  for (const name of ["MY_DATABASE_URL", "XPGHOST", "THE_SLUICE_TOKEN", "DATABASE_URL_2"]) {
    const variables = { ...SET, [name]: "x" };
    expect((await accepts(["validate", "a.yaml"], variables, PLACES[0](name))).accepted).toBe(true);
  }
});

Deno.test("SLUICE_ALLOWED_VARIABLES names what a pipeline file may read", async () => {
  const of = async (allowed: string, command = "run") =>
    (await accepts([command, "a.yaml"], { ...SET, SLUICE_ALLOWED_VARIABLES: allowed })).accepted;
  expect(await of("HOST_X,TOKEN_X,HOOK_X")).toBe(true);
  expect(await of("HOST_X TOKEN_X")).toBe(true);
  expect(await of("HOST_*, TOKEN_*")).toBe(true);
  expect(await of("*")).toBe(true);
  expect(await of("HOST_X")).toBe(false);
  expect(await of("HOST,TOKEN_X")).toBe(false);
  expect(await of("")).toBe(false);
  expect(await of("", "rollback")).toBe(true);
  const variables = { ...SET, PGPASSWORD: "x", SLUICE_ALLOWED_VARIABLES: "*,PGPASSWORD" };
  expect((await accepts(["run", "a.yaml"], variables, PLACES[0]("PGPASSWORD"))).accepted).toBe(
    false,
  );
});

Deno.test("a reference that a file puts together out of pieces is not read either", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "canary.csv": "id\n1\n" });
  // The check of the file sees two texts, neither of which names the variable.
  const yaml = `
pipeline: things
environments: { e: { vars: { name: "PGDATABASE}" } } }
source: { url: "\${{name}" }
target: { table: shop.things }
columns: { id: integer }
`;
  for (const name of ["PGDATABASE", "FREE"]) {
    const variables = { [name]: `${files.folder}/canary.csv` };
    const spec = specOf(yaml.replace("PGDATABASE", name), files.folder, variables);
    const { context } = testContext(test.db);
    const outcome = runPipeline(spec, ALL, { ...context, secrets: secretsFrom(variables) });
    if (name === "FREE") expect(await outcome).toMatchObject({ error: null, rows_loaded: 1 });
    else await expect(outcome).rejects.toMatchObject({ code: "source/forbidden_variable" });
  }
});

Deno.test("a run whose webhook is not set loads, and the run's file needs no variable of others", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id\n1\n" });
  const yaml = YAML.replace(/source: .*/, "source: { url: things.csv }");
  expect(await run(test.db, specOf(yaml, files.folder))).toMatchObject({ status: "succeeded" });
});

Deno.test("validate warns of a program that notifications may not run, and run leaves that to the run", async () => {
  const yaml = YAML.replace('webhook: "${HOOK_X}"', 'command: ["${HOOK_X}", now]');
  const warns = async (args: string[], more: Record<string, string> = {}) => {
    const { accepted, err } = await accepts(args, { ...SET, HOOK_X: "page", ...more }, yaml);
    expect(accepted).toBe(true);
    return err.includes("is not an allowed program");
  };
  expect(await warns(["validate", "a.yaml"])).toBe(true);
  expect(await warns(["validate", "a.yaml", "--allow-command", "other"])).toBe(true);
  expect(await warns(["validate", "a.yaml", "--allow-command", "page"])).toBe(false);
  expect(await warns(["validate", "a.yaml"], { SLUICE_ALLOWED_COMMANDS: "page" })).toBe(false);
  // The run warns at its start: once is enough.
  expect(await warns(["run", "a.yaml"])).toBe(false);
});

import { expect } from "packages/expect.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import type { DatabaseRequest } from "../../src/cli/services.ts";
import { testCli } from "./support.ts";

const NO_DATABASE = {
  db: {} as never,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** What `plan` asks for with these arguments and variables. */
async function requested(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ request: DatabaseRequest; redacted: (text: string) => string }> {
  let request: DatabaseRequest | null = null;
  using test = testCli({
    openDatabase(asked) {
      request = asked;
      return Promise.resolve(NO_DATABASE);
    },
  }, { files: { "a.yaml": "" }, variables });
  await runCli(["run", "a.yaml", ...args], test.cli);
  return { request: request!, redacted: (text) => test.cli.secrets.redact(text) };
}

Deno.test("openDatabase takes --database, DATABASE_URL, PGHOST or PGDATABASE, in this order", async () => {
  const flag = ["--database", "postgres://flag/d"];
  const url = { DATABASE_URL: "postgres://variable/d" };
  const cases: [string[], Record<string, string>, string | null][] = [
    [flag, { ...url, PGHOST: "h" }, "postgres://flag/d"],
    [[], { ...url, PGHOST: "h" }, "${DATABASE_URL}"],
    [[], { PGHOST: "h" }, "postgres://"],
    [[], { PGDATABASE: "d", DATABASE_URL: "" }, "postgres://"],
    // They say how, not where: the embedded database.
    [[], { PGUSER: "u", PGPASSWORD: "p", PGSSLMODE: "require", PGHOST: "" }, null],
  ];
  for (const [args, variables, expected] of cases) {
    const { request } = await requested(args, variables);
    expect(request.url).toBe(expected);
    expect(request.variables).toEqual(variables);
    expect(request.applicationName).toBe("sluice run");
  }
});

Deno.test("openDatabase keeps PGPASSWORD secret", async () => {
  const { redacted } = await requested([], { PGHOST: "h", PGPASSWORD: "hunter2" });
  expect(redacted("the password is hunter2")).toBe("the password is ***");
});

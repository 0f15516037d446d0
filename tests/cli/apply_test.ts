import { expect } from "packages/expect.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { realServices } from "../../src/cli/services.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { taskWords } from "../support/permissions.ts";
import { workspace } from "../support/pipeline.ts";
import { testCli } from "./support.ts";

function pipeline(name: string, more = ""): string {
  return `pipeline: ${name}
source: { url: ${name}.csv }
target: { table: shop.${name} }
columns: { id: integer }
${more}
`;
}

const FILES = {
  "facts.yaml": pipeline("facts", "after: [zones]"),
  "zones.yaml": pipeline("zones"),
  "facts.csv": "id\n1\n",
  "zones.csv": "id\n7\n8\n",
};

/** Commands in one folder, as a process would carry them out. */
function commands(
  { url }: Pick<TestDatabase, "url">,
  files: Readonly<Record<string, string>> = FILES,
  variables: Readonly<Record<string, string>> = {},
) {
  using first = testCli({}, { files });
  const kept = workspace();
  const { folder } = kept;
  for (const name of Object.keys(files)) {
    Deno.copyFileSync(`${first.folder}/${name}`, `${folder}/${name}`);
  }
  return {
    folder,
    write: (name: string, text: string) => Deno.writeTextFileSync(`${folder}/${name}`, text),
    read: (name: string) => Deno.readTextFileSync(`${folder}/${name}`),
    async call(...args: string[]) {
      using test = testCli(realServices(), { variables: { DATABASE_URL: url, ...variables } });
      const code = await runCli(args, { ...test.cli, clock: systemClock, workingFolder: folder });
      return { code, out: test.out(), err: test.err() };
    },
    [Symbol.dispose]: () => kept[Symbol.dispose](),
  };
}

async function count({ db }: TestDatabase, table: string): Promise<number | null> {
  const [{ there }] = await db.query<{ there: boolean }>(
    "select to_regclass($1) is not null as there",
    [table],
  );
  if (!there) return null;
  return (await db.query<{ n: number }>(`select count(*) as n from ${table}`))[0].n;
}

Deno.test("apply runs what plan --out has written, once", async () => {
  await using test = await testDatabase();
  using at = commands(test);
  const planned = await at.call("plan", "zones.yaml", "--out", "plan.json");
  expect(planned).toMatchObject({
    code: 0,
    out: expect.stringContaining("zones: 1 to load; "),
    err: expect.stringContaining("deno task apply plan.json"),
  });
  expect(await count(test, "shop.zones")).toBe(null);
  const json = await at.call("plan", "zones.yaml", "--out", "plan.json", "--output", "json");
  const { plans: [{ file, plan, basis }], format } = JSON.parse(at.read("plan.json"));
  expect([file, format]).toEqual(["zones.yaml", "sluice-plan"]);
  const shown = JSON.parse(json.out);
  expect({ ...plan, basis: shown.basis }).toEqual(shown);
  expect(basis.spec).toEqual(shown.basis.spec);

  const applied = await at.call("apply", "plan.json", "--output", "json");
  expect(applied.code).toBe(0);
  expect(JSON.parse(applied.out)).toMatchObject({ pipeline: "zones", rows_loaded: 2 });
  const again = await at.call("apply", "plan.json", "--output", "json");
  expect(again.code).toBe(4);
  expect(JSON.parse(again.out)).toMatchObject({
    error: {
      code: "plan/moved",
      retry: "never",
      message: expect.stringContaining("live version of whole table: nothing → 1"),
    },
  });
  expect(await count(test, "shop.zones")).toBe(2);
});

Deno.test("apply keeps the options that the plan was made with", async () => {
  await using test = await testDatabase();
  using at = commands(test, {
    "p.yaml": `pipeline: p
environments: { one: { vars: { name: a } }, two: { vars: { name: b } } }
source: { url: "{name}.csv" }
target: { table: shop.p }
columns: { id: integer }
`,
    "b.csv": "id\n1\n",
    "c.csv": "id\n1\n2\n",
  });
  const apply = async (...flags: string[]) => {
    expect(await at.call("plan", "p.yaml", "--out", "plan.json", ...flags))
      .toMatchObject({ code: 0 });
    const { code, out } = await at.call("apply", "plan.json", "--output", "json");
    return { code, status: JSON.parse(out).status, rows: JSON.parse(out).rows_loaded };
  };
  expect(await apply("--env", "two")).toEqual({ code: 0, status: "succeeded", rows: 1 });
  expect(await apply("--env", "two")).toEqual({ code: 0, status: "unchanged", rows: 0 });
  expect(await apply("--env", "two", "--force"))
    .toEqual({ code: 0, status: "succeeded", rows: 1 });
  expect(await apply("--set", "name=c")).toEqual({ code: 0, status: "succeeded", rows: 2 });
});

Deno.test("the plan of a folder runs as a whole, in its order, or not at all", async () => {
  await using test = await testDatabase();
  using at = commands(test);
  const planned = await at.call("plan", ".", "--out", "plan.json", "--output", "json");
  expect(JSON.parse(planned.out).plans.map(({ file }: { file: string }) => file))
    .toEqual(["./zones.yaml", "./facts.yaml"]);
  at.write("facts.csv", "id\n5\n");
  const refused = await at.call("apply", "plan.json");
  expect(refused).toMatchObject({ code: 4, out: "" });
  expect(refused.err).toMatch(/plan of "facts" holds no more: source of whole table: SHA-256/);
  expect([await count(test, "shop.zones"), await count(test, "shop.facts")]).toEqual([null, null]);

  expect((await at.call("plan", ".", "--out", "plan.json")).code).toBe(0);
  const { code, out } = await at.call("apply", "plan.json", "--output", "json");
  expect(code).toBe(0);
  expect(
    JSON.parse(out).runs.map((run: { file: string; status: string }) => [run.file, run.status]),
  )
    .toEqual([["./zones.yaml", "succeeded"], ["./facts.yaml", "succeeded"]]);
});

Deno.test("of several files one that cannot be planned is told, and nothing is written", async () => {
  await using test = await testDatabase();
  await test.db.query("create schema shop; create view shop.zones as select 1 as id");
  using at = commands(test);
  const { code, out, err } = await at.call("plan", ".", "--out", "plan.json", "--output", "json");
  expect(code).toBe(1);
  expect(err.match(/plan\/target_not_a_table/g)).toHaveLength(1);
  const { plans } = JSON.parse(out);
  expect(plans[0]).toMatchObject({
    file: "./zones.yaml",
    error: { code: "plan/target_not_a_table" },
  });
  expect(plans[1].partitions[0].action).toBe("load");
  expect(() => at.read("plan.json")).toThrow();
});

Deno.test("a plan for another database is not run, whatever leads to it", async () => {
  await using one = await testDatabase();
  await using other = await testDatabase();
  using at = commands(one);
  expect((await at.call("plan", "zones.yaml", "--out", "plan.json")).code).toBe(0);
  const refused = await at.call("apply", "plan.json", "--database", other.url);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("cli/plan_of_another_database");
  expect(refused.err).toContain(new URL(one.url).pathname.slice(1));
  expect(await count(other, "shop.zones")).toBe(null);
  // Another way to the same one.
  const url = one.url.replace("127.0.0.1", "localhost");
  expect((await at.call("apply", "plan.json", "--database", url)).code).toBe(0);
});

/** What can become of a file, and what is said of it. */
const DAMAGES: readonly (readonly [
  what: string,
  damage: (text: string) => string | Uint8Array | null,
  code: string,
])[] = [
  ["it is gone", () => null, "cli/no_such_file"],
  ["it is empty", () => "", "cli/not_a_plan"],
  ["it is cut", (text) => text.slice(0, text.length / 2), "cli/not_a_plan"],
  ["it is no JSON", () => "pipeline: zones\n", "cli/not_a_plan"],
  ["it is other JSON", () => '{"plans": []}', "cli/not_a_plan"],
  ["it is a list", () => "[]", "cli/not_a_plan"],
  ["it is null", () => "null", "cli/not_a_plan"],
  ["it is bytes", () => new Uint8Array([0, 255, 1]), "cli/not_a_plan"],
  ["a statement is edited", (text) => text.replace("analyze", "vacuum"), "cli/not_a_plan"],
  ["a key is added", (text) => text.replace('"env"', '"more": 1,\n"env"'), "cli/not_a_plan"],
  [
    "an option is edited",
    (text) => text.replace('"force": false', '"force": true'),
    "cli/not_a_plan",
  ],
  [
    "its format is another one",
    (text) => text.replace('"format_version": 1', '"format_version": 2'),
    "cli/plan_of_another_version",
  ],
  [
    "another version wrote it",
    (text) => text.replace('"version": "1.2.3"', '"version": "9.0.0"'),
    "cli/plan_of_another_version",
  ],
];

Deno.test("a plan file that is not as it was written is not run", async (t) => {
  await using test = await testDatabase();
  using at = commands(test);
  expect((await at.call("plan", "zones.yaml", "--out", "plan.json")).code).toBe(0);
  const text = at.read("plan.json");
  for (const [what, damage, code] of DAMAGES) {
    await t.step(what, async () => {
      const damaged = damage(text);
      if (damaged === null) Deno.removeSync(`${at.folder}/plan.json`);
      else {
        expect(damaged).not.toBe(text);
        Deno.writeFileSync(
          `${at.folder}/plan.json`,
          typeof damaged === "string" ? new TextEncoder().encode(damaged) : damaged,
        );
      }
      const applied = await at.call("apply", "plan.json");
      expect(applied.code).toBe(2);
      expect(applied.err.match(new RegExp(code, "g"))).toHaveLength(1);
    });
  }
  expect((await at.call("apply", ".")).err).toContain("cli/not_a_plan");
  expect(await count(test, "shop.zones")).toBe(null);
  // Its blanks are nobody's concern.
  at.write("plan.json", JSON.stringify(JSON.parse(text)));
  expect((await at.call("apply", "plan.json")).code).toBe(0);
});

Deno.test("only another plan is written over", async () => {
  await using test = await testDatabase();
  using at = commands(test);
  for (const name of ["zones.csv", "zones.yaml", "."]) {
    const { code, err } = await at.call("plan", "zones.yaml", "--out", name);
    expect([name, code]).toEqual([name, 2]);
    expect(err).toContain("cli/file_exists");
  }
  expect(at.read("zones.csv")).toBe(FILES["zones.csv"]);
  const { code, err } = await at.call("plan", "zones.yaml", "--out", "zones.csv/plan.json");
  expect([code, err]).toEqual([2, expect.stringContaining("cli/cannot_write")]);
  for (const _ of [1, 2]) {
    expect((await at.call("plan", "zones.yaml", "--out", "plan.json")).code).toBe(0);
  }
  expect([...Deno.readDirSync(at.folder)].map(({ name }) => name).sort())
    .toEqual([...Object.keys(FILES), "plan.json"].sort());
  expect((await at.call("plan", "zones.yaml", "--out", "plans/of/today.json")).code).toBe(0);
  expect(at.read("plans/of/today.json")).toContain('"sluice-plan"');
});

Deno.test("a plan file holds no secret: references stay, and what is written out is refused", async (t) => {
  await using test = await testDatabase();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const isAllowed = request.headers.get("x-token") === "canary-token" &&
        new URL(request.url).searchParams.get("key") === "canary-key";
      return new Response("id\n1\n", { status: isAllowed ? 200 : 403, headers: { etag: '"1"' } });
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const yaml = (url: string, headers: string, more = "") =>
    `pipeline: p
source: { url: "${url}", headers: { ${headers} } }
target: { table: shop.p }
columns: { id: integer }
${more}
`;
  const good = yaml(`http://${host}/t.csv?key=\${KEY}`, 'X-Token: "${TOKEN}"');
  using at = commands(test, { "p.yaml": good }, { KEY: "canary-key", TOKEN: "canary-token" });
  expect((await at.call("plan", "p.yaml", "--out", "plan.json")).code).toBe(0);
  const text = at.read("plan.json");
  expect(text).toContain("${KEY}");
  const password = new URL(test.url).password;
  expect(["canary", ...password === "" ? [] : [password]].filter((secret) => text.includes(secret)))
    .toEqual([]);
  expect((await at.call("apply", "plan.json")).code).toBe(0);

  Deno.removeSync(`${at.folder}/plan.json`);
  const reference = 'X-Token: "${TOKEN}"';
  for (
    const [what, file, flags] of [
      ["a password in the URL", yaml(`http://me:canary@${host}/t.csv`, reference), []],
      ["a parameter of the URL", yaml(`http://${host}/t.csv?token=canary`, reference), []],
      ["a header", yaml(`http://${host}/t.csv?key=\${KEY}`, "X-Token: canary-token"), []],
      [
        "SQL",
        good +
        `checks: [{ sql: { name: c, query: "select count(*) from {staging} where 'canary-key' <> ''", min: 0 } }]\n`,
        [],
      ],
      [
        "an expression",
        good.replace(
          "id: integer",
          `id: integer, key: { type: text, expression: "'canary-key'" }`,
        ),
        [],
      ],
      ["--set", good.replace("t.csv", "{name}.csv"), ["--set", "name=canary-key"]],
    ] as const
  ) {
    await t.step(what, async () => {
      at.write("p.yaml", file);
      const { code, err, out } = await at.call("plan", "p.yaml", "--out", "plan.json", ...flags);
      expect([code, err]).toEqual([2, expect.stringContaining("cli/literal_secret")]);
      expect(`${out}${err}`).not.toContain("canary");
      expect(() => at.read("plan.json")).toThrow();
    });
  }
});

Deno.test("plan and apply need no more than their tasks grant", async () => {
  await using test = await testDatabase();
  using at = commands(test);
  const main = new URL("../../", import.meta.url).pathname;
  const call = async (task: "plan" | "apply", ...args: string[]) => {
    const words = taskWords(task).map((word) =>
      word === "src/main.ts" ? `${main}src/main.ts` : word
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...words, ...args],
      cwd: at.folder,
      env: { DATABASE_URL: test.url, NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    return [code, code === 0 ? "" : new TextDecoder().decode(stderr)];
  };
  expect(await call("plan", "zones.yaml", "--out", "plan.json")).toEqual([0, ""]);
  expect(await call("apply", "plan.json")).toEqual([0, ""]);
  expect(await count(test, "shop.zones")).toBe(2);
});

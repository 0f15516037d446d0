import { expect } from "packages/expect.ts";
import { parse } from "packages/csv-parse-sync.ts";
import { systemClock } from "../../src/core/clock.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import type { Database } from "../../src/db/database.ts";
import type { ServedFiles } from "../../src/schedule/pipeline_files.ts";
import { realServices } from "../../src/cli/services.ts";
import { readTask } from "../../src/cli/thread_read.ts";
import { randomFrom, testSeed } from "../source/support.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { BROKEN, demoFolder, loadDemo, SCRIPT } from "./demo.ts";
import { expectIn, expectNotIn, get, plain, signIn, testPage, textOf } from "./support.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

Deno.test("each view shows what the ledger has", async (t) => {
  await using database = await ledgerDatabase();
  using folder = demoFolder();
  await loadDemo(folder.path, database.url);
  await database.db.query("analyze");
  const { db } = database;
  const page = testPage(db, await served(folder.path));
  const runs = await runsOf(db);

  for (
    const [path, ...parts] of [
      ["/", "4 in all", "Show", "refused", "2026-02"],
      ["/pipeline/orders/versions", "2026-02 2 1,221", "2025-01 2 1,200"],
      ["/pipeline/orders/versions?month=2025-03", "Partitions of 2025-03", "2025-03 2 1,210"],
      ["/pipeline/orders/versions?partition=2025-03", "2 live 1,210", "1 retained 1,210"],
      ["/pipeline/orders/versions?partition=2025-03", "The 6 columns and their types are the same"],
      [
        "/pipeline/orders/versions?partition=2025-03&a=1&b=2&sums=1",
        /amount numeric\(10,2\) numeric\(10,2\) 1,210 1,210 ([\d.]+) \1/,
      ],
      ["/pipeline/customers/versions", "Inserted", "1 live 300 300"],
      ["/pipeline/orders/runs", "succeeded", /15,933 127/],
      ["/pipeline/prices/runs", "refused", "2 rows repeat an idempotency key"],
      ["/pipeline/orders/rejects", "127 rejected rows", "not_one_of", "39.4 %", "Next rows"],
      ["/pipeline/orders/rejects?partition=2025-03", "10 rejected rows", "--partition 2025-03"],
      ["/pipeline/events/rejects", "9 rejected rows", "invalid_timestamptz"],
      ["/pipeline/prices/rejects", "No row was rejected"],
      ["/pipeline/orders/checks", "few_large_amounts warned", "row_count passed", "at least 100"],
      ["/pipeline/orders/checks?check=row_count", "2026-02", "1221", "at least 100"],
      ["/pipeline/events/checks", "No check has looked at it yet"],
      ["/pipeline/orders/file", "max length 40", "one of DE, FR, IT, ES", "Europe/Berlin", "0.0 %"],
      ["/starts", "orders", "0 6 * * *", "in 17 h"],
      ["/queue", "None goes on", "There is no queue", "Connected"],
      [`/run/${runs.orders}`, "succeeded", "Seconds by phase", "Published", "warned", "Log"],
      [`/run/${runs.orders}`, "publish 2025-01", "attach partition", "copy &quot;shop&quot;"],
      [`/run/${runs.prices}`, "load/duplicate_keys", "What to do", "duplicates"],
    ] as (readonly [string, ...(string | RegExp)[]])[]
  ) {
    await t.step(path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "<id>"), async () => {
      const html = await textOf(page, get(path));
      expectIn(plain(html), ...parts);
      expectNotIn(html, "<script>document", "<img", "onerror=alert(1)>");
    });
  }

  await t.step("the beginning of a run's id is enough", async () => {
    const begin = runs.orders.slice(0, 8);
    expectIn(plain(await textOf(page, get(`/run/${begin}`))), "Seconds by phase");
    const html = await textOf(page, get(`/pipeline/orders/rejects?run=${begin.toUpperCase()}`));
    expectIn(plain(html), "127 rejected rows");
    await textOf(page, get("/run/0123"), 404);
  });

  await t.step("the log keeps its filter in the address", async () => {
    const html = await textOf(page, get(`/run/${runs.orders}?level=warning&text=LARGE`));
    expectIn(html, 'value="LARGE"', '<option value="warning" selected');
    expectIn(plain(html), /few_large_amounts: observed 63/);
    expectNotIn(plain(html), "version 2 is live");
  });

  await t.step("the field that is wrong is marked in its record", async () => {
    const csv = await textOf(page, get("/pipeline/orders/rejects?code=invalid_number"));
    expectIn(csv, ",<mark>twelve</mark></code>");
    expectNotIn(csv, "<mark>XX");
    const json = await textOf(page, get("/pipeline/events/rejects"));
    expectIn(json, "<mark>&quot;at&quot;:&quot;yesterday&quot;</mark>");
    expectIn(json, "<mark>&quot;id&quot;:&quot;no 7 &lt;script&gt;");
  });

  await t.step("rejects can be had as CSV, all of them", async () => {
    const response = (await page(get(`/pipeline/orders/rejects.csv?run=${runs.orders}`)))!;
    expect(response.headers.get("content-disposition")).toMatch(
      /^attachment; filename="orders-rejects-[0-9a-f]{8}\.csv"$/,
    );
    const rows = parse(await response.text(), { columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(127);
    expect(rows[0].raw).toContain(",twelve");
    const strange = get(`/pipeline/customers/rejects.csv?run=${runs.orders}`);
    expect((await page(strange))!.status).toBe(404);
  });

  await t.step("what nobody knows is said to be unknown", async () => {
    for (
      const path of [
        "/pipeline/nobody/versions",
        "/pipeline/nobody/rejects",
        "/run/x",
        `/run/${crypto.randomUUID()}`,
        "/file?name=/etc/passwd",
        "/pipeline/orders/nothing",
        "/pipeline/%00/runs",
        "/pipeline/..%2f..%2fetc/file",
      ]
    ) await textOf(page, get(path), 404);
  });

  await t.step("whatever the address asks for, the page answers, and runs nothing", async () => {
    const random = randomFrom(testSeed("views_test addresses"));
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
    const paths = [
      "/",
      "/pipeline/orders/versions",
      "/pipeline/orders/runs",
      "/pipeline/orders/rejects",
      "/pipeline/orders/checks",
      "/pipeline/orders/file",
      `/run/${runs.orders}`,
      "/starts",
      "/queue",
      "/session",
      "/file",
    ];
    const names =
      "q,state,page,to,month,partition,before,after,a,b,sums,check,column,code,level,text,next,name"
        .split(",");
    const values = [
      SCRIPT,
      `"><svg onload=alert(1)>`,
      `' or 1=1 --`,
      "\0",
      "\ud800",
      "-1",
      "1e309",
      "9".repeat(40),
      "2026-99-99T99",
      "%",
      "javascript:alert(1)",
      "x".repeat(3_000),
      "",
      "2025-03",
      "1",
    ];
    for (let n = 0; n < 150; n++) {
      const search = new URLSearchParams();
      for (let k = 0; k < 4; k++) search.append(pick(names), pick(values));
      const path = `${pick(paths)}?${search}`;
      const response = (await page(get(path)))!;
      const html = await response.text();
      if (![200, 400, 404].includes(response.status)) {
        throw new Error(`${path}: ${response.status} ${plain(html)}`);
      }
      if (/<script>document|<svg onload|<img|href="javascript:/.test(html)) throw new Error(path);
    }
  });

  await t.step("a broken file is shown with what is wrong in it", async () => {
    Deno.writeTextFileSync(`${folder.path}/returns.yaml`, BROKEN);
    const parts = await served(folder.path);
    const page = testPage(db, parts);
    const file = `${folder.path}/returns.yaml`;
    expectIn(plain(await textOf(page, get("/"))), "One file cannot be used", "Unknown key");
    const html = await textOf(page, get(`/file?name=${encodeURIComponent(file)}`));
    expectIn(html, "<mark>fromat</mark>", "<mark>integr</mark>", "<mark>mim</mark>");
    expectIn(plain(html), "Did you mean &quot;format&quot;?");
  });

  await t.step("buttons are for those who have signed in", async () => {
    const session = await signIn(page);
    const path = "/pipeline/orders/versions?partition=2025-03";
    expectIn(plain(await textOf(page, get(path, session))), "Put back …", "Run …");
    expectNotIn(plain(await textOf(page, get(path))), "Put back …", "Run …");
  });
});

Deno.test("a secret that a file spells out is not shown", async () => {
  await using database = await ledgerDatabase();
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(
    `${folder}/a.yaml`,
    "pipeline: a\nsource:\n  url: https://user:hunter2hunter2@example.com/a.csv?token=abcdefghij\n" +
      "  format: csv\ntarget: { table: t.a }\ncolumns: { a: { type: text } }\n",
  );
  const parts = await served(folder);
  expect(JSON.stringify([...parts.files()].map(([, { shown }]) => shown)))
    .not.toMatch(/hunter2|abcdefghij/);
  const html = await textOf(testPage(database.db, parts), get("/pipeline/a/file"));
  expectNotIn(html, "hunter2", "abcdefghij");
  expectIn(html, "***");
  Deno.removeSync(folder, { recursive: true });
});

async function runsOf(db: Database): Promise<Record<string, string>> {
  const rows = await db.query<{ pipeline: string; id: string }>(
    "select distinct on (pipeline) pipeline, id from sluice.runs order by pipeline, started_at desc",
  );
  return Object.fromEntries(rows.map(({ pipeline, id }) => [pipeline, id]));
}

/** A folder as `serve` reads it. */
async function served(folder: string) {
  const files = new Map<string, ServedFiles extends ReadonlyMap<string, infer F> ? F : never>();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml")).sort();
  const around = {
    services: realServices(),
    variables: {},
    secrets: secretsFrom({}),
    workingFolder: folder,
    invokedFolder: null,
  };
  await readTask(
    { kind: "read", files: names.map((name) => `${folder}/${name}`) },
    { set: {} },
    around,
    (message) => {
      if (message.kind === "file" && message.read !== null) {
        files.set(message.read.file, message.read);
      }
    },
  );
  const states = [...files.values()].flatMap(({ served }) =>
    served === null ? [] : { ...served, running: false, record: null }
  );
  return {
    clock: { ...systemClock, now: () => NOW },
    files: () => files as ServedFiles,
    pipelines: () => states,
  };
}

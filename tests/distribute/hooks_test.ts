import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { MONTHS, months, runMonths, worker, YAML } from "./support.ts";

for (const publish of ["each", "together"]) {
  Deno.test(`with workers hooks run once for each partition, published ${publish}`, async () => {
    await using test = await testDatabase();
    await test.db.query(
      `create table public.calls (n bigint generated always as identity, hook text, part text,
  rows bigint, app text default current_setting('application_name'))`,
    );
    const hook = (name: string) =>
      `  ${name}: insert into public.calls (hook, part, rows) values ('${name}', :partition, :rows_loaded)\n`;
    const hooks = ["before_load", "after_load", "before_publish", "after_publish", "on_failure"]
      .map(hook).join("");
    const yaml = YAML.replace(/partitions: \{/, `partitions: { publish: ${publish}, `) +
      `hooks:\n${hooks}`;
    using files = workspace({ ...months(40), "months.yaml": yaml });
    if (publish === "each") files.write(`${MONTHS[0]}.csv`, "id,name\nx,bad\n");
    await using _worker = worker(files.folder, test.url);
    const { result } = await runMonths(files.folder, test.url);
    expect(result.status).toBe(publish === "each" ? "refused" : "succeeded");
    for (const month of MONTHS) {
      const called = await test.db.query<{ hook: string; rows: number | null; app: string }>(
        "select hook, rows, app from public.calls where part = $1 order by n",
        [month],
      );
      const isRefused = publish === "each" && month === MONTHS[0];
      const names = isRefused
        ? ["before_load", "on_failure"]
        : ["before_load", "after_load", "before_publish", "after_publish"];
      expect([month, called.map(({ hook }) => hook)]).toEqual([month, names]);
      const places = called.map(({ app }) => app.replace(/^sluice (\w+).*/, "$1"));
      expect([month, places]).toEqual([
        month,
        isRefused
          ? ["worker", "run"]
          : publish === "each"
          ? ["worker", "worker", "worker", "worker"]
          : ["worker", "worker", "run", "run"],
      ]);
      if (!isRefused) expect(called.map(({ rows }) => rows)).toEqual([null, 40, 40, 40]);
    }
  });
}

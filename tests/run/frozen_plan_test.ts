import { expect } from "packages/expect.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { loadElsewhere } from "../../src/distribute/elsewhere.ts";
import { loadPart } from "../../src/distribute/load_part.ts";
import { type LoadJob, openQueue } from "../../src/distribute/queue.ts";
import type { LoadPlan, PartitionPlan, Statement } from "../../src/plan/load_plan.ts";
import { planPipeline, replayRejects, runPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

/** How a pipeline loads: each mode, into a table of Sluice's own and into somebody else's. */
const WAYS = ["full", "append", "upsert", "history", "partition"].flatMap((mode) =>
  [true, false].filter((made) => made || mode !== "history").map((made) => ({ mode, made }))
);

const yaml = (mode: string, max = 4) => `
pipeline: things
${mode === "partition" ? "partitions: { by: list, values: [a, b], concurrency: 2 }" : ""}
source: { url: ${mode === "partition" ? "'{partition}.csv'" : "a.csv"} }
target: { table: shop.things, lineage: true${mode === "partition" ? ", partition_column: p" : ""} }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text, seats: { type: integer, max: ${max} } }
rejects: { limit: 10 }
`;

/** Every statement that is sent, in its order. */
function listening(real: Database) {
  const sent: string[] = [];
  const hear = (queryable: Queryable): Queryable => ({
    query(sql, params) {
      sent.push(sql);
      return queryable.query(sql, params);
    },
  });
  const db: Database = {
    ...real,
    ...hear(real),
    cancelRunning: () => real.cancelRunning(),
    transaction: (work) => real.transaction((tx) => work(hear(tx))),
    async session() {
      const session = await real.session();
      return {
        ...hear(session),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    copyIn: (sql, first) => real.copyIn(sql, first && ((tx) => first(hear(tx)))),
  };
  return { db, sent };
}

function frozenParts(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenParts);
}

/** Takes statements out of what was sent, in their order; returns those that were not. */
function missing(statements: readonly Statement[], sent: readonly string[]): string[] {
  let at = 0;
  return statements.map(({ sql }) => sql).filter((sql) => {
    const found = sent.indexOf(sql, at);
    if (found < 0) return true;
    at = found + 1;
    return false;
  });
}

function expectObeyed(plan: LoadPlan, sent: readonly string[], isolated: boolean): void {
  expect(missing(plan.setup, sent)).toEqual([]);
  for (const partition of plan.partitions.filter(({ action }) => action === "load")) {
    const { stage, finish }: Pick<PartitionPlan, "stage" | "finish"> =
      isolated && partition.isolation !== null ? partition.isolation : partition;
    expect(missing([...stage, ...finish, ...partition.publish], sent)).toEqual([]);
  }
}

const FILE = "id,name,seats\n1,one,1\n2,two,2\n";

/** A table with what it has been loaded with once. */
async function arranged(db: Database, spec: PipelineSpec, made: boolean): Promise<void> {
  if (!made) {
    await db.query(`create schema shop;
create table shop.things (id int not null, name text, seats int, p text,
  _run_id uuid, _loaded_at timestamptz, _source_file text, _source_line bigint);
create unique index on shop.things (id);`);
    if (spec.partitions !== null) {
      await db.query("drop index shop.things_id_idx; create unique index on shop.things (id, p)");
    }
  }
  expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
  await db.query("alter table shop.things add check (name <> 'refused')");
}

for (const { mode, made } of WAYS) {
  Deno.test(`${mode}: what is printed is frozen, and executed to the letter (${made ? "of Sluice's" : "another's"} table)`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "a.csv": FILE, "b.csv": FILE });
    const spec = specOf(yaml(mode), files.folder);
    await arranged(test.db, spec, made);
    for (const refused of [false, true]) {
      files.write(
        "a.csv",
        `id,name,seats\n1,uno,1\n${refused ? "8,refused,1\n" : ""}5,five,9\n1,twice,1\n`,
      );
      const printed = await planPipeline(spec, ALL, testContext(test.db).context);
      expect(frozenParts(printed)).toBe(true);
      expect(JSON.parse(JSON.stringify(printed))).toEqual(printed);
      await using hearing = await connect({ url: test.url });
      const { db, sent } = listening(hearing);
      const result = await runPipeline(spec, ALL, testContext(db).context);
      expect(result).toMatchObject({ status: "succeeded", rows_rejected: refused ? 3 : 2 });
      expectObeyed(printed, sent, refused);
    }
    // A replay is planned too: nothing is added to its plan.
    await using hearing = await connect({ url: test.url });
    const { db, sent } = listening(hearing);
    const mended = specOf(yaml(mode, 10), files.folder);
    expect(await replayRejects(mended, undefined, testContext(db).context)).toMatchObject({
      status: "succeeded",
      rows_loaded: 1,
    });
    expect(sent.some((sql) => /update sluice\.rejected_rows/.test(sql))).toBe(true);
  });
}

Deno.test("a distributed run sends workers the very plan that is printed for it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "a.csv": FILE, "b.csv": FILE });
  const spec = specOf(yaml("partition"), files.folder);
  await using queue = await openQueue(await resolveTarget(test.url), "test", 10);
  const jobs: LoadJob[] = [];
  const added = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const elsewhere = loadElsewhere({
    ...queue,
    async addLoad(job, priority) {
      await queue.addLoad(job, priority);
      // As a worker gets it.
      jobs.push(JSON.parse(JSON.stringify(job)));
      added[jobs.length - 1].resolve();
    },
  }, 0);
  const { context } = testContext(test.db);
  await arranged(test.db, spec, true);
  files.write("a.csv", "id,name,seats\n1,uno,1\n");
  files.write("b.csv", "id,name,seats\n1,uno,1\n8,refused,1\n");
  const printed = await planPipeline(spec, ALL, { ...context, elsewhere });
  expect(frozenParts(printed)).toBe(true);
  const result = runPipeline(spec, ALL, { ...context, elsewhere });
  await Promise.race([Promise.all(added.map(({ promise }) => promise)), result]);
  // What it was made from is of no use to a worker.
  const { partitions, basis: _, ...common } = printed;
  for (const job of jobs) {
    expect(job.plan).toEqual(common);
    expect(job.partition).toEqual(
      partitions.find(({ partition }) => partition === job.partition.partition),
    );
    await loadPart(queue, job, true, {
      ...context,
      concurrency: 1,
      followed: 1,
      ready: () => {},
      run: () => Promise.reject(new Error("There is no detached run here")),
      note: () => {},
      warn: () => {},
    });
    expect(frozenParts(job)).toBe(true);
  }
  expect(await result).toMatchObject({ status: "succeeded", rows_loaded: 2, rows_rejected: 1 });
});

Deno.test("nothing behind the plan makes another of it", () => {
  const copies: string[] = [];
  for (const folder of ["run", "load", "check", "publish", "distribute"]) {
    for (const [path, text] of readFolder(new URL(`../../src/${folder}/`, import.meta.url))) {
      const found = text.match(/\{\s*\.\.\.(plan|partition|next|rows|plan\.rows|this\.plan)\b/g);
      for (const copy of found ?? []) copies.push(`${path}: ${copy}`);
    }
  }
  expect(copies).toEqual([]);
});

for (const contract of ["freeze", "evolve"]) {
  Deno.test(`a plan is compiled once (columns ${contract})`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "a.csv": FILE, "b.csv": FILE });
    const plain = specOf(
      `${yaml("partition")}\nschema_contract: { new_columns: ${contract} }\n`,
      files.folder,
    );
    await arranged(test.db, plain, true);
    files.write("a.csv", `id,name,seats${contract === "evolve" ? ",more" : ""}\n1,uno,1\n`);
    let compiled = 0;
    const { versions } = plain.target;
    const target = Object.defineProperty({ ...plain.target }, "versions", {
      enumerable: true,
      get() {
        compiled++;
        return versions;
      },
    });
    const plan = await planPipeline(
      { ...plain, target },
      ALL,
      testContext(test.db).context,
    );
    expect(plan.evolved.length).toBe(contract === "evolve" ? 1 : 0);
    // Once for the plan, once for what it was made from, and once for each partition that loads.
    const loads = plan.partitions.filter(({ action }) => action === "load");
    expect(loads.length).toBe(1);
    expect(compiled).toBe(2 + loads.length);
  });
}

function readFolder(folder: URL): [string, string][] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }): [string, string][] =>
    isDirectory
      ? readFolder(new URL(`${name}/`, folder))
      : [[name, Deno.readTextFileSync(new URL(name, folder))]]
  );
}

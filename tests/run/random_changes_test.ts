import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { quoteIdent, quoteTable } from "../../src/core/quote.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";

// Somebody changes tables by hand between runs and rollbacks. What is not Sluice's at that moment
// never changes, nothing ends with an error of the database, and what is said to be loaded is there.
//
// What is whose is told without the ledger: Sluice's is what came to be during its runs, for as long
// as it has the name and the place that a run gave it.

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Sequences of each mode; `SLUICE_SEQUENCES` for a long run. */
const SEQUENCES = rounds(2, "SLUICE_SEQUENCES");

interface Case {
  readonly name: string;
  readonly yaml: string;
  readonly partitions: readonly (string | null)[];
  /** A load takes the place of what is there. */
  readonly replaces: boolean;
  readonly keyed: boolean;
}

const COLUMNS = "columns: { id: { type: integer, required: true }, name: text, at: date }";
const MONTHS = `partitions: { by: month, from: 2021-01, to: 2021-02 }
source: { url: "{month}.csv" }`;
const WHOLE = "source: { url: all.csv }";

const CASES: readonly Case[] = [
  { name: "full", yaml: WHOLE, partitions: [null], replaces: true, keyed: true },
  {
    name: "partition",
    yaml: MONTHS,
    partitions: ["2021-01", "2021-02"],
    replaces: true,
    keyed: true,
  },
  {
    name: "partition by range",
    yaml: MONTHS,
    partitions: ["2021-01", "2021-02"],
    replaces: true,
    keyed: false,
  },
  { name: "append", yaml: WHOLE, partitions: [null], replaces: false, keyed: false },
  { name: "append with a key", yaml: WHOLE, partitions: [null], replaces: false, keyed: true },
  { name: "upsert", yaml: WHOLE, partitions: [null], replaces: false, keyed: true },
  {
    name: "append by range",
    yaml: MONTHS,
    partitions: ["2021-01", "2021-02"],
    replaces: false,
    keyed: false,
  },
  { name: "history", yaml: WHOLE, partitions: [null], replaces: false, keyed: true },
];

function yamlOf({ name, yaml, keyed }: Case, schema: string, versions: number): string {
  const column = name.endsWith("by range") ? ", partition_column: at" : "";
  const columns = column === ""
    ? COLUMNS
    : COLUMNS.replace("at: date", "at: { type: date, required: true }");
  return `
pipeline: ${schema}
${yaml}
target: { table: ${schema}.t, versions: ${versions}, indexes: [[name]]${column} }
refresh: { mode: ${name.split(" ")[0]} }
${keyed ? "idempotency_key: [id]" : ""}
${columns}
`;
}

interface Relation {
  readonly oid: number;
  readonly kind: string;
  readonly schema: string;
  readonly table: string;
  readonly parent: number | null;
}

async function relations(db: Database): Promise<Relation[]> {
  const all = await db.query<Relation>(
    `select c.oid::bigint as oid, c.relkind::text as kind, n.nspname::text as schema,
  c.relname::text as table, (select inhparent from pg_inherits where inhrelid = c.oid)::bigint as parent
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname not in ('sluice', 'pg_catalog', 'information_schema')
  and n.nspname not like 'pg_toast%'
order by c.oid`,
  );
  return all;
}

async function contentOf(db: Database, relation: Relation): Promise<string> {
  const [{ content }] = await db.query<{ content: string }>(
    `select coalesce(string_agg(x::text, ' ' order by x::text), '') as content
from only ${quoteTable(relation)} x`,
  );
  return content;
}

class Sequence {
  /** What runs have made, with the name and the place that they gave it. */
  #made = new Map<number, Relation>();
  /** The ledger was tampered with: the target may be taken for a table of somebody else's. */
  #forgetful = false;
  #serial = 0;
  readonly log: string[] = [];

  constructor(
    readonly db: Database,
    readonly the: Case,
    readonly schema: string,
    readonly random: () => number,
    /** How often each error ended something, by code. */
    readonly refusals: Map<string, number>,
  ) {}

  async setUp(): Promise<void> {
    await this.db.query(`create schema if not exists ${this.schema};
create schema ${this.schema}_keep`);
  }

  /** Runs what Sluice does, and holds it to what it may do. */
  async watch(what: string, work: () => Promise<string>): Promise<void> {
    const { db } = this;
    const before = (await relations(db)).filter(({ schema }) => schema.startsWith(this.schema));
    const target = before.find(({ schema, table }) => schema === this.schema && table === "t");
    const kept = new Map<Relation, string>();
    for (const relation of before) {
      if (relation.kind === "r" && !this.#isOurs(relation, target)) {
        kept.set(relation, await contentOf(db, relation));
      }
    }
    let outcome: string;
    try {
      outcome = await work();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      outcome = `${error.code}: ${error.message}`;
      this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
      if (error.hint === undefined) throw new Error(`No hint: ${outcome}`);
    }
    this.log.push(`${what}: ${outcome}`);
    if (/\bdb\/|changed_meanwhile|core\/bug/.test(outcome)) throw new Error(outcome);
    const after = await relations(db);
    for (const [relation, content] of kept) {
      const now = after.find(({ oid }) => oid === relation.oid);
      const name = `${relation.schema}.${relation.table}`;
      if (now === undefined) throw new Error(`${what} dropped ${name}, which is not Sluice's`);
      expect(`${name}: ${await contentOf(db, now)}`).toBe(`${name}: ${content}`);
    }
    const known = new Set(before.map(({ oid }) => oid));
    for (const relation of after.filter(({ schema }) => schema.startsWith(this.schema))) {
      if (!known.has(relation.oid) || this.#made.has(relation.oid)) {
        const first = this.#made.get(relation.oid);
        // A name that somebody else gave it does not become Sluice's by a run.
        if (
          first === undefined ||
          (first.schema === relation.schema && first.table === relation.table)
        ) {
          this.#made.set(relation.oid, relation);
        }
      }
    }
  }

  #isOurs(relation: Relation, target: Relation | undefined): boolean {
    const inTarget = target !== undefined &&
      (relation.oid === target.oid || relation.parent === target.oid);
    const made = this.#made.get(relation.oid);
    // What merges write to is the target with all its partitions.
    if (inTarget && (made !== undefined || !this.the.replaces || this.#forgetful)) return true;
    if (inTarget && target.kind === "r") return true;
    if (inTarget && !this.#made.has(target.oid)) return true;
    if (made === undefined) return false;
    return made.schema === relation.schema && made.table === relation.table &&
      made.parent === relation.parent;
  }

  async change(): Promise<void> {
    const { db, random, schema } = this;
    const all = (await relations(db)).filter((relation) => relation.schema.startsWith(schema));
    const target = all.find((relation) => relation.schema === schema && relation.table === "t");
    const below = all.filter(({ table }) => table.startsWith("t__"));
    const some = below.length === 0 ? undefined : pick(random, below);
    const partitions = all.filter(({ parent }) => target !== undefined && parent === target.oid);
    const part = partitions.length === 0 ? undefined : pick(random, partitions);
    const parentOf = (relation: Relation) => all.find(({ oid }) => oid === relation.parent);
    const n = ++this.#serial;
    const t = `${schema}.t`;
    const make = (name: string) =>
      `create table ${name} (id integer not null, name text, at date);
insert into ${name} values (${n}, 'theirs', '2021-01-05'), (${n + 100}, 'theirs', '2021-02-05')`;
    const nameOf = quoteTable;
    const changes: (() => string)[] = [
      () => `alter table ${t} rename to t_old${n}`,
      () =>
        `alter table ${t} set schema ${schema}_keep; alter table ${schema}_keep.t rename to t${n}`,
      () => `drop table ${t} cascade`,
      () => `truncate ${t}`,
      () => `delete from ${t}`,
      () => `insert into ${t} (id, name, at) values (${n + 1000}, 'by hand', '2021-01-07')`,
      () => `alter table ${t} rename to t_old${n}; ${make(t)}`,
      () => `drop table ${t} cascade; ${make(t)}; create unique index on ${t} (id)`,
      () => {
        const old = all.filter(({ table }) => /^t_old/.test(table));
        return `alter table ${nameOf(pick(random, old))} rename to t`;
      },
      () => `alter table ${t} detach partition ${nameOf(part!)}`,
      () => `alter table ${nameOf(part!)} rename to mine${n}`,
      () => `alter table ${nameOf(part!)} set schema ${schema}_keep`,
      () => `truncate ${nameOf(part!)}`,
      () =>
        `alter table ${t} detach partition ${nameOf(part!)}; drop table ${nameOf(part!)};
${make(nameOf(part!))}`,
      () => {
        const bound = this.the.name === "full"
          ? "default"
          : this.the.name === "partition"
          ? "for values in ('2021-01-01')"
          : "for values from ('2021-01-01') to ('2021-02-01')";
        return `alter table ${t} detach partition ${nameOf(part!)};
create table ${schema}.theirs${n} partition of ${t} ${bound};
insert into ${t} (id, name, at${this.the.name === "partition" ? ", _partition" : ""})
values (${n}, 'theirs', '2021-01-05'${this.the.name === "partition" ? ", '2021-01-01'" : ""})`;
      },
      () => {
        const own = this.the.name === "partition";
        return `create table ${schema}.rest${n} partition of ${t} default;
insert into ${schema}.rest${n} (id, name, at${own ? ", _partition" : ""})
values (${n}, 'theirs', '2022-01-05'${own ? ", '2022-01-01'" : ""})`;
      },
      () => `alter table ${nameOf(some!)} rename to archive${n}`,
      () => `alter table ${nameOf(some!)} set schema ${schema}_keep`,
      () => `drop table ${nameOf(some!)}`,
      () => `drop table ${nameOf(some!)}; ${make(nameOf(some!))}`,
      () => `alter table ${nameOf(some!)} rename to archive${n}; ${make(nameOf(some!))}`,
      () => {
        const old = parentOf(some!);
        return `${
          old === undefined ? "" : `alter table ${nameOf(old)} detach partition ${nameOf(some!)};`
        }
create table ${schema}.elsewhere${n} (like ${nameOf(some!)}) partition by list (id);
alter table ${schema}.elsewhere${n} attach partition ${nameOf(some!)} default`;
      },
      () => {
        const other = pick(random, below);
        return `alter table ${nameOf(some!)} rename to swap${n};
alter table ${nameOf(other)} rename to ${quoteIdent(some!.table)};
alter table ${schema}.swap${n} rename to ${quoteIdent(other.table)}`;
      },
      () => {
        const base = pick(random, ["t__all", "t__2021_01", "t__2021_02"]);
        const name = `${schema}.${base}__v${between(random, 0, 6)}${
          pick(random, ["", "", "", "_b", "_r", "_k", "_i1", "_q", "_p1"])
        }`;
        return pick(random, [
          make(name),
          make(name),
          `create type ${name} as enum ('a')`,
          `create domain ${name} as text`,
          `create sequence ${name}`,
          `create view ${name} as select 1 as x`,
          `create table ${schema}.other${n} (x int); create index ${
            name.split(".")[1]
          } on ${schema}.other${n} (x)`,
        ]);
      },
      () => {
        const name = pick(random, ["t_key", "t_name_idx"]);
        return `create table ${schema}.other${n} (x int); create index ${name} on ${schema}.other${n} (x)`;
      },
      () => "drop schema sluice cascade",
      () => `delete from sluice.loads`,
      () => `delete from sluice.tables`,
      () => `delete from sluice.loads; delete from sluice.targets; delete from sluice.tables`,
    ];
    const sql = (() => {
      try {
        return pick(random, changes)();
      } catch {
        return null;
      }
    })();
    if (sql === null) return;
    try {
      await db.query(sql);
    } catch (error) {
      if (error instanceof SluiceError) return;
      throw error;
    }
    if (sql.includes("sluice")) this.#forgetful = true;
    if (/schema sluice|sluice\.loads.*sluice\.tables/.test(sql)) this.#made.clear();
    else if (sql.includes("sluice.tables")) {
      // The loads know their tables too: those of versions, not what merges took away.
      for (const [oid, { table }] of this.#made) {
        if (!/__v[1-9][0-9]*$/.test(table)) this.#made.delete(oid);
      }
    }
    this.log.push(sql);
  }
}

for (const [at, the] of CASES.entries()) {
  Deno.test(`${the.name}: nothing is lost by what others do between runs`, async () => {
    console.log(`    SLUICE_SEED=${SEED}`);
    const random = randomFrom(SEED + at * 7919);
    await using test = await ledgerDatabase();
    using files = workspace();
    const outcomes = new Map<string, number>();
    for (let number = 0; number < SEQUENCES; number++) {
      const schema = `s${number}x`;
      const versions = between(random, 0, 3);
      const spec = specOf(yamlOf(the, schema, versions), files.folder);
      const sequence = new Sequence(test.db, the, schema, random, outcomes);
      await sequence.setUp();
      const { context } = testContext(test.db);
      let id = 0;
      try {
        for (let step = 0; step < 8; step++) {
          if (step > 0) {
            for (let times = between(random, 0, 2); times > 0; times--) await sequence.change();
          }
          if (step > 1 && between(random, 0, 4) === 0) {
            const to = pick(random, [undefined, undefined, 0, 1, 2, 3]);
            await sequence.watch(`rollback ${to}`, async () => {
              await rollbackPipeline(spec, to === undefined ? {} : { to }, context);
              return "done";
            });
            continue;
          }
          if (between(random, 0, 3) > 0 || step === 0) {
            for (const partition of the.partitions) {
              const month = partition ?? "2021-01";
              const rows = Array.from(
                { length: between(random, 1, 4) },
                () => `${++id},n${between(random, 0, 3)},${month}-0${between(random, 1, 9)}\n`,
              );
              files.write(`${partition ?? "all"}.csv`, `id,name,at\n${rows.join("")}`);
            }
          }
          await sequence.watch("run", async () => {
            const result = await run(test.db, spec);
            const errors = result.partitions.flatMap(({ error }) => error ?? []);
            const key = errors[0]?.code ?? result.status;
            outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
            if (result.status === "succeeded" && the.name === "full") {
              const rows = await test.db.query<{ line: string }>(
                `select id || ',' || name || ',' || at || E'\\n' as line from ${schema}.t order by id`,
              );
              expect(`id,name,at\n${rows.map(({ line }) => line).join("")}`).toBe(
                Deno.readTextFileSync(`${files.folder}/all.csv`),
              );
            }
            return `${result.status} ${
              errors.map(({ code, message, hint }) => `${code}: ${message} (${hint})`).join("; ")
            }`;
          });
        }
      } catch (error) {
        throw new Error(
          `SLUICE_SEED=${SEED}, ${the.name}, sequence ${number}, versions ${versions}:\n${
            sequence.log.join("\n")
          }`,
          { cause: error },
        );
      }
      await test.db.query(`drop schema ${schema} cascade; drop schema ${schema}_keep cascade`);
    }
    console.log(`    ${[...outcomes].map(([what, times]) => `${what} ${times}`).join(", ")}`);
  });
}

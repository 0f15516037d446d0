import { randomFrom } from "../rows/random.ts";

/** A pipeline that is interrupted: what is live before, and what its next load brings. */
export interface KillPipeline {
  readonly name: string;
  readonly about: string;
  /** Pipeline file; `{base}` is where its files lie. */
  readonly yaml: string;
  readonly target: string;
  /** SQL over the target as `t`: which partition a row belongs to. */
  readonly partition: string;
  /** All partitions are old, or all are new. */
  readonly together?: true;
  /** Run on the empty database, before anything else. */
  readonly prepare?: string;
  /** The files of each load by name; the last one is the load that is interrupted. */
  readonly loads: readonly Readonly<Record<string, string>>[];
}

/** Rows of a file, and how many more of it cannot be loaded. */
const ROWS = 6_000;
const REJECTS = 3;

const COLUMNS = `columns:
  id: { type: bigint, required: true }
  name: text
  amount: { type: "numeric(12,2)", min: 0 }
  at: timestamp
  note: text
`;

const SOURCE = `source: { url: "{base}/things.csv", retries: 2 }
environments: { here: { vars: { base: . } } }
rejects: { limit: 10 }
`;

/** One file for the whole table: 1 and 2 are loaded before, 3 is interrupted. */
const THINGS = [1, 2, 3].map((generation) => ({ "things.csv": thingsFile(generation) }));

function things(name: string, about: string, rest: string): KillPipeline {
  return {
    name,
    about,
    yaml: `pipeline: things\n${SOURCE}${rest}${COLUMNS}`,
    target: "shop.things",
    partition: "'all'",
    loads: THINGS,
  };
}

function months(name: string, about: string, publish: string): KillPipeline {
  return {
    name,
    about,
    yaml: `pipeline: months
source: { url: "{base}/trips_{month}.csv", retries: 2 }
environments: { here: { vars: { base: . } } }
partitions:
  { by: month, from: 2021-01, to: 2021-03, concurrency: 2, missing: pending, publish: ${publish} }
target: { table: shop.trips, partition_column: file_month, versions: 1, indexes: [[name]] }
refresh: { mode: partition }
rejects: { limit: 10 }
${KEYED}${COLUMNS}`,
    target: "shop.trips",
    partition: "to_char(t.file_month, 'YYYY-MM')",
    loads: [
      { "trips_2021-01.csv": thingsFile(1), "trips_2021-02.csv": thingsFile(4) },
      { "trips_2021-01.csv": thingsFile(2), "trips_2021-02.csv": thingsFile(4) },
      {
        "trips_2021-01.csv": thingsFile(3),
        "trips_2021-02.csv": thingsFile(4),
        "trips_2021-03.csv": thingsFile(5),
      },
    ],
  };
}

const KEYED = `idempotency_key: [id]\non_duplicate: keep_last\n`;
const TARGET = `target: { table: shop.things, versions: 1, indexes: [[name]] }\n`;

const PLAIN = `target: { table: shop.things, versions: 1 }\n`;

/** Every pipeline the harness interrupts: each refresh mode, and the ways into other tables. */
export const PIPELINES: readonly KillPipeline[] = [
  things("full", "whole table by exchange, with key, index, duplicates, rejects", TARGET + KEYED),
  things("plain", "whole table by exchange, without key or index", PLAIN),
  {
    name: "first",
    about: "the very first run in an empty database: ledger, schema and table are made as well",
    yaml: `pipeline: things\n${SOURCE}${TARGET}${KEYED}${COLUMNS}`,
    target: "shop.things",
    partition: "'all'",
    loads: [{ "things.csv": thingsFile(3) }],
  },
  months("partition", "three months, two at once: one changed, one unchanged, one new", "each"),
  {
    ...months("together", "the same, published in one transaction", "together"),
    together: true,
  },
  things(
    "append",
    "append without a key: loaded twice would be seen",
    `${TARGET}refresh: { mode: append }\n`,
  ),
  things(
    "append_keyed",
    "append with a key: known rows are left alone",
    `${TARGET}refresh: { mode: append }\n${KEYED}`,
  ),
  things(
    "upsert",
    "known rows updated, others inserted",
    `${TARGET}refresh: { mode: upsert }\n${KEYED}`,
  ),
  things(
    "history",
    "changed rows closed, vanished ones too",
    `${TARGET}refresh: { mode: history, hard_deletes: invalidate }\n${KEYED}`,
  ),
  {
    ...things(
      "foreign",
      "full into a plain table that Sluice did not make",
      PLAIN + KEYED,
    ),
    prepare: `create schema shop;
create table shop.things (id bigint primary key, name text, amount numeric(12,2), at timestamp,
  note text);
create index on shop.things (name)`,
  },
];

/** Of two generations, one seventh of the rows differs, one hundredth is only in the one. */
function thingsFile(generation: number): string {
  const random = randomFrom(generation);
  const lines = ["id,name,amount,at,note"];
  const first = generation * (ROWS / 100);
  for (let id = first; id < first + ROWS; id++) {
    lines.push(line(id, (id + generation) % 7 === 0 ? generation : 0));
    // The same key again, with other values: on_duplicate has to choose.
    if (random() < 0.005) lines.push(line(id, generation + 10));
  }
  for (let bad = 0; bad < REJECTS; bad++) {
    const at = 1 + Math.floor(random() * (lines.length - 1));
    lines.splice(at, 0, `no number,${generation},1,,`);
  }
  return lines.join("\n") + "\n";
}

function line(id: number, generation: number): string {
  const name = `name ${id * 7919 % 1000} of ${generation}`;
  const at = `2021-01-${String(1 + id % 28).padStart(2, "0")} 12:00:00`;
  return `${id},${name},${(id * 31 + generation) % 10_000}.25,${at},${`note ${id} `.repeat(12)}`;
}

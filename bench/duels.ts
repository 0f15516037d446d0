import { fileURLToPath } from "node:url";
import { FULL_MONTH_ROWS, writeFullMonth } from "../fixtures/full_month.ts";
import type { Database } from "../src/db/database.ts";
import { CSV_COLUMNS, psql, sluice } from "./contestants.ts";
import type { Duel } from "./duel.ts";
import type { PeerColumn } from "./peer.ts";
import { type Shape, SHAPES, writeLines, writeShape } from "./shape_files.ts";
import { yellowColumns } from "./yellow_columns.ts";

const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);
const KEY = [
  ...["vendor_id", "pickup_at", "dropoff_at"],
  ...["pickup_zone_id", "dropoff_zone_id", "total_amount"],
];
const INDEXES = [["pickup_at"], ["pickup_zone_id", "dropoff_zone_id"]];

/** How much of each: 1 is what docs/performance.md shows, less is for a look. */
export interface DuelSize {
  /** For generated files; absolute. */
  readonly folder: string;
  readonly share: number;
  /** In place of each duel's own. */
  readonly rounds: number | null;
}

/** Makes the files of a duel where they are missing, and says what it is. */
export interface DuelPlan {
  readonly id: string;
  make(size: DuelSize): Promise<Duel>;
}

/** All of them, in the order of the table. */
export const DUELS: readonly DuelPlan[] = [
  { id: "month", make: (size) => month(size, "month") },
  { id: "key", make: (size) => month(size, "key") },
  { id: "upsert", make: upsert },
  { id: "year", make: year },
  ...SHAPES.map((shape) => ({ id: shape.id, make: (size: DuelSize) => shapeDuel(size, shape) })),
];

const run = (pipeline: string, ...more: readonly string[]) => [
  ...["run", pipeline, "--force", "--output", "json", ...more],
];

async function month(size: DuelSize, id: "month" | "key"): Promise<Duel> {
  const rows = Math.round(FULL_MONTH_ROWS * size.share);
  const folder = folderOf(size);
  const { gzip, plain } = await writeFullMonth(folder, "2021-01", { plain: true, rows });
  const pipeline = `${folder}/${id}.yaml`;
  const keyed = `idempotency_key: [${KEY.join(", ")}]\non_duplicate: keep_first\n`;
  const indexes = `  indexes: ${JSON.stringify(INDEXES)}\n`;
  const text = await yellowPipeline(id);
  await Deno.writeTextFile(
    pipeline,
    id === "key" ? text.replace("  versions: 1\n", `  versions: 1\n${indexes}`) + keyed : text,
  );
  const tables = tablesOf(id);
  const load = run(pipeline, "--partition", "2021-01", "--set", `base=${folder}`);
  const unique = `create unique index on ${tables.theirTable} (${
    KEY.join(", ")
  }) nulls not distinct`;
  const others = INDEXES.map((columns) =>
    `create index on ${tables.theirTable} (${columns.join(", ")})`
  );
  const copy = copyCommand(tables.theirTable, CSV_COLUMNS, `'${sqlText(plain!)}'`);
  return {
    id,
    title: id === "month" ? "a month" : "a month, key of 6 columns and 2 indexes",
    against: id === "month" ? "\\copy" : "\\copy, then the same 3 indexes",
    rows,
    bytes: (await Deno.stat(gzip)).size,
    rounds: size.rounds ?? (id === "month" ? 5 : 3),
    columns: monthColumns(),
    ...tables,
    prepare: async (_db, url) => void await sluice(load, url),
    reset: (db) => remake(db, tables, "alter column file_month set default '2021-01-01'"),
    ours: () => load,
    theirs: () => id === "month" ? [copy] : [copy, unique, ...others],
  };
}

/** Twelve months in one run, from the same compressed files. */
async function year(size: DuelSize): Promise<Duel> {
  const folder = folderOf(size);
  const rows = Math.round(FULL_MONTH_ROWS * size.share);
  const months = Array.from({ length: 12 }, (_, at) => `2021-${String(at + 1).padStart(2, "0")}`);
  let bytes = 0;
  const copies: string[] = [];
  const tables = tablesOf("year");
  for (const month of months) {
    const { gzip } = await writeFullMonth(folder, month, { plain: false, rows });
    bytes += (await Deno.stat(gzip)).size;
    const unzip = sqlText(`gunzip -c '${gzip}'`);
    copies.push(
      `alter table ${tables.theirTable} alter column file_month set default '${month}-01'`,
    );
    copies.push(copyCommand(tables.theirTable, CSV_COLUMNS, `program '${unzip}'`));
  }
  const pipeline = `${folder}/year.yaml`;
  // One COPY each: while one month is analysed, which takes one core, the other one goes on.
  const text = (await yellowPipeline("year")).replace("concurrency: 1\n", "concurrency: 2\n");
  await Deno.writeTextFile(pipeline, text);
  const load = run(
    pipeline,
    "--from",
    months[0],
    "--to",
    months.at(-1)!,
    "--set",
    `base=${folder}`,
  );
  return {
    id: "year",
    title: "12 months in one run",
    against: "12 × gunzip into \\copy",
    rows: 12 * rows,
    bytes,
    rounds: size.rounds ?? 2,
    columns: monthColumns(),
    ...tables,
    // One month is enough to make the table.
    prepare: async (_db, url) =>
      void await sluice(run(pipeline, "--partition", months[0], "--set", `base=${folder}`), url),
    reset: (db) => remake(db, tables, null),
    ours: () => load,
    theirs: () => copies,
  };
}

/** A month that is there, again with one row in a hundred changed; forth and back in turn. */
async function upsert(size: DuelSize): Promise<Duel> {
  const folder = folderOf(size);
  const rows = Math.round(FULL_MONTH_ROWS * size.share);
  const { plain } = await writeFullMonth(folder, "2021-01", { plain: true, rows });
  const files = [`${folder}/upsert_1.csv`, `${folder}/upsert_2.csv`];
  for (const [at, file] of files.entries()) await writeLines(file, numbered(plain!, at === 1));
  const tables = tablesOf("upsert");
  const names = ["trip_id", ...CSV_COLUMNS];
  const pipeline = `${folder}/upsert.yaml`;
  const columns = yellowColumns();
  await Deno.writeTextFile(
    pipeline,
    `pipeline: upsert
source: { url: "{file}", format: csv }
target: { table: ${tables.ourTable}, versions: 1 }
refresh: { mode: upsert }
idempotency_key: [trip_id]
columns:
  trip_id: { type: bigint, required: true }
${columnLines(columns)}`,
  );
  const load = (round: number) => run(pipeline, "--set", `file=${files[round % 2]}`);
  const updates = CSV_COLUMNS.map((name) => `${name} = excluded.${name}`).join(", ");
  const fill = async (url: string) => {
    const copy = copyCommand(tables.theirTable, names, `'${sqlText(files[0])}'`);
    await psql([copy, `alter table ${tables.theirTable} add primary key (trip_id)`], url);
  };
  // Autovacuum would have come between two days.
  const tidy = async (db: Database) => {
    await db.query(`vacuum analyze ${tables.theirTable}`);
    await db.query(`vacuum analyze ${tables.ourTable}`);
  };
  return {
    id: "upsert",
    title: "upsert of a month of which 1 % changed",
    against: "\\copy to a temporary table, INSERT … ON CONFLICT of all",
    rows,
    bytes: (await Deno.stat(files[1])).size,
    rounds: size.rounds ?? 3,
    columns: [{ header: "trip_id", name: "trip_id", type: "bigint" }, ...columns],
    ...tables,
    prepare: async (db, url) => {
      await sluice(load(0), url);
      await remake(db, tables, null);
      await fill(url);
      await tidy(db);
    },
    reset: tidy,
    ours: load,
    theirs: (round) => [
      `create temporary table incoming (like ${tables.theirTable})`,
      copyCommand("incoming", names, `'${sqlText(files[round % 2])}'`),
      `insert into ${tables.theirTable} select * from incoming
       on conflict (trip_id) do update set ${updates}`,
    ],
  };
}

/** The lines of a month with a number before each; one in a hundred has another distance. */
function* numbered(path: string, changed: boolean): Iterable<string> {
  const [header, ...lines] = Deno.readTextFileSync(path).trimEnd().split("\n");
  yield `trip_id,${header}`;
  for (const [at, line] of lines.entries()) {
    if (!changed || at % 100 !== 0) {
      yield `${at},${line}`;
      continue;
    }
    const fields = line.split(",");
    fields[4] = String(Number(fields[4]) + 1);
    yield `${at},${fields.join(",")}`;
  }
}

async function shapeDuel(size: DuelSize, shape: Shape): Promise<Duel> {
  const { id, title, columns } = shape;
  const rows = Math.round(shape.rows * size.share);
  const folder = folderOf(size);
  const file = await writeShape(folder, shape, rows);
  const named = columns.map(({ name, type }) => ({ header: name, name, type }));
  const tables = tablesOf(id);
  const pipeline = `${folder}/${id}.yaml`;
  await Deno.writeTextFile(
    pipeline,
    `pipeline: ${id}
source: { url: ${JSON.stringify(file)}, format: csv }
target: { table: ${tables.ourTable}, versions: 1 }
refresh: { mode: full }
columns:
${columnLines(named)}`,
  );
  const load = run(pipeline);
  const names = columns.map(({ name }) => name);
  return {
    id,
    title,
    against: "\\copy",
    rows,
    bytes: (await Deno.stat(file)).size,
    rounds: size.rounds ?? 3,
    columns: named,
    ...tables,
    prepare: async (_db, url) => void await sluice(load, url),
    reset: (db) => remake(db, tables, null),
    ours: () => load,
    theirs: () => [copyCommand(tables.theirTable, names, `'${sqlText(file)}'`)],
  };
}

interface Tables {
  readonly ourTable: string;
  readonly theirTable: string;
}

function tablesOf(id: string): Tables {
  return { ourTable: `bench.${id}`, theirTable: `bench.${id}_copied` };
}

/** Same columns, types and NOT NULLs, no index: what a careful user of `\copy` would make. */
async function remake(db: Database, tables: Tables, change: string | null): Promise<void> {
  await db.query(`drop table if exists ${tables.theirTable}`);
  await db.query(`create table ${tables.theirTable} (like ${tables.ourTable})`);
  if (change !== null) await db.query(`alter table ${tables.theirTable} ${change}`);
}

function folderOf({ folder, share }: DuelSize): string {
  return share === 1 ? folder : `${folder}/share_${share}`;
}

function monthColumns(): PeerColumn[] {
  return [...yellowColumns(), { header: "file_month", name: "file_month", type: "date" }];
}

/** The month's pipeline into a table of its own. */
async function yellowPipeline(table: string): Promise<string> {
  return (await Deno.readTextFile(PIPELINE))
    .replace("pipeline: yellow_month", `pipeline: ${table}`)
    .replace("bench.yellow_trips", `bench.${table}`)
    .replaceAll('"numeric(10,2)"', "double precision");
}

function columnLines(columns: readonly PeerColumn[]): string {
  return columns.map(({ header, name, type }) =>
    `  ${name}: { from: ${header}, type: "${type}"${
      // The commission writes Y and N.
      header === "store_and_fwd_flag" ? ", true_values: [Y], false_values: [N]" : ""} }\n`
  ).join("");
}

function copyCommand(table: string, columns: readonly string[], source: string): string {
  return `\\copy ${table} (${columns.join(", ")}) from ${source} with (format csv, header true)`;
}

function sqlText(text: string): string {
  return text.replaceAll("'", "''");
}

/** Where files are generated when nobody says otherwise. */
export const DATA = fileURLToPath(new URL("./data", import.meta.url));

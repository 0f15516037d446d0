import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";

// Loads and rollbacks in random order: the table must always be what a plain model of it says, and
// going to a version must always give the rows that version had.

interface Row {
  readonly id: number;
  readonly name: string;
}

const MODES: readonly (RefreshMode | "append without key" | "full into theirs")[] = [
  "full",
  "append",
  "upsert",
  "history",
  "append without key",
  "full into theirs",
];

/** Of modes in which a load takes the place of rows: it may have none. */
const REPLACING: Readonly<Record<string, string>> = {
  full: ", allow_empty: true",
  history: ", hard_deletes: invalidate, allow_empty: true",
};

function yaml(mode: string, keyed: boolean): string {
  return `
pipeline: model
source: { url: model.csv }
target: { table: shop.model, versions: 100 }
refresh: { mode: ${mode}${REPLACING[mode] ?? ""} }
${keyed ? "idempotency_key: [id]\non_duplicate: keep_last" : ""}
columns: { id: { type: integer, required: true }, name: text }
`;
}

/** The current rows after a load, by the plainest means. */
function expected(mode: string, before: readonly Row[], source: readonly Row[]): Row[] {
  const last = [...new Map(source.map((row) => [row.id, row])).values()];
  const known = new Map(before.map((row) => [row.id, row]));
  switch (mode) {
    case "append":
      return [...before, ...last.filter(({ id }) => !known.has(id))];
    case "append without key":
      return [...before, ...source];
    case "upsert":
      return [...new Map([...before, ...last].map((row) => [row.id, row])).values()];
    case "full into theirs":
      return [...source];
    default:
      return last;
  }
}

function randomRows(random: () => number): Row[] {
  return Array.from({ length: between(random, 0, 12) }, () => ({
    id: between(random, 1, 10),
    name: pick(random, ["a", "b", "", "ü"]),
  }));
}

async function currentRows(db: Database, mode: string): Promise<string> {
  const where = mode === "history" ? "where _current" : "";
  const rows = await db.query<{ row: string }>(
    `select id || ':' || name as row from shop.model ${where} order by id, name collate "C"`,
  );
  return rows.map(({ row }) => row).join(" ");
}

function textOf(rows: readonly Row[]): string {
  return [...rows].sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ id, name }) => `${id}:${name}`).join(" ");
}

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

for (const mode of MODES) {
  Deno.test(`${mode}: random loads and rollbacks follow a model`, async () => {
    console.log(`    SLUICE_SEED=${SEED}`);
    const random = randomFrom(SEED + MODES.indexOf(mode));
    for (let left = rounds(1); left > 0; left--) {
      await using test = await ledgerDatabase();
      using files = workspace({ "model.csv": "" });
      const keyed = !mode.includes("without") && !mode.includes("theirs");
      const spec = specOf(yaml(mode.split(" ")[0], keyed), files.folder);
      if (mode === "full into theirs") {
        await test.db.query("create schema shop; create table shop.model (id integer, name text)");
      }
      const { context } = testContext(test.db);
      const columns = mode === "history" ? "1, 2, 3, 4" : "1, 2";
      let live = 0;
      let newest = 0;
      const current = new Map<number, readonly Row[]>([[0, []]]);
      const whole = new Map<number, unknown>();
      for (let step = 0; step < 14; step++) {
        if (newest > 0 && between(random, 0, 2) === 0) {
          const to = pick(random, [...current.keys()].filter((version) => version !== live));
          await rollbackPipeline(spec, { to }, context);
          live = to;
        } else {
          const source = randomRows(random);
          const lines = source.map(({ id, name }) => `${id},"${name}"\n`).join("");
          files.write("model.csv", `id,name\n${lines}`);
          const result = await run(test.db, spec, { force: true });
          if (result.status !== "succeeded") throw new Error(JSON.stringify(result));
          newest++;
          current.set(newest, expected(mode, current.get(live)!, source));
          live = newest;
          whole.set(live, await test.db.query(`select * from shop.model order by ${columns}`));
        }
        const where = `step ${step}, version ${live}: `;
        expect(where + await currentRows(test.db, mode)).toBe(
          where + textOf(current.get(live)!),
        );
        if (live > 0) {
          expect(await test.db.query(`select * from shop.model order by ${columns}`))
            .toEqual(whole.get(live));
        }
        const states = await test.db.query<{ version: number }>(
          "select version from sluice.loads where state = 'live'",
        );
        expect(states.map(({ version }) => version)).toEqual(live === 0 ? [] : [live]);
      }
    }
  });
}

import { COPY_HEADER, COPY_TRAILER } from "../../src/core/copy_format.ts";
import { Frame } from "../../src/rows/frame.ts";
import { compileType } from "../../src/rows/types/mod.ts";
import { serverVersion, testDatabase } from "../support/postgres.ts";
import { Kernel } from "../../src/rows/kernel/kernel.ts";
import { CASES, type TypeCase } from "./differential_cases.ts";
import { columnPlan, encodeTexts } from "./encode_texts.ts";
import { makeText } from "./make_text.ts";
import { randomFrom } from "./random.ts";
import { rounds } from "../support/rounds.ts";

const ROWS = rounds(150_000, "SLUICE_DIFFERENTIAL_ROWS");
const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);
const BATCH = 25_000;

Deno.test({
  name: `every type agrees with Postgres (SLUICE_SEED=${SEED})`,
  async fn(t) {
    console.log(`SLUICE_SEED=${SEED}, ${ROWS} texts`);
    await using database = await testDatabase();
    if (await serverVersion(database.db) < 160000) {
      return console.log("skipped: Postgres cannot be asked what it would read before 16");
    }
    await database.db.query("create table texts (id integer, t text)");
    for (const entry of CASES) {
      await t.step(
        entry.sql + (entry.timezone === undefined ? "" : ` at ${entry.timezone}`),
        () => compareType(database.db, entry, Math.ceil(ROWS / CASES.length)),
      );
    }
  },
});

type Db = Awaited<ReturnType<typeof testDatabase>>["db"];

async function compareType(db: Db, entry: TypeCase, rows: number): Promise<void> {
  const random = randomFrom(SEED);
  const { timezone } = entry;
  const encode = compileType(entry.type, timezone === undefined ? {} : { timezone });
  const failures: string[] = [];
  const kernel = new Kernel(1);
  const column = columnPlan({
    type: entry.type,
    options: timezone === undefined ? {} : { timezone },
  });
  let accepted = 0;
  let plain = 0;
  for (let done = 0; done < rows;) {
    const count = Math.min(BATCH, rows - done);
    const texts = Array.from(
      { length: count },
      (_, i) => done + i < entry.corpus.length ? entry.corpus[done + i]! : makeText(entry, random),
    );
    done += count;
    await load(db, texts);
    const answers = await db.transaction(async (tx) => {
      await tx.query(`set local timezone to '${timezone ?? "UTC"}'`);
      // A cast reads the type without its modifier first: what that refuses cannot be compared.
      const skip = entry.alsoValid === undefined
        ? ""
        : `when not pg_input_is_valid(t, '${entry.alsoValid}')
             and pg_input_is_valid(t, '${entry.sql}') then 'unknown' `;
      return await tx.query(
        `select case ${skip}when pg_input_is_valid(t, '${entry.sql}')
           then encode(${entry.send}(t::${entry.sql}), 'hex') end as hex from texts order by id`,
      ) as readonly { hex: string | null }[];
    });
    const fast = encodeTexts(column, texts.map((text) => new TextEncoder().encode(text)), kernel);
    plain += fast.plain;
    texts.forEach((text, i) => {
      const ours = encodeHex(encode, text);
      const theirs = answers[i]!.hex;
      if (ours !== null) accepted++;
      const outcome = fast.outcomes[i];
      if (ours === null ? /^([0-9a-f]{2})+$/.test(outcome) : ours !== outcome) {
        failures.push(`${JSON.stringify(text)}: TypeScript ${ours}, the kernel ${outcome}`);
      }
      if (ours === theirs || theirs === "unknown") return;
      if (ours === null && entry.refused.some((form) => form.test(text))) return;
      if (ours !== null && theirs !== null && entry.validityOnly) return;
      failures.push(`${JSON.stringify(text)}: ours ${ours}, Postgres ${theirs}`);
    });
  }
  console.log(`  ${entry.sql}: ${rows} texts, ${accepted} accepted, ${plain} by the kernel`);
  if (failures.length > 0) {
    throw new Error(`${failures.length} differ:\n${failures.slice(0, 25).join("\n")}`);
  }
}

function encodeHex(encode: ReturnType<typeof compileType>, text: string): string | null {
  const padded = new TextEncoder().encode(`7${text}7`);
  const frame = new Frame(padded.length * 2 + 64);
  if (encode(padded, 1, padded.length - 1, frame) !== null) {
    if (frame.length !== 0) throw new Error(`A refusal moved the frame: ${JSON.stringify(text)}`);
    return null;
  }
  if (frame.view.getInt32(0) !== frame.length - 4) throw new Error(`Wrong length: ${text}`);
  return frame.bytes.slice(4, frame.length).toHex();
}

async function load(db: Db, texts: readonly string[]): Promise<void> {
  const integer = compileType({ name: "integer" }, {});
  const encode = compileType({ name: "text" }, {});
  const encoder = new TextEncoder();
  const frame = new Frame(1 << 20);
  texts.forEach((text, i) => {
    const id = encoder.encode(String(i));
    const bytes = encoder.encode(text);
    frame.reserve(bytes.length + 64);
    frame.view.setInt16(frame.length, 2);
    frame.length += 2;
    integer(id, 0, id.length, frame);
    if (encode(bytes, 0, bytes.length, frame) !== null) throw new Error(`Not text: ${text}`);
  });
  await db.query("truncate texts");
  const copy = await db.copyIn("copy texts (id, t) from stdin (format binary)");
  await copy.write(COPY_HEADER);
  await copy.write(frame.bytes.subarray(0, frame.length));
  await copy.write(COPY_TRAILER);
  await copy.finish();
}

import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";
import type { VerifyQuery } from "../plan/load_plan.ts";
import type { ColumnDigest, ColumnDigests } from "../rows/verify/column_digests.ts";

/** The hash of the queries' probe, as this side makes it. */
const PROBE_HASH = "9060839707981140453";

/** Encodings whose bytes in the database are those that were sent. */
const SAME_BYTES = new Set(["UTF8", "SQL_ASCII"]);

/** Differing columns that the message names. */
const NAMED = 5;

/**
 * Compares what Postgres holds with what was sent, column by column.
 *
 * @returns columns that were compared
 * @throws SluiceError `check/verify_mismatch`, `check/verify_unsupported`
 */
export async function verifyStaging(
  db: Queryable,
  queries: readonly VerifyQuery[],
  sent: Pick<ColumnDigests, "rows" | "columns">,
): Promise<number> {
  const digests = new Map(sent.columns().map((digest) => [digest.name, digest]));
  const differences: string[] = [];
  const columns: string[] = [];
  let compared = 0;
  for (const { columns: names, statement } of queries) {
    const [held] = await db.query<Held>(statement.sql, statement.params);
    requireSameHash(held);
    if (Number(held.rows) !== sent.rows) {
      throw mismatch(`${sent.rows} rows were sent and Postgres holds ${held.rows}`, {
        rows_sent: sent.rows,
        rows_held: Number(held.rows),
      });
    }
    names.forEach((name, at) => {
      const digest = digests.get(name);
      if (digest === undefined) throw new Error(`Column ${name} is verified and was not sent`);
      const found = differencesOf(digest, held, at);
      compared++;
      if (found.length === 0) return;
      differences.push(`column "${name}": ${found.join(", ")}`);
      columns.push(name);
    });
  }
  if (compared !== digests.size) throw new Error("Columns were sent that are not verified");
  if (differences.length > 0) {
    const more = differences.length - NAMED;
    throw mismatch(
      differences.slice(0, NAMED).join("; ") + (more > 0 ? `; and ${more} more columns` : ""),
      { columns: columns.join(", "), rows: sent.rows },
    );
  }
  return compared;
}

type Held =
  & { readonly rows: number | bigint; readonly probe: string; readonly encoding: string }
  & { readonly [digest: string]: unknown };

function requireSameHash({ probe }: Held): void {
  if (probe === PROBE_HASH) return;
  throw new SluiceError(
    "check/verify_unsupported",
    "This Postgres server hashes bytes differently from Sluice, so nothing can be verified",
    { hint: "Load without --verify and `verify: full`, and say which server this is" },
  );
}

function differencesOf(digest: ColumnDigest, held: Held, at: number): string[] {
  const found: string[] = [];
  const sameBytes = SAME_BYTES.has(held.encoding);
  const values = Number(held[`n${at}`]);
  if (values !== digest.values) {
    found.push(
      `${digest.values} values and ${digest.nulls} NULLs were sent, ` +
        `Postgres holds ${values} and ${Number(held.rows) - values}`,
    );
  }
  const hash = BigInt.asUintN(64, BigInt(String(held[`h${at}`])));
  // In another encoding the keys of a document may be ordered in another way.
  if (hash !== digest.hash && (sameBytes || digest.type.name !== "jsonb")) {
    found.push(`the hash of what was sent is ${hex(digest.hash)}, of what is held ${hex(hash)}`);
  }
  if (!digest.ordered || (!sameBytes && isText(digest))) return found;
  const ends = [["least", digest.min, `lo${at}`], ["greatest", digest.max, `hi${at}`]] as const;
  for (const [what, mine, key] of ends) {
    const theirs = held[key] as Uint8Array | null;
    if (mine === null && theirs === null) continue;
    if (mine !== null && theirs !== null && digest.equal(mine, theirs)) continue;
    found.push(`the ${what} value sent is ${shown(digest, mine)}, held ${shown(digest, theirs)}`);
  }
  return found;
}

function isText({ type }: ColumnDigest): boolean {
  return /^(text|varchar|char|other)$/.test(type.name);
}

function shown(digest: ColumnDigest, value: Uint8Array | null): string {
  return value === null ? "none" : digest.show(value);
}

function hex(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

function mismatch(what: string, details: Record<string, string | number>): SluiceError {
  return new SluiceError(
    "check/verify_mismatch",
    `What Postgres holds is not what was sent: ${what}`,
    {
      hint:
        "Nothing was published: run again; if it happens again, look for a trigger on the table, then at the disk and memory of both machines",
      details,
    },
  );
}

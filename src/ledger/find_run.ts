import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";

/** Digits that a run's id must have at least: with fewer nobody means one run. */
const LEAST = 4;

/** Runs that are named where several begin alike. */
const NAMED = 5;

/**
 * The id of the run that a whole id, or the beginning of one, means.
 *
 * @param pipeline only its runs; null: all of the database
 * @throws SluiceError `ledger/unknown_run`, `ledger/ambiguous_run`
 */
export async function findRun(
  db: Queryable,
  given: string,
  pipeline: string | null,
): Promise<string> {
  const digits = given.toLowerCase().replaceAll("-", "");
  const found = new RegExp(`^[0-9a-f]{${LEAST},32}$`).test(digits)
    ? await runsBetween(db, digits.padEnd(32, "0"), digits.padEnd(32, "f"), pipeline)
    : [];
  const [run, another] = found;
  if (run === undefined) {
    const whose = pipeline === null ? "This database" : `Pipeline "${pipeline}"`;
    throw new SluiceError("ledger/unknown_run", `${whose} has no run "${given}"`, {
      hint: `\`history\` lists the runs; the first eight digits of an id will do`,
    });
  }
  if (another === undefined) return run.id;
  const names = found.slice(0, NAMED).map(({ id, started, status }) =>
    `${id} (${started}, ${status})`
  );
  const more = found.length > NAMED ? " and others" : "";
  throw new SluiceError(
    "ledger/ambiguous_run",
    `Several runs begin with "${given}": ${names.join(", ")}${more}`,
    { hint: "Write more of its id" },
  );
}

interface FoundRun {
  readonly id: string;
  readonly started: string;
  readonly status: string;
}

/** A range, so that the index finds them among the runs of years. */
async function runsBetween(
  db: Queryable,
  first: string,
  last: string,
  pipeline: string | null,
): Promise<FoundRun[]> {
  return await db.query<FoundRun>(
    `select id::text as id, status,
  to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as started
from sluice.runs
where id between $1::uuid and $2::uuid and ($3::text is null or pipeline = $3)
order by sluice.runs.started_at desc limit ${NAMED + 1}`,
    [first, last, pipeline],
  );
}

import { SluiceError } from "../core/error.ts";
import type { CheckResult } from "../core/result.ts";
import type { Database, Queryable } from "../db/database.ts";
import { isError, missingNameHint } from "../db/sqlstate.ts";
import { withUserPath } from "../db/user_path.ts";
import type { CheckPass, CheckPlan } from "../plan/load_plan.ts";

/**
 * Runs checks, in the order of the pipeline file. Writes nothing, whatever a query of that file
 * tries.
 *
 * @param file the pipeline file, for the error of a check that cannot be run
 * @throws SluiceError `check/not_run`
 */
export async function runChecks(
  db: Database,
  passes: readonly CheckPass[],
  partition: string | null,
  file: string,
): Promise<readonly CheckResult[]> {
  const results: Placed[] = [];
  for (const userSql of [false, true]) {
    const some = passes.filter((pass) => pass.userSql === userSql);
    if (some.length > 0) results.push(...await runPasses(db, some, partition, file, userSql));
  }
  return results.sort(([a], [b]) => a - b).map(([, result]) => result);
}

/** A result, and the place of its check in the pipeline file. */
type Placed = readonly [at: number, result: CheckResult];

async function runPasses(
  db: Database,
  passes: readonly CheckPass[],
  partition: string | null,
  file: string,
  userSql: boolean,
): Promise<readonly Placed[]> {
  const transaction = userSql ? withUserPath : inTransaction;
  return await transaction(db, async (tx) => {
    await tx.query("set transaction read only");
    const seen: Placed[] = [];
    for (const { checks, sql, params } of passes) {
      const judged = new Map<number, Judgement>();
      try {
        for (const row of await tx.query<Judgement>(sql, params)) judged.set(row.at, row);
      } catch (error) {
        if (!isError(error, "query")) throw error;
        throw notRun(checks, file, error);
      }
      for (const { at, name, kind, severity } of checks) {
        const { passed, observed, expected, examples } = judged.get(at)!;
        const shown = examples === null ? {} : { examples };
        seen.push([
          at,
          { partition, name, kind, severity, passed, observed, expected, ...shown },
        ]);
      }
    }
    return seen;
  });
}

function inTransaction<T>(db: Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return db.transaction(work);
}

interface Judgement {
  readonly at: number;
  readonly passed: boolean;
  readonly observed: number | string | null;
  readonly expected: string | null;
  readonly examples: readonly unknown[] | null;
}

/** Postgres does not tell which check of a pass it could not carry out: each is named. */
function notRun(checks: readonly CheckPlan[], file: string, error: SluiceError): SluiceError {
  const [{ name, line }] = checks;
  const what = checks.length === 1
    ? `check "${name}"`
    : `one of the checks ${checks.map(({ name, line }) => `"${name}" (line ${line})`).join(", ")}`;
  return new SluiceError(
    "check/not_run",
    `${file}:${line}: ${what} cannot be run: ${error.message}`,
    {
      hint: missingNameHint(error.postgres ?? {}) ?? error.postgres?.hint ??
        "Nothing was published: correct the check",
      cause: error,
      details: { file, line },
    },
  );
}

/** What a check saw, in one line. */
export function checkText({ name, observed, expected, examples }: CheckResult): string {
  const wanted = expected === null ? "" : `, expected ${expected}`;
  const shown = examples === undefined
    ? ""
    : `, for example ${examples.map((example) => JSON.stringify(example)).join(", ")}`;
  return `${name}: observed ${observed ?? "NULL"}${wanted}${shown}`;
}

/** The error of a load that failed checks; null where none failed that matters. */
export function failedChecks(
  results: readonly CheckResult[],
  /** Where the rows can be looked at. */
  kept: string | null,
): SluiceError | null {
  const failed = results.filter(({ passed, severity }) => !passed && severity === "error");
  if (failed.length === 0) return null;
  const n = failed.length === 1 ? "A check" : `${failed.length} checks`;
  return new SluiceError("check/failed", `${n} failed: ${failed.map(checkText).join("; ")}`, {
    hint: kept === null
      ? "Look at the table, and correct the data or the check"
      : `Nothing was published. The rows are in ${kept} until the next run`,
    details: { failed: failed.length, ...(kept === null ? {} : { staging: kept }) },
  });
}

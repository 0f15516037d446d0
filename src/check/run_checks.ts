import { SluiceError } from "../core/error.ts";
import type { CheckResult } from "../core/result.ts";
import type { Database } from "../db/database.ts";
import type { CheckPlan } from "../plan/load_plan.ts";

/**
 * Runs checks, each as a query of its own over one view of the data. Writes nothing, whatever a
 * query of the pipeline file tries.
 *
 * @param file the pipeline file, for the error of a check that cannot be run
 * @throws SluiceError `check/not_run`
 */
export async function runChecks(
  db: Database,
  checks: readonly CheckPlan[],
  partition: string | null,
  file: string,
): Promise<readonly CheckResult[]> {
  if (checks.length === 0) return [];
  return await db.transaction(async (tx) => {
    await tx.query("set transaction read only");
    const results: CheckResult[] = [];
    for (const { name, kind, severity, line, sql, params } of checks) {
      let row: Judgement;
      try {
        [row] = await tx.query<Judgement>(sql, params);
      } catch (error) {
        if (!isAboutTheQuery(error)) throw error;
        throw new SluiceError(
          "check/not_run",
          `${file}:${line}: check "${name}" cannot be run: ${error.message}`,
          {
            hint: error.postgres?.hint ?? "Nothing was published: mend the check",
            cause: error,
            details: { file, line },
          },
        );
      }
      const { passed, observed, expected, examples } = row;
      results.push({
        partition,
        name,
        kind,
        severity,
        passed,
        observed,
        expected,
        ...(examples === null ? {} : { examples }),
      });
    }
    return results;
  });
}

interface Judgement {
  readonly passed: boolean;
  readonly observed: number | string | null;
  readonly expected: string | null;
  readonly examples: readonly unknown[] | null;
}

/** Not what happens to any query: a lost connection, a full disk, a cancel. */
function isAboutTheQuery(error: unknown): error is SluiceError {
  return error instanceof SluiceError && /^(2[0-9]|3D|42|P0)/.test(error.postgres?.code ?? "");
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
      ? "Look at the table, and mend the data or the check"
      : `Nothing was published. The rows are in ${kept} until the next run`,
    details: { failed: failed.length, ...(kept === null ? {} : { staging: kept }) },
  });
}

import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";
import { isError } from "../db/sqlstate.ts";
import type { CountName, Facts, Statement } from "../plan/load_plan.ts";

/** What statements counted, by the fact they stand for. */
export type Counts = Partial<Record<CountName, number>>;

/**
 * Runs planned statements in order, filling in the facts of the run and of the statements before.
 *
 * @throws SluiceError `publish/changed_meanwhile` where a statement met other rows than planned,
 *   `publish/later_changes` where going on would lose what others did since
 */
export async function executeStatements(
  db: Queryable,
  statements: readonly Statement[],
  facts: Facts | null = null,
): Promise<Counts> {
  const counts: Counts = {};
  for (const statement of statements) {
    const params = statement.params.map((param) => {
      if (typeof param !== "object" || param === null) return param;
      return "count" in param ? counts[param.count] ?? 0 : requireFacts(facts)[param.fact];
    });
    let rows: { n?: number; example?: unknown }[];
    try {
      rows = await db.query<{ n?: number; example?: unknown }>(statement.sql, params);
    } catch (error) {
      throw isAboutNames(error, statement) ? changedMeanwhile(error.message, error) : error;
    }
    if (statement.expectRows !== undefined && rows.length !== statement.expectRows) {
      throw changedMeanwhile(`expected: ${statement.why}`);
    }
    if (statement.expectNone !== undefined && rows.length > 0) {
      throw laterChanges(statement.expectNone, rows);
    }
    if (statement.captures !== undefined) {
      counts[statement.captures] = (counts[statement.captures] ?? 0) + Number(rows[0]?.n ?? 0);
    }
  }
  return counts;
}

/** Whether a statement met other names than planned; what triggers of the user's name is not ours. */
function isAboutNames(error: unknown, { sql }: Statement): error is SluiceError {
  return isError(error, "otherNames") && !sql.startsWith("with changed as");
}

function changedMeanwhile(what: string, cause?: SluiceError): SluiceError {
  return new SluiceError(
    "publish/changed_meanwhile",
    `The ledger or the tables have changed since this run was planned; nothing was published (${what})`,
    {
      retry: "later",
      hint: "Run again: it plans from what is live now",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function laterChanges(message: string, rows: readonly { example?: unknown }[]): SluiceError {
  const examples = rows.map(({ example }) => example);
  const shown = examples.slice(0, 3).map((example) =>
    Object.entries(example as Record<string, unknown>)
      .map(([name, value]) => `${name} = ${String(value)}`).join(", ")
  );
  return new SluiceError("publish/later_changes", `${message}: ${shown.join("; ")}`, {
    hint:
      "Continuing would lose later changes: undo them first, or load the data that you want live",
    details: { examples: JSON.stringify(examples) },
  });
}

function requireFacts(facts: Facts | null): Facts {
  if (facts === null) throw new Error("A statement needs facts of a run, and there is no run");
  return facts;
}

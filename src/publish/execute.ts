import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";
import type { Facts, Statement } from "../plan/load_plan.ts";

/**
 * Runs planned statements in order, filling in the facts of the run.
 *
 * @throws SluiceError `publish/changed_meanwhile` where a statement met other rows than planned
 */
export async function executeStatements(
  db: Queryable,
  statements: readonly Statement[],
  facts: Facts | null = null,
): Promise<void> {
  for (const statement of statements) {
    const params = statement.params.map((param) =>
      typeof param === "object" && param !== null ? requireFacts(facts)[param.fact] : param
    );
    const rows = await db.query(statement.sql, params);
    if (statement.expectRows !== undefined && rows.length !== statement.expectRows) {
      throw new SluiceError(
        "publish/changed_meanwhile",
        `The ledger has changed since this run was planned; nothing was published (${statement.why})`,
        { retry: "later", hint: "Run again: it plans from what is live now" },
      );
    }
  }
}

function requireFacts(facts: Facts | null): Facts {
  if (facts === null) throw new Error("A statement needs facts of a run, and there is no run");
  return facts;
}

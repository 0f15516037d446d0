import type { Database, Queryable } from "../../src/db/database.ts";

/** What a node of a plan has read of a table of the ledger. */
export interface LedgerRead {
  readonly table: string;
  /** Rows that it looked at, those that its filter took away included. */
  readonly rows: number;
  readonly how: string;
  readonly sql: string;
}

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Schema"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly "Plans"?: readonly Node[];
}

/**
 * A real database that has each statement about the ledger explained, as it is run and on the rows
 * that it meets, before it is run in earnest.
 */
export function explainingDatabase(real: Database): {
  readonly db: Database;
  readonly reads: readonly LedgerRead[];
} {
  const reads: LedgerRead[] = [];

  async function explain(tx: Queryable, sql: string, params?: readonly unknown[]): Promise<void> {
    const [row] = await tx.query<{ "QUERY PLAN": readonly { Plan: Node }[] }>(
      `explain (analyze, verbose, timing off, format json) ${sql}`,
      params,
    );
    for (const { Plan } of row["QUERY PLAN"]) note(Plan, sql);
  }

  function note(node: Node, sql: string): void {
    if (node.Schema === "sluice" && node["Relation Name"] !== undefined) {
      const removed = (node["Rows Removed by Filter"] ?? 0) +
        (node["Rows Removed by Index Recheck"] ?? 0);
      reads.push({
        table: node["Relation Name"],
        rows: (node["Actual Rows"] + removed) * node["Actual Loops"],
        how: `${node["Node Type"]} ${node["Index Name"] ?? ""}`.trim(),
        sql,
      });
    }
    for (const child of node.Plans ?? []) note(child, sql);
  }

  const within = (tx: Queryable): Queryable => ({
    async query(sql, params) {
      if (isAboutLedger(sql)) {
        await tx.query("savepoint explained");
        await explain(tx, sql, params).finally(() => tx.query("rollback to explained"));
      }
      return await tx.query(sql, params);
    },
  });
  const alone = async (sql: string, params?: readonly unknown[]) => {
    if (!isAboutLedger(sql)) return;
    await real.transaction(async (tx) => {
      await explain(tx, sql, params);
      throw new Undone();
    }).catch((error) => {
      if (!(error instanceof Undone)) throw error;
    });
  };
  const db: Database = {
    describe: real.describe,
    userPath: real.userPath ?? null,
    async query(sql, params) {
      await alone(sql, params);
      return await real.query(sql, params);
    },
    transaction: (work, discards) => real.transaction((tx) => work(within(tx)), discards),
    copyIn: (sql, first) => real.copyIn(sql, first),
    async session() {
      const session = await real.session();
      let inTransaction = false;
      return {
        async query(sql, params) {
          if (sql === "begin") inTransaction = true;
          if (sql === "commit" || sql === "rollback") inTransaction = false;
          if (inTransaction) return await within(session).query(sql, params);
          await alone(sql, params);
          return await session.query(sql, params);
        },
        ...(session.lost === undefined ? {} : { lost: session.lost }),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    cancelRunning: () => real.cancelRunning(),
    [Symbol.asyncDispose]: async () => {},
  };
  return { db, reads };
}

/** Ends a transaction that was only made to be explained. */
class Undone extends Error {}

function isAboutLedger(sql: string): boolean {
  return /^\s*(?:select|with|insert|update|delete)\b/i.test(sql) && /\bsluice\./.test(sql);
}

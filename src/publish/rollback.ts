import type { Clock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import { type Emit, retryNews } from "../core/event.ts";
import type { Database } from "../db/database.ts";
import { isError } from "../db/sqlstate.ts";
import type { RollbackStep } from "../plan/compile_rollback.ts";
import type { TableName } from "../plan/load_plan.ts";
import { exchange, type ExchangeContext } from "./exchange.ts";

/** What `rollback` did. */
export interface RollbackResult {
  readonly pipeline: string;
  readonly target: string;
  readonly partitions: readonly {
    readonly partition: string | null;
    readonly from_version: number;
    readonly to_version: number;
  }[];
}

/** What going back needs. */
export interface RollbackContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Runs one partition's way back.
 *
 * @throws SluiceError `publish/version_refused` where rows of the version break a constraint
 */
async function goBack(step: RollbackStep, context: ExchangeContext): Promise<void> {
  try {
    await exchange([{ statements: step.statements, facts: null }], context);
  } catch (error) {
    // Rows of another time may break what was made since.
    if (!isError(error, "constraintViolation")) throw error;
    const { schema, table } = context.target;
    const of = step.partition === null ? "" : ` of partition "${step.partition}"`;
    throw new SluiceError(
      "publish/version_refused",
      `Version ${step.to}${of} cannot be put back into "${schema}.${table}": ${error.message}`,
      {
        hint: "The constraint is newer than the version: drop it, roll back and create it again, " +
          "or go to another version",
        cause: error,
        postgres: error.postgres!,
      },
    );
  }
}

/** Puts earlier versions back, one transaction for each partition. */
export async function rollback(
  steps: readonly RollbackStep[],
  target: TableName,
  context: RollbackContext,
): Promise<RollbackResult["partitions"]> {
  const targetKey = `${target.schema}.${target.table}`;
  const done: RollbackResult["partitions"][number][] = [];
  for (const step of steps) {
    await goBack(step, {
      ...context,
      target,
      async committed() {
        const rows = await context.db.query(
          `select 1 from sluice.loads where target = $1
  and coalesce(partition, '') = coalesce($2::text, '') and version = $3 and state = 'live'`,
          [targetKey, step.partition, step.to],
        );
        return rows.length === 1;
      },
      onRetry(attempt, attempts, delaySeconds, error) {
        context.emit({
          runId: null,
          ...retryNews(step.partition, "publish", attempt, attempts, delaySeconds, error.toJSON()),
        });
      },
    });
    done.push({ partition: step.partition, from_version: step.from, to_version: step.to });
  }
  return done;
}

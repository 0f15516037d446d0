import { type PostgresFields, SluiceError } from "../../core/error.ts";
import type { QualifiedName } from "../../core/quote.ts";
import type { PartitionResult } from "../../core/result.ts";
import type { Queryable } from "../../db/database.ts";
import { readKeyOrigin } from "../../db/key_origin.ts";
import { isError } from "../../db/sqlstate.ts";
import type { PartitionPlan, RunPlan } from "../../plan/load_plan.ts";
import type { RunContext } from "../context.ts";

/** Whether the load is worth another attempt at once: the stage's own do not cover it. */
export function isRepeatable({ origin, retry }: SluiceError): boolean {
  return retry === "restart" || (retry === "later" && origin === "db");
}

/** Whether data was refused: then its rejects are worth keeping. */
export function isRefusal({ code }: SluiceError): boolean {
  return code === "rows/too_many_rejects" || code === "rows/rule_failed" ||
    code === "load/duplicate_keys" || code === "load/empty" || isFailedCheck({ code });
}

/** Whether the staged rows are worth looking at. */
export function isFailedCheck({ code }: Pick<SluiceError, "code">): boolean {
  return code === "check/failed";
}

/**
 * Tells rows that cannot go or change because another table refers to them by that table's name; any
 * other error as it is. Which rows they are is only known when the new ones are there.
 */
async function tellReferenced(
  error: SluiceError,
  { mode, target, targetKey, referredBy }: RunPlan,
  db: Queryable,
): Promise<SluiceError> {
  if (!isError(error, "referenced")) return error;
  const { detail } = error.postgres;
  const key = await keyOf(error.postgres, db);
  if (key === null) return error;
  const { schema, table } = key;
  const known = referredBy.some((each) => each.schema === schema && each.table === table);
  const ours = schema === target.schema &&
    (table === target.table || table.startsWith(`${target.table}__`));
  if (ours && !known) return error;
  const what = mode === "upsert"
    ? "that differ in the source cannot be updated"
    : "that are gone from the source, or differ in it, cannot be replaced";
  const by = key.name === undefined ? "" : ` by its foreign key "${key.name}"`;
  return new SluiceError(
    "publish/referenced",
    `Rows of "${targetKey}" ${what}: "${schema}.${table}" refers to them${by}${
      detail === undefined ? "" : ` (${detail.replace(/\.$/, "")})`
    }`,
    {
      hint: `Nothing was published. Delete the rows of "${schema}.${table}" first, or ${
        mode === "upsert"
          ? "let its key follow (on update cascade)"
          : "use refresh.mode: upsert, which deletes nothing"
      }`,
      cause: error,
      ...(error.postgres === undefined ? {} : { postgres: error.postgres }),
    },
  );
}

/** The key that an error is about, by its own name, and the table that has it. */
async function keyOf(
  { schema, table, constraint }: PostgresFields,
  db: Queryable,
): Promise<QualifiedName & { readonly name?: string } | null> {
  if (schema === undefined || table === undefined) return null;
  if (constraint === undefined) return { schema, table };
  const told = { schema, table, name: constraint };
  try {
    return await readKeyOrigin(db, told, constraint) ?? told;
  } catch (error) {
    // What failed first is what the user must hear.
    if (error instanceof SluiceError) return told;
    throw error;
  }
}

/** What made a partition of the plan fail, in the words for it; a bug stays a bug. */
export async function failureOf(
  cause: unknown,
  plan: RunPlan,
  { db, signal }: Pick<RunContext, "db" | "signal">,
): Promise<SluiceError> {
  return await tellReferenced(toSluiceError(cause, signal), plan, db);
}

/** How a partition ended that failed with this error. */
export function failedStatus(
  error: SluiceError,
  { source }: PartitionPlan,
  signal: AbortSignal,
): PartitionResult["status"] {
  if (isRefusal(error)) return "refused";
  if (error.code === "source/not_found" && source.missing === "pending") return "pending";
  return signal.aborted ? "skipped" : "failed";
}

/** Whatever an abort made fail becomes one error of its own; a bug stays a bug. */
export function toSluiceError(cause: unknown, signal: AbortSignal): SluiceError {
  if (cause instanceof SluiceError && !signal.aborted) return cause;
  if (signal.aborted) {
    const { reason } = signal;
    // Who wanted this run to end does not want to hear that it may be tried again.
    if (reason instanceof SluiceError && reason.code === "cli/canceled") return reason;
    return new SluiceError("cli/interrupted", "The run was interrupted before it published", {
      retry: "later",
      cause,
    });
  }
  throw cause;
}

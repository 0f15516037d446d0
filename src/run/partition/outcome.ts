import { SluiceError } from "../../core/error.ts";
import type { PartitionResult } from "../../core/result.ts";
import { isError } from "../../db/sqlstate.ts";
import type { PartitionPlan, RunPlan } from "../../plan/load_plan.ts";

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
function tellReferenced(
  error: SluiceError,
  { mode, target, targetKey, referredBy }: RunPlan,
): SluiceError {
  if (!isError(error, "referenced")) return error;
  const { schema, table, constraint, detail } = error.postgres;
  if (schema === undefined || table === undefined) return error;
  const keys = referredBy.filter((each) => each.schema === schema && each.table === table);
  const ours = schema === target.schema &&
    (table === target.table || table.startsWith(`${target.table}__`));
  if (ours && keys.length === 0) return error;
  const what = mode === "upsert"
    ? "that differ in the source cannot be updated"
    : "that are gone from the source, or differ in it, cannot be replaced";
  const name = keyName(keys, constraint);
  const key = name === undefined ? "" : ` by its foreign key "${name}"`;
  return new SluiceError(
    "publish/referenced",
    `Rows of "${targetKey}" ${what}: "${schema}.${table}" refers to them${key}${
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

/**
 * Postgres makes a key of a name of its own for each partition that is referred to: from that of the
 * key since Postgres 18, before from the names of the table and its columns.
 */
function keyName(
  keys: RunPlan["referredBy"],
  constraint: string | undefined,
): string | undefined {
  const [alike] = keys.map(({ name }) => name)
    .filter((name) => constraint?.startsWith(name))
    .sort((a, b) => b.length - a.length);
  return alike ?? (keys.length === 1 ? keys[0].name : constraint);
}

/** What made a partition of the plan fail, in the words for it; a bug stays a bug. */
export function failureOf(cause: unknown, plan: RunPlan, signal: AbortSignal): SluiceError {
  return tellReferenced(toSluiceError(cause, signal), plan);
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

import { deepFreeze } from "../core/deep_freeze.ts";
import { redactDeep } from "../core/redact_deep.ts";
import type { PartitionResult } from "../core/result.ts";
import type { Secrets } from "../core/secret.ts";
import { type RetryOptions, withRetry } from "../db/with_retry.ts";
import {
  claimPart,
  fencedDatabase,
  finishPart,
  holdsClaim,
  recordResult,
  requireClaim,
  tellPart,
} from "../ledger/mod.ts";
import { runPartition } from "../run/partition/attempts.ts";
import { PartNewsSender } from "./part_news.ts";
import type { LoadJob, Queue } from "./queue.ts";
import type { WorkContext } from "./work_context.ts";

/**
 * Loads one partition of a distributed run, unless it is done.
 *
 * @param lastAttempt its failure is the partition's result
 * @throws Error where it is worth another attempt later, here or by another worker
 */
export async function loadPart(
  queue: Queue,
  job: LoadJob,
  lastAttempt: boolean,
  context: WorkContext,
): Promise<void> {
  const { db, clock, random, signal, secrets } = context;
  const { runId, position, plan, partition } = deepFreeze(job);
  const part = { runId, position };
  const retries: RetryOptions = { clock, random, signal };
  const tell = (message: string) =>
    context.note({ pipeline: plan.pipeline, partition: partition.partition, message });
  const claim = crypto.randomUUID();
  const claimed = await withRetry(() => claimPart(db, part, claim, context.host), retries);
  if (claimed === "over") return tell("is not asked for any more");
  if (claimed === "done") {
    await withRetry(() => finishPart(db, part, claim, null), retries);
    return tell("was published already");
  }
  tell("begins");
  const fenced = fencedDatabase(
    db,
    runId,
    plan.targetKey,
    (tx) => requireClaim(tx, part, claim),
  );
  const unwanted = new AbortController();
  let result: PartitionResult;
  {
    await using news = new PartNewsSender(
      clock,
      (news) => tellPart(db, part, claim, redactDeep(news, secrets)),
      async () => {
        if (!await queue.hold(runId, position)) unwanted.abort();
      },
    );
    result = await runPartition(plan, partition, runId, {
      ...context,
      db: fenced,
      ledger: db,
      signal: AbortSignal.any([signal, unwanted.signal]),
      emit: news.emit,
      recordPublished: (tx, result) => recordResult(tx, part, withoutSecrets(result, secrets)),
    });
    result = withoutSecrets(result, secrets);
  }
  tell(result.status + (result.error === null ? "" : `: ${result.error.message}`));
  const unpublished = result.status === "failed" || result.status === "skipped";
  if (unpublished && !await withRetry(() => holdsClaim(db, part, claim), retries)) {
    return tell("is another worker's now, or its run was stopped");
  }
  if (unpublished && !unwanted.signal.aborted && !lastAttempt && isWorthAnother(result, signal)) {
    throw new Error(result.error?.message ?? "The worker was stopped");
  }
  await withRetry(() => finishPart(db, part, claim, result), retries);
}

/** As it is stored. What a publish will need is no text to show, and has none. */
function withoutSecrets(result: PartitionResult, secrets: Secrets): PartitionResult {
  const { staged, ...shown } = result;
  return { ...redactDeep(shown, secrets), ...(staged === undefined ? {} : { staged }) };
}

function isWorthAnother({ error }: PartitionResult, signal: AbortSignal): boolean {
  return signal.aborted || error?.retry === "later";
}

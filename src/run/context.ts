import type { Clock } from "../core/clock.ts";
import { type Emit, retryNews } from "../core/event.ts";
import type { HostGate } from "../core/host_slots.ts";
import type { PartitionResult } from "../core/result.ts";
import type { Secrets } from "../core/secret.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { ApprovedPlan } from "../plan/moved.ts";
import type { LoadPlan, PartitionPlan, RunPlan } from "../plan/load_plan.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { ExchangeContext } from "../publish/exchange.ts";
import type { SourceContext } from "../source/context.ts";

/** Everything from outside that a run uses: nothing below looks for more. */
export interface RunContext {
  /** Where the target and the ledger are. */
  readonly db: Database;
  /** Where a run asks what it has published, even when another has taken over; left out: `db`. */
  readonly ledger?: Queryable;
  /** Puts variables in place of `${NAME}`, and hides their values. */
  readonly secrets: Secrets;
  /** Adds to the transaction that publishes a partition, which carries its result. */
  readonly recordPublished?: (tx: Queryable, result: PartitionResult) => Promise<void>;
  /** Loads partitions elsewhere; left out: here. */
  readonly elsewhere?: Elsewhere;
  /** Bounds how many read from a host at once; left out: that of the process. */
  readonly hosts?: HostGate;
  /** The time, and waits between attempts. */
  readonly clock: Clock;
  /** A number in [0, 1): jitter. */
  readonly random: () => number;
  /** Aborts the run; the reason becomes the error of what was under way. */
  readonly signal: AbortSignal;
  /** Receives the events of the run, in their order. */
  readonly emit: Emit;
  /** Of Sluice, for the ledger. */
  readonly version: string;
  /** Name of this machine, for the ledger. */
  readonly host: string;
}

/** Loads one partition as part of a run, whose context ends its writes when another run takes over. */
export type LoadPartition = (
  plan: LoadPlan,
  partition: PartitionPlan,
  runId: string,
  context: RunContext,
) => Promise<PartitionResult>;

/** Other processes that load partitions of a run. */
export interface Elsewhere {
  /**
   * Called before a run begins.
   *
   * @throws SluiceError where what would be sent is not to be seen there
   */
  readonly accept: (spec: Pick<PipelineSpec, "source">) => void;
  /** How many partitions may be under way at once. */
  readonly concurrency: number;
  readonly load: LoadPartition;
}

/** What the command line adds to the pipeline file. */
export interface RunOptions {
  /** Only these partitions; all of the pipeline when empty. */
  readonly partitions: readonly string[];
  /** First partition, in place of the file's. */
  readonly from?: string;
  /** Last partition, inclusive, in place of the file's. */
  readonly to?: string;
  /** Load what is unchanged as well. */
  readonly force: boolean;
  /** Columns may be changed in ways that values may not survive. */
  readonly allowDestructive: boolean;
  /** Partitions loaded at once, in place of the file's. */
  readonly concurrency?: number;
  /** Compare what Postgres holds with what was sent, even where the pipeline does not ask for it. */
  readonly verify?: boolean;
  /** Do what this plan says, or nothing. */
  readonly approved?: ApprovedPlan;
}

/** What an exchange of a run needs; its attempts are reported for `partition`. */
export function publishContext(
  plan: RunPlan,
  partition: string | null,
  runId: string,
  context: RunContext,
): Omit<ExchangeContext, "committed"> {
  return {
    ...context,
    target: plan.target,
    onRetry: (attempt, attempts, delaySeconds, error) =>
      context.emit({
        runId,
        ...retryNews(partition, "publish", attempt, attempts, delaySeconds, error.toJSON()),
      }),
  };
}

/** What opening or probing a source needs. */
export function sourceContext(
  context: RunContext,
  onRetry: SourceContext["onRetry"] = () => {},
): SourceContext {
  const { secrets, clock, random, signal, hosts } = context;
  return { secrets, clock, random, signal, onRetry, ...(hosts === undefined ? {} : { hosts }) };
}

import { Logger, makeWorkerUtils, run, type Runner, type WorkerUtils } from "graphile-worker";
import { EventEmitter } from "node:events";
import pg from "pg";
import { SluiceError } from "../core/error.ts";
import type { ResolvedTarget } from "../db/resolve_target.ts";
import type { LoadPlan, PartitionPlan } from "../plan/load_plan.ts";

/** Where graphile-worker keeps its tables, in the database that is loaded. */
export const QUEUE_SCHEMA = "sluice_jobs";

/** The one task there is. */
const TASK = "load_partition";

/** Attempts, with growing waits between them, before a partition is given up. */
export const ATTEMPTS = 8;

/** Milliseconds between two looks for jobs, where no notification came. */
const POLL = 1_000;

/** What a worker needs to load one partition. JSON-safe, without a secret. */
export interface LoadJob {
  readonly runId: string;
  readonly position: number;
  /** Of the Sluice that planned it: a worker of another one does not touch it. */
  readonly version: string;
  readonly plan: Omit<LoadPlan, "partitions">;
  readonly partition: PartitionPlan;
}

/** A job as its worker has it. */
export interface TakenJob {
  readonly job: LoadJob;
  /** From 1. */
  readonly attempt: number;
  readonly lastAttempt: boolean;
}

/** Jobs of this database. */
export interface Queue extends AsyncDisposable {
  /** @param priority the smaller, the sooner */
  add(job: LoadJob, priority: number): Promise<void>;
  /** Takes jobs of a run away that nobody has begun. */
  remove(runId: string, positions: readonly number[]): Promise<void>;
  /** Positions of a run whose jobs are gone or given up, with the last word on each. */
  lost(runId: string, positions: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Gives back what these workers had; they are gone. */
  release(workers: readonly string[]): Promise<void>;
  /** Workers that hold jobs. */
  holders(): Promise<readonly string[]>;
  work(options: WorkOptions): Promise<Worker>;
}

export interface WorkOptions {
  /** Jobs at once. */
  readonly concurrency: number;
  /** Throwing puts the job back, for later. */
  handle(job: TakenJob): Promise<void>;
  /** Called with the name under which each slot holds its jobs. */
  onSlot(worker: string): void;
}

export interface Worker {
  /** Takes no more jobs, and resolves when those under way have ended. */
  stop(): Promise<void>;
  /** Rejects when it cannot go on. */
  readonly ended: Promise<void>;
}

/**
 * Opens the queue, and makes its tables where they are missing.
 *
 * @throws SluiceError `db/queue`
 */
export async function openQueue(target: ResolvedTarget, connections: number): Promise<Queue> {
  const pool = new pg.Pool({ ...poolConfig(target), max: connections });
  // A connection that breaks while idle is replaced; without a listener it would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const logger = new Logger(() => () => {});
  const options = { pgPool: pool, schema: QUEUE_SCHEMA, logger };
  let utils: WorkerUtils;
  try {
    utils = await makeWorkerUtils(options);
    await utils.migrate();
  } catch (error) {
    await pool.end();
    throw new SluiceError(
      "db/queue",
      `The queue of jobs cannot be opened: ${(error as Error).message}`,
      {
        hint:
          `graphile-worker keeps it in the schema "${QUEUE_SCHEMA}": the role needs CREATE on ` +
          "the database once, and then that schema",
        cause: error,
      },
    );
  }
  const keyOf = (runId: string, position: number) => `${runId}/${position}`;
  return {
    async add(job, priority) {
      await utils.addJob(TASK, job, {
        jobKey: keyOf(job.runId, job.position),
        jobKeyMode: "unsafe_dedupe",
        maxAttempts: ATTEMPTS,
        priority,
      });
    },
    async remove(runId, positions) {
      await pool.query(
        `select ${QUEUE_SCHEMA}.remove_job(key) from unnest($1::text[]) as key`,
        [positions.map((position) => keyOf(runId, position))],
      );
    },
    async lost(runId, positions) {
      const { rows } = await pool.query<{ position: number; error: string }>(
        `select p.position, coalesce(j.last_error, 'its job was taken away') as error
from unnest($1::int[]) as p (position)
left join ${QUEUE_SCHEMA}.jobs j on j.key = $2 || '/' || p.position
where j.id is null or (j.attempts >= j.max_attempts and j.locked_at is null)`,
        [positions, runId],
      );
      return new Map(rows.map(({ position, error }) => [position, error]));
    },
    async release(workers) {
      await utils.forceUnlockWorkers([...workers]);
    },
    async holders() {
      const { rows } = await pool.query<{ worker: string }>(
        `select distinct locked_by as worker from ${QUEUE_SCHEMA}.jobs where locked_by is not null`,
      );
      return rows.map(({ worker }) => worker);
    },
    async work({ concurrency, handle, onSlot }) {
      const events = new EventEmitter();
      events.on("worker:create", ({ worker }) => onSlot(worker.workerId));
      const runner: Runner = await run({
        ...options,
        events,
        concurrency,
        pollInterval: POLL,
        noHandleSignals: true,
        taskList: {
          [TASK]: async (payload, { job }) =>
            await handle({
              job: payload as LoadJob,
              attempt: job.attempts,
              lastAttempt: job.attempts >= job.max_attempts,
            }),
        },
      });
      return { stop: () => runner.stop(), ended: runner.promise };
    },
    async [Symbol.asyncDispose]() {
      await utils.release();
      await pool.end();
    },
  };
}

/** As `pg` takes it, which knows no `sslmode=prefer`: there it is as without. */
function poolConfig(target: ResolvedTarget): pg.PoolConfig {
  const { host, port, user, password, database, tls, material } = target;
  const encrypted = tls !== "disable" && tls !== "prefer";
  return {
    host,
    port,
    user,
    password,
    database,
    application_name: "sluice queue",
    ssl: encrypted && {
      rejectUnauthorized: tls === "verify-ca" || tls === "verify-full",
      ...(tls === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
      ...(material.root === null ? {} : { ca: material.root }),
      ...(material.certificate === null ? {} : { cert: material.certificate }),
      ...(material.key === null ? {} : { key: material.key }),
    },
  };
}

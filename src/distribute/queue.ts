import {
  type Job,
  Logger,
  makeWorkerUtils,
  run,
  type Runner,
  type TaskList,
  type WorkerUtils,
} from "graphile-worker";
import { EventEmitter } from "node:events";
import pg from "pg";
import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";
import { connectionLost, postgresError } from "../db/db_error.ts";
import { requireOwnSchema } from "../db/own_schema.ts";
import { escaped, storedText } from "../db/storing.ts";
import { PART_ENDED } from "../ledger/mod.ts";
import { requireReferences } from "./literal_secrets.ts";
import { type RetryOptions, withRetry } from "../db/with_retry.ts";
import { poolConfig } from "./pool_config.ts";
import { QueuePool } from "./queue_pool.ts";
import { within } from "./within.ts";
import type { ResolvedTarget } from "../db/connection/resolve_target.ts";
import type { PartitionPlan, RunPlan } from "../plan/load_plan.ts";
import type { RunOptions } from "../run/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** Where graphile-worker keeps its tables, in the database that is loaded. */
export const QUEUE_SCHEMA = "sluice_jobs";

/** Attempts, with growing waits between them, before a partition is given up. */
export const ATTEMPTS = 8;

/** Milliseconds between two looks for jobs, where no notification came. */
const POLL = 1_000;

/** Milliseconds that a database gets to say goodbye. */
const GOODBYE = 5_000;

/** Milliseconds that a runner gets to stop which has begun no job. */
const STOPPING = 10_000;

/** A job may be in a worker's hands this long before the worker is seen to live. */
const INTRODUCTION = "5 seconds";

/** What a worker needs to load one partition. JSON-safe, without a secret. */
export interface LoadJob {
  readonly runId: string;
  /** Among what the run has offered, from 0. */
  readonly position: number;
  readonly plan: RunPlan;
  readonly partition: PartitionPlan;
}

/** What a worker needs to do a whole run: a detached one. JSON-safe, without a secret. */
export interface RunJob {
  /** A UUID. */
  readonly id: string;
  readonly spec: PipelineSpec;
  readonly options: RunOptions;
  readonly priority: number;
}

/** Jobs of this database that this version of Sluice has planned; others are none of its business. */
export interface Queue extends AsyncDisposable {
  /** Offers a partition. @param priority the smaller, the sooner */
  addLoad(job: LoadJob, priority: number): Promise<void>;
  /** Offers a whole run. */
  addRun(job: RunJob): Promise<void>;
  /** Takes partitions back: nobody begins them any more, and who has begun can see it. */
  remove(runId: string, positions: readonly number[]): Promise<void>;
  /** Keeps a partition that is under way, however long it takes; false where nobody asks for it. */
  hold(runId: string, position: number): Promise<boolean>;
  /** Keeps a run that is under way, however long it takes. */
  holdRun(job: RunJob): Promise<void>;
  /** Positions of a run whose jobs are gone or given up, with the last word on each. */
  lost(runId: string, positions: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Gives back what these workers had; they are gone. */
  release(workers: readonly string[]): Promise<void>;
  /**
   * Calls back when a partition of a run has ended. While its connection is broken it is not called:
   * whoever waits looks now and then as well.
   */
  listen(runId: string, ended: () => void): Promise<AsyncDisposable>;
  /** Names of workers that have had jobs for a while. */
  holders(): Promise<readonly string[]>;
  work(options: WorkOptions): Promise<Worker>;
}

/** What a worker does with jobs; throwing puts one back, for later. */
export interface WorkOptions {
  /** Partitions at once. */
  readonly concurrency: number;
  /** Runs at once. */
  readonly followed: number;
  /** @param lastAttempt throwing gives the job up */
  load(job: LoadJob, lastAttempt: boolean): Promise<void>;
  run(job: RunJob, lastAttempt: boolean): Promise<void>;
  /** Called with each name under which it holds jobs. */
  onName(worker: string): void;
}

/** A worker at work. */
export interface Worker {
  /** Takes no more jobs, and resolves when those under way have ended. */
  stop(): Promise<void>;
  /** Resolves when it has stopped; rejects when it cannot go on. */
  readonly ended: Promise<void>;
}

/**
 * Opens the queue, and makes its tables where they are missing.
 *
 * @param version of Sluice: a plan is for the Sluice that made it, and no other
 * @param connections at most
 * @param retries where it is worth to wait for a database that is away for a moment
 * @throws SluiceError `db/queue`
 */
export async function openQueue(
  target: ResolvedTarget,
  version: string,
  connections: number,
  retries?: RetryOptions,
): Promise<Queue> {
  const pool = new QueuePool({ ...await poolConfig(target), max: connections });
  // Its own words on each job are nobody's: the worker tells what became of it.
  const logger = new Logger(() => () => {});
  const tasks = { load: `load_partition ${version}`, run: `run_pipeline ${version}` };
  const options = { pgPool: pool, schema: QUEUE_SCHEMA, logger };
  /** Its errors are ours, so that whoever waits for the database knows them. */
  async function asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw queueError(error, target.describe);
    }
  }
  const patiently = <T>(work: () => Promise<T>): Promise<T> =>
    retries === undefined ? work() : withRetry(work, retries);
  const prepare = async (): Promise<WorkerUtils> => {
    const db: Queryable = {
      query: async (sql, params) => (await pool.query(sql, [...params ?? []])).rows,
    };
    await requireOwnSchema(db, QUEUE_SCHEMA);
    const utils = await makeWorkerUtils(options);
    await utils.migrate();
    // It may have been made by somebody else meanwhile.
    await requireOwnSchema(db, QUEUE_SCHEMA);
    return utils;
  };
  let utils: WorkerUtils;
  try {
    utils = await patiently(() => asking(prepare));
  } catch (error) {
    await within(GOODBYE, pool.end());
    throw cannotOpen(queueError(error, target.describe));
  }
  const runKeyOf = ({ id }: RunJob) => `run/${id}`;
  const keyOf = (runId: string, position: number) => `${runId}/${position}`;
  const select = async <Row extends object>(sql: string, ...params: unknown[]): Promise<Row[]> =>
    (await asking(() => pool.query<Row>(sql, params))).rows;
  async function addJob(task: string, job: LoadJob | RunJob, key: string, priority: number) {
    // The library's own function sends characters that the database's encoding may lack. Added
    // twice where the answer to the first time got lost.
    await patiently(() =>
      select(
        `select from ${QUEUE_SCHEMA}.add_job(identifier => $1::text, payload => $2::json,
  job_key => $3::text, priority => $4::int, max_attempts => $5::int,
  job_key_mode => 'unsafe_dedupe')`,
        task,
        escaped(JSON.stringify(job)),
        key,
        priority,
        ATTEMPTS,
      )
    );
  }
  const db: Queryable = {
    query: <Row>(sql: string, params: readonly unknown[] = []) =>
      select(sql, ...params) as Promise<Row[]>,
  };
  /** What a job fails with is kept with it; where it cannot be, the worker would end. */
  async function storable<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const stored = await storedText(
        db,
        message,
      )
        .catch(() => escaped(message));
      throw stored === message ? error : new Error(stored, { cause: error });
    }
  }
  /** After four hours it would take the worker for dead; see `dead_workers.ts` for how we tell. */
  async function touch(key: string): Promise<void> {
    await select(
      `update ${QUEUE_SCHEMA}._private_jobs set locked_at = clock_timestamp()
where key = $1 and locked_at < clock_timestamp() - interval '1 hour'`,
      key,
    );
  }
  return {
    addLoad: (job, priority) => addJob(tasks.load, job, keyOf(job.runId, job.position), priority),
    async addRun(job) {
      requireReferences(job.spec);
      await addJob(tasks.run, job, runKeyOf(job), job.priority);
    },
    async remove(runId, positions) {
      await select(
        `select ${QUEUE_SCHEMA}.remove_job(key) from unnest($1::text[]) as key`,
        positions.map((position) => keyOf(runId, position)),
      );
    },
    async hold(runId, position) {
      await touch(keyOf(runId, position));
      const jobs = await select(
        `select id from ${QUEUE_SCHEMA}.jobs where key = $1`,
        keyOf(runId, position),
      );
      return jobs.length > 0;
    },
    holdRun: (job) => touch(runKeyOf(job)),
    async lost(runId, positions) {
      const lost = await select<{ position: number; error: string }>(
        `select p.position, coalesce(j.last_error, 'its job was taken away') as error
from unnest($1::int[]) as p (position)
left join ${QUEUE_SCHEMA}.jobs j on j.key = $2 || '/' || p.position
where j.id is null or (j.attempts >= j.max_attempts and j.locked_at is null)`,
        positions,
        runId,
      );
      return new Map(lost.map(({ position, error }) => [position, error]));
    },
    async release(workers) {
      await asking(() => utils.forceUnlockWorkers([...workers]));
    },
    async listen(runId, ended) {
      const client = await asking(() => pool.connect());
      let broken: Error | undefined;
      const heard = ({ payload }: pg.Notification) => {
        if (payload === runId) ended();
      };
      const fail = (error: Error) => broken = error;
      client.on("notification", heard).on("error", fail);
      const release = () => {
        client.off("notification", heard).off("error", fail);
        // What it listens to goes with it.
        client.release(broken ?? true);
      };
      try {
        await asking(() => client.query(`listen ${PART_ENDED}`));
      } catch (error) {
        release();
        throw error;
      }
      return { [Symbol.asyncDispose]: () => Promise.resolve(release()) };
    },
    async holders() {
      const workers = await select<{ worker: string }>(
        `select distinct locked_by as worker from ${QUEUE_SCHEMA}.jobs
where locked_at < clock_timestamp() - $1::interval`,
        INTRODUCTION,
      );
      return workers.map(({ worker }) => worker);
    },
    async work({ concurrency, followed, load, run: follow, onName }) {
      const events = new EventEmitter();
      // Jobs are held in the name of the pool, not of the worker in it.
      events.on("pool:create", ({ workerPool }) => onName(workerPool.id));
      const start = (concurrency: number, taskList: TaskList): Promise<Runner> =>
        run({
          ...options,
          events,
          concurrency,
          pollInterval: POLL,
          noHandleSignals: true,
          taskList,
        });
      const isLast = ({ attempts, max_attempts }: Job) => attempts >= max_attempts;
      // Runs that are followed wait for partitions: they must not take their places.
      const starts = await asking(() =>
        Promise.allSettled([
          start(concurrency, {
            [tasks.load]: (payload, { job }) => storable(load(payload as LoadJob, isLast(job))),
          }),
          start(followed, {
            [tasks.run]: (payload, { job }) => storable(follow(payload as RunJob, isLast(job))),
          }),
        ])
      );
      const runners = starts.flatMap((each) => each.status === "fulfilled" ? each.value : []);
      for (const { promise } of runners) promise.catch(() => {});
      const failed = starts.find((each) => each.status === "rejected");
      if (failed !== undefined) {
        // One that nobody knows of would go on to take jobs, and keep the process.
        await within(STOPPING, Promise.all(runners.map((runner) => runner.stop())));
        throw queueError(failed.reason, target.describe);
      }
      const ended = asking(() => Promise.all(runners.map(({ promise }) => promise))).then(() => {});
      // Told to whoever waits for it.
      ended.catch(() => {});
      return {
        stop: async () => void await Promise.all(runners.map((runner) => runner.stop())),
        ended,
      };
    },
    async [Symbol.asyncDispose]() {
      // Where the database is away there is nothing to give back.
      await within(GOODBYE, asking(async () => void await utils.release()));
      // A listener's connection that broke may never be given back.
      await within(GOODBYE, pool.end());
    },
  };
}

function cannotOpen(cause: SluiceError): SluiceError {
  return new SluiceError("db/queue", `The queue of jobs cannot be opened: ${cause.message}`, {
    retry: cause.retry,
    hint: cause.code === "db/foreign_schema"
      ? cause.hint!
      : `graphile-worker keeps it in the schema "${QUEUE_SCHEMA}": the role that opens it first needs ` +
        "CREATE on the database and owns it, all others must be members of that role",
    cause,
  });
}

function queueError(error: unknown, describe: string): SluiceError {
  if (error instanceof SluiceError) return error;
  if (!(error instanceof pg.DatabaseError)) return connectionLost(describe, error);
  const { message, severity, code, detail, hint, where, schema, table } = error;
  const fields = { message, severity, code, detail, hint, where, schema, table };
  const sent = Object.entries(fields).filter(([, value]) => value !== undefined);
  return postgresError(Object.fromEntries(sent));
}

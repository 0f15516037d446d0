import { errorRecord } from "../core/error.ts";
import { growing } from "../core/retry.ts";
import type { Database } from "../db/database.ts";
import { migrate } from "../ledger/mod.ts";
import type { ScheduleSpec } from "../spec/pipeline_spec.ts";
import type { AttemptOutcome } from "./attempt.ts";
import { decide } from "./decide.ts";
import { timeFrom } from "./database_time.ts";
import { runByHand, type RunHost, runTick } from "./run_tick.ts";
import type { RunRequest, SchedulerHost, ServedPipeline } from "./scheduler_host.ts";
import { readSchedules, registerSchedule, type ScheduleRecord } from "./schedules.ts";
import { type Before, type Standing, standsBefore } from "./stands_before.ts";
import { type Stopped, UnderWay } from "./under_way.ts";

/** A pipeline as the scheduler sees it now. */
export interface PipelineState extends ServedPipeline {
  /** Here; another server may run it too. */
  readonly running: boolean;
  /** As it was read last; null before the first time, and without a schedule. */
  readonly record: ScheduleRecord | null;
}

/** How a run by hand began: with a run, or not at all. */
export type Triggered =
  | { readonly kind: "started"; readonly runId: string }
  /** It was over before it was recorded. */
  | { readonly kind: "ended"; readonly outcome: AttemptOutcome }
  /** The pipeline is running, here or elsewhere. */
  | { readonly kind: "running" }
  /** As many pipelines run here as may. */
  | { readonly kind: "busy" }
  | { readonly kind: "away" }
  | { readonly kind: "no_such_pipeline" }
  | { readonly kind: "stopping" };

/** A pipeline, and since when this server watches it, by the clock that never goes back. */
interface Watched extends ServedPipeline {
  readonly since: number;
}

/** Nothing stands before a pipeline. */
const GO: Standing = { kind: "go" };

/** Milliseconds after which the ledger is looked at although nothing is due: servers die unseen. */
const HEARTBEAT = 30_000;

/**
 * Runs pipelines when their schedules say so.
 *
 * It never remembers what is due: each pass reads the ledger, decides, and takes what nobody else
 * has taken, so that a restart, a second server and a clock that jumps are all the same to it.
 */
export class Scheduler {
  readonly #host: SchedulerHost;
  readonly #underWay: UnderWay;
  readonly #stopping = new AbortController();
  /** Another server had the lock when this one tried: tried again at the next heartbeat. */
  readonly #elsewhere = new Set<string>();
  readonly #unregistered = new Set<string>();
  #pipelines = new Map<string, Watched>();
  #records = new Map<string, ScheduleRecord>();
  #waking = Promise.withResolvers<void>();
  #loop: Promise<void> = Promise.resolve();
  #reachable = false;
  /** As the database has it, from the newest pass on. */
  #now: () => Date;
  /** Passes that failed since the last one that did not, and what was wrong with the last. */
  #failures = 0;
  #trouble: string | null = null;

  constructor(host: SchedulerHost) {
    this.#host = host;
    this.#now = () => host.clock.now();
    this.#underWay = new UnderWay(host.limits);
  }

  /** Begins to look for what is due; {@link stop} ends it. */
  start(): void {
    this.#host.everyMinute?.(() => this.#wake(), this.#stopping.signal);
    this.#loop = this.#work();
  }

  /** Replaces the pipelines; those under way go on as they began. */
  serve(pipelines: readonly ServedPipeline[]): void {
    const now = this.#host.clock.monotonic();
    const next = new Map<string, Watched>();
    for (const served of pipelines) {
      const name = served.spec.pipeline;
      const before = this.#pipelines.get(name);
      const same = before !== undefined && sameTimes(before.schedule, served.schedule);
      next.set(name, { ...served, since: same ? before.since : now });
      if (!same && served.schedule !== null) this.#unregistered.add(name);
    }
    this.#pipelines = next;
    this.#wake();
  }

  /** Whether the ledger answered the last time. */
  get reachable(): boolean {
    return this.#reachable;
  }

  /** Whether {@link stop} was called. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** The pipelines, by name. */
  pipelines(): PipelineState[] {
    const states = [...this.#pipelines.values()].map(({ spec, schedule }) => ({
      spec,
      schedule,
      running: this.#underWay.has(spec.pipeline),
      record: schedule === null ? null : this.#records.get(spec.pipeline) ?? null,
    }));
    return states.sort((a, b) => a.spec.pipeline < b.spec.pipeline ? -1 : 1);
  }

  /** Runs a pipeline now, and tells when it has begun; it goes on by itself. */
  async trigger(pipeline: string, request: RunRequest): Promise<Triggered> {
    if (this.stopping) return { kind: "stopping" };
    if (!this.#pipelines.has(pipeline)) return { kind: "no_such_pipeline" };
    const { link, limits } = this.#host;
    if (!await link.answers(limits)) return { kind: "away" };
    const served = this.#pipelines.get(pipeline);
    if (served === undefined) return { kind: "no_such_pipeline" };
    if (this.#underWay.has(pipeline)) return { kind: "running" };
    if (this.#underWay.size >= this.#host.concurrency) return { kind: "busy" };
    const begun = Promise.withResolvers<Triggered>();
    const { signal } = this.#underWay;
    const started = (runId: string) => begun.resolve({ kind: "started", runId });
    this.#begin(pipeline, async () => {
      try {
        const db = await link.get();
        const outcome = await runByHand(db, served, request, signal, started, {
          ...this.#host,
          now: this.#now,
        });
        begun.resolve(outcome === null ? { kind: "running" } : { kind: "ended", outcome });
      } catch (error) {
        const outcome = { result: null, error: errorRecord(error), interrupted: false };
        begun.resolve({ kind: "ended", outcome });
      }
    });
    return await begun.promise;
  }

  /** Takes nothing more, lets runs finish, and stops those that do not within the time. */
  async stop(graceSeconds: number): Promise<Stopped> {
    this.#stopping.abort();
    this.#wake();
    // A pass that hangs must not keep the process.
    const passed = Promise.race([this.#loop, this.#host.limits.sleep(1000)]);
    const stopped = await this.#underWay.stop(graceSeconds);
    await passed;
    return stopped;
  }

  async #work(): Promise<void> {
    const { clock } = this.#host;
    let heartbeat = clock.monotonic() + HEARTBEAT;
    while (!this.stopping) {
      this.#waking = Promise.withResolvers();
      /** Milliseconds. */
      let wait: number;
      try {
        const until = await this.#inTime(this.#pass());
        wait = until - this.#now().getTime();
      } catch (error) {
        wait = await this.#away(error);
      }
      if (this.stopping) return;
      // Never longer, whatever a clock says: it may be set while this sleeps.
      await this.#sleep(Math.min(wait, heartbeat - clock.monotonic()));
      if (clock.monotonic() < heartbeat) continue;
      this.#elsewhere.clear();
      heartbeat = clock.monotonic() + HEARTBEAT;
    }
  }

  /** Takes what is due, and returns when there is something to do again, in epoch milliseconds of the database. */
  async #pass(): Promise<number> {
    const { clock, time, link, concurrency, everyMinute, onReach } = this.#host;
    const db = await link.get();
    this.#now = timeFrom(await time(db), clock);
    if (!this.#reachable) {
      await migrate(db);
      await onReach(db);
    }
    await this.#register(db);
    this.#records = await readSchedules(db);
    this.#back(db);
    let until = Infinity;
    for (const [name, watched] of this.#pipelines) {
      if (watched.schedule === null) continue;
      const row = this.#records.get(name);
      if (row === undefined) {
        // Somebody dropped it meanwhile.
        this.#unregistered.add(name);
        until = this.#now().getTime();
        continue;
      }
      if (this.#underWay.has(name) || this.#elsewhere.has(name)) continue;
      const decision = decide(row, watched.schedule, this.#serving(watched), this.#now());
      if (decision.kind === "wait") {
        const at = decision.until?.getTime() ?? Infinity;
        // Ticks are on the minute, and then somebody calls; retries and jitter are not.
        if (everyMinute === null || at % 60_000 !== 0) until = Math.min(until, at);
      } else if (this.#underWay.size < concurrency && !this.stopping) {
        const standing = decision.kind === "run"
          ? standsBefore(this.#before(watched), row.tick, decision.tick, this.#now())
          : GO;
        // Its end here wakes this loop, and elsewhere the heartbeat does.
        if (standing.kind === "wait") continue;
        this.#begin(name, () => this.#tick(db, watched, standing));
      }
    }
    return until;
  }

  async #register(db: Database): Promise<void> {
    for (const name of this.#unregistered) {
      const watched = this.#pipelines.get(name);
      if (watched !== undefined && watched.schedule !== null) {
        await registerSchedule(db, name, watched.schedule, this.#serving(watched));
      }
      this.#unregistered.delete(name);
    }
  }

  /** The pipelines that one waits for, of those that are served. */
  #before({ spec: { after = [] } }: Watched): Before[] {
    return after.flatMap((name) => {
      const other = this.#pipelines.get(name);
      if (other === undefined) return [];
      return {
        ...other,
        serving: this.#serving(other),
        row: this.#records.get(name) ?? null,
        isRunning: this.#underWay.has(name),
      };
    });
  }

  async #tick(db: Database, watched: Watched, standing: Standing): Promise<void> {
    try {
      const { signal } = this.#underWay;
      const host: RunHost = { ...this.#host, now: this.#now };
      const had = await runTick(
        db,
        {
          ...watched,
          serving: this.#serving(watched),
          ...(standing.kind === "skip" ? { failedBefore: standing.failed } : {}),
        },
        signal,
        host,
      );
      if (!had) this.#elsewhere.add(watched.spec.pipeline);
    } catch (error) {
      // Not before the next heartbeat, or what is wrong would be met again at once.
      this.#elsewhere.add(watched.spec.pipeline);
      this.#host.tell({
        type: "ledger_failed",
        pipeline: watched.spec.pipeline,
        error: errorRecord(error),
      });
    }
  }

  /** Since when this server watches a pipeline, by the database's clock. */
  #serving({ since }: Watched): Date {
    return new Date(this.#now().getTime() - (this.#host.clock.monotonic() - since));
  }

  #back(db: Database): void {
    if (!this.#reachable) this.#host.tell({ type: "database_back", database: db.describe });
    this.#reachable = true;
    this.#failures = 0;
    this.#trouble = null;
  }

  /** Tells once what is wrong with the database; milliseconds until it is worth another try. */
  async #away(error: unknown): Promise<number> {
    const { random, link, tell } = this.#host;
    this.#failures++;
    const wait = 1000 + growing(random, { base: 500, cap: 30_000 })(this.#failures);
    const record = errorRecord(error);
    if (record.message !== this.#trouble) {
      tell({ type: "database_away", error: record, retrySeconds: wait / 1000 });
    }
    this.#trouble = record.message;
    this.#reachable = false;
    // Runs under way hold their locks over these connections, where they still have them.
    const hangs = error instanceof DOMException && error.name === "TimeoutError";
    if (hangs || this.#underWay.size === 0) await link.forget();
    return wait;
  }

  #begin(pipeline: string, work: () => Promise<void>): void {
    this.#underWay.begin(pipeline, work, () => this.#wake());
  }

  #wake(): void {
    this.#waking.resolve();
  }

  /** A connection that died without a word would be waited for without end. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const late = this.#host.limits.sleep(this.#host.patience, over.signal).then(
      () => Promise.reject(new DOMException("The database does not answer", "TimeoutError")),
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      over.abort();
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    await Promise.race([
      this.#waking.promise,
      this.#host.clock.sleep(Math.max(0, milliseconds), woken.signal).catch(() => {}),
    ]);
    woken.abort();
  }
}

function sameTimes(a: ScheduleSpec | null, b: ScheduleSpec | null): boolean {
  return a?.cron === b?.cron && a?.timezone === b?.timezone;
}

import { SluiceError } from "../../core/error.ts";
import { sourceName } from "../../core/source_name.ts";
import type { RunNews } from "../../core/event.ts";
import type { PartitionResult, Phases } from "../../core/result.ts";
import type { Stage } from "../../core/stage.ts";
import { bindConstants } from "../../plan/bind_constants.ts";
import { checkStaging } from "./checks.ts";
import { copyPlace } from "../../plan/copy_place.ts";
import { storedText } from "../../db/storing.ts";
import { withRetry } from "../../db/with_retry.ts";
import { fillStaging } from "./fill_staging.ts";
import { inspectStaging } from "./inspect.ts";
import { forgetRejects, type RejectWriter, storedSource } from "../../ledger/mod.ts";
import { isolate } from "../../load/isolate.ts";
import { isAboutRows, type RefusedRow } from "../../load/refused_rows.ts";
import { keptRejects, rejectBudget } from "../../load/reject_budget.ts";
import type { LoadSource } from "./source.ts";
import { refuseEmpty } from "../../load/refuse_empty.ts";
import { stageRows } from "../../load/stage_rows.ts";
import type { Facts, IsolationPlan, PartitionPlan, RunPlan } from "../../plan/load_plan.ts";
import { hookFacts, runLoadHook } from "./hooks.ts";
import { failedStatus, failureOf, isFailedCheck, isRefusal } from "./outcome.ts";
import { emptyTally, fileCounts, partitionResult, type Tally, withCounts } from "./tally.ts";
import { type Counts, executeStatements } from "../../publish/execute.ts";
import { pastCancel } from "../past_cancel.ts";
import { findPublished, publish, retain } from "../../publish/publish.ts";
import { compileRows } from "../../rows/compile_rows.ts";
import { Frame } from "../../rows/frame.ts";
import { giveBackKernel, takeKernel } from "../../rows/kernel/kernel_pool.ts";
import { publishContext, type RunContext } from "../context.ts";
import { type Verification, verification } from "./verification.ts";

/** Staging that stays all the same is dropped by the next attempt, or swept by the next run. */
const CLEANUPS = 2;

/** Bytes of tuples that a buffer starts with where there is no kernel. */
const FRAME_BYTES = 1 << 20;

/** Seconds between two progress events. */
const PROGRESS_SECONDS = 0.1;

/** One partition's way through the stages; remembers how far it came. */
export class PartitionLoad {
  readonly #started: number;
  #tally: Tally = emptyTally();
  #isolating = false;
  #verification: Verification | null = null;
  /** What the ledger was told of the newest attempt to publish. */
  #publishing: Facts | null = null;
  #reason: string | null = null;

  constructor(
    readonly plan: RunPlan,
    readonly partition: PartitionPlan,
    readonly runId: string,
    readonly context: RunContext,
    readonly source: LoadSource,
  ) {
    this.#started = context.clock.monotonic();
  }

  emit(news: RunNews): void {
    this.context.emit({ ...news, runId: this.runId });
  }

  /** Whether rows that only Postgres can refuse are worth looking for, which is done once. */
  mayIsolate(error: SluiceError): boolean {
    if (this.#isolating || !isAboutRows(error)) return false;
    this.#isolating = true;
    this.#warn(
      `Postgres refuses rows (${error.message}): reading the source again to find them`,
      "load",
    );
    return true;
  }

  async attempt(): Promise<PartitionResult> {
    const { plan, partition, context, runId } = this;
    const isolation = this.#isolating ? partition.isolation : null;
    const { stage, finish } = isolation ?? partition;
    const { conversion, compute } = partition;
    await runLoadHook("before_load", this, this.#result("skipped", null, null));
    // An earlier attempt that lost its connection could not drop its staging tables.
    await context.db.transaction(async (tx) => {
      await executeStatements(tx, [
        ...partition.cleanup,
        ...stage,
        ...(isolation === null ? compute?.stage ?? [] : []),
        ...(conversion?.stage ?? []),
      ]);
      await forgetRejects(tx, runId, partition.partition);
    });
    const copied: RefusedRow[] = [];
    const rejects = await this.#copy(isolation, copied);
    if (await this.#isKnown()) return this.#result("unchanged", null, null);
    // Before rows are taken out of staging.
    const compare = this.#verification?.compare;
    if (compare !== undefined) {
      const { kind } = copyPlace(partition, isolation);
      const verify = () => compare(context.db, kind);
      await this.#timed("verify", async () => this.#report("load", await verify()));
    }
    const filled = await fillStaging(partition, isolation !== null, context);
    this.#tally.discarded += filled.discarded;
    if (filled.convert !== null) this.#tally.phases.convert = filled.convert;
    // Rows come into staging by it.
    this.#tally.phases.copy += filled.compute;
    const refused = isolation === null
      ? []
      : await isolate(context.db, isolation, copied, context.signal);
    await this.#timed("deduplicate", async () => {
      const { rowsRead, sha256 } = this.#tally;
      const staged = { runId, rejects, rowsRead, sha256, source: this.source };
      try {
        const rows = { refused, leftOut: filled.leftOut };
        this.#tally.duplicates = await inspectStaging(plan, partition, context, staged, rows);
      } finally {
        this.#tally.rejected = rejects.count;
      }
    });
    if (rejects.isFull && rejects.count > keptRejects(plan.rejectLimit)) {
      this.#warn(`Kept the first ${keptRejects(plan.rejectLimit)} rejects, not the others`, "load");
    }
    const { rowsRead, rejected } = this.#tally;
    const over = rejectBudget(plan.rejectLimit, rowsRead, rejected, undefined, rejects.reasons);
    if (over !== null) throw over;
    const staged = this.#tally.rowsRead - this.#tally.rejected - this.#tally.duplicates -
      this.#tally.discarded;
    if (staged === 0 && this.source.skipsEmpty) {
      await executeStatements(context.db, partition.cleanup);
      return this.#result("unchanged", null, null);
    }
    if (staged === 0) await refuseEmpty(context.db, plan, partition, this.#tally);
    await this.#timed("index", () => executeStatements(context.db, finish));
    this.#report("load", `${staged} rows staged and indexed`);
    if (partition.checks.length > 0) {
      await this.#timed("check", async () => {
        await checkStaging(
          plan,
          partition,
          runId,
          context,
          (checks) => this.#tally.checks = checks,
        );
      });
      this.#report("check", `${this.#tally.checks.length} checks`);
    }
    const facts = this.#runFacts(staged);
    const stagedResult = this.#result("staged", null, null);
    await runLoadHook("after_load", this, stagedResult);
    if (plan.together) return { ...stagedResult, staged: facts };
    await this.#timed("publish", async () => {
      this.#publishing = facts;
      const record = context.recordPublished;
      const [counts] = await publish(
        [{
          partition,
          facts,
          hookFacts: await hookFacts(this, stagedResult),
          ...(record === undefined ? {} : {
            record: (tx, counts) =>
              record(tx, this.#result("published", partition.version, null, this.#counted(counts))),
          }),
        }],
        plan,
        publishContext(plan, partition.partition, runId, context),
      );
      this.#tally = this.#counted(counts);
    });
    return await this.#afterPublish();
  }

  #warn(message: string, stage: Stage): void {
    this.emit({
      type: "warning",
      partition: this.partition.partition,
      stage,
      message,
    });
  }

  /** The result of an attempt before, whose commit took effect and could not be seen to; else null. */
  async findPublished(): Promise<PartitionResult | null> {
    const { plan, partition, context } = this;
    const facts = this.#publishing;
    if (facts === null) return null;
    try {
      const counts = await withRetry(
        () => findPublished(partition, plan.targetKey, facts, context),
        { ...context, attempts: CLEANUPS },
      );
      if (counts === null) return null;
      this.#tally = this.#counted(counts);
    } catch (error) {
      // The database is away: the attempt that follows, or the next run, will see.
      if (error instanceof SluiceError) return null;
      throw error;
    }
    return await this.#afterPublish();
  }

  #counted(counts: Counts): Tally {
    return withCounts(this.#tally, counts, this.plan.method === "merge");
  }

  async #afterPublish(): Promise<PartitionResult> {
    const { partition, context } = this;
    this.#report("publish", `version ${partition.version} is live`);
    await retain(partition, context, (message) => this.#warn(message, "publish"));
    return this.#result("published", partition.version, null);
  }

  /** Whether what was read is the very file that was loaded last, which no server had said. */
  async #isKnown(): Promise<boolean> {
    const { context, partition: { known, cleanup, partition } } = this;
    if (known === null || known.sha256 !== this.#tally.sha256) return false;
    if (known.sourceUrl !== this.#tally.facts?.url) return false;
    await executeStatements(context.db, cleanup);
    await forgetRejects(context.db, this.runId, partition);
    this.#forgetRows();
    this.#reason = `version ${known.version} holds this very file, which was read again`;
    return true;
  }

  #forgetRows(): void {
    this.#tally = { ...this.#tally, rowsRead: 0, rejected: 0, duplicates: 0, discarded: 0 };
  }

  /** Streams the source into staging; those that COPY refuses are told where they are looked for. */
  async #copy(isolation: IsolationPlan | null, refused: RefusedRow[]): Promise<RejectWriter> {
    const { plan, partition, context, runId } = this;
    await using source = await this.source.open();
    const held = await storedSource(context.db, source.facts);
    this.#tally.facts = held;
    this.emit({
      type: "partition_started",
      partition: partition.partition,
      source: source.facts.url,
      bytesTotal: source.facts.bytes,
    });
    let facts = this.#runFacts(0, held.url);
    const { rows } = plan;
    const { table: staging, offsetColumn = rows.offsetColumn } = copyPlace(partition, isolation);
    const shape = { bounds: partition.bounds, offsetColumn };
    const rejects = this.source.rejects({
      runId,
      pipeline: plan.pipeline,
      partition: partition.partition,
      keep: keptRejects(plan.rejectLimit),
    });
    let reported = context.clock.monotonic();
    // One frame more than there are connections: it is filled while the others are on their way.
    const kernel = takeKernel(plan.copyConnections + 1) ?? undefined;
    this.#verification = partition.verify === null ? null : verification(partition.verify);
    const staged = await stageRows({
      isSet: source.accounts() !== null,
      files: source.files,
      open: async (file, base) => {
        rejects.beginFile(file.url, base);
        kernel?.beginFile();
        facts = { ...facts, source_url: await storedText(context.db, file.url) };
        return this.source.reader(file, base, kernel);
      },
      compile: (header, width, about) => {
        rejects.setHeader(header);
        const constants = bindConstants(partition.constants, facts);
        const encoder = compileRows(rows, constants, { ...about, ...shape, header, width, kernel });
        const typed = [...rows.columns, ...constants];
        return this.#verification?.watch(encoder, typed, isolation !== null) ?? encoder;
      },
      taken: (frame) => this.#verification?.taken(frame),
      makeFrame: () => kernel?.takeFrame() ?? new Frame(FRAME_BYTES),
      takeBackFrames: () => kernel?.takeBackFrames(),
    }, {
      db: context.db,
      clock: context.clock,
      signal: context.signal,
      staging,
      copyConnections: plan.copyConnections,
      refused: isolation === null ? null : refused,
      rejects,
      progress: (rowsRead) => {
        const now = context.clock.monotonic();
        if (now - reported < PROGRESS_SECONDS * 1000) return;
        reported = now;
        this.emit({
          type: "progress",
          partition: partition.partition,
          rowsRead,
          rowsRejected: rejects.count,
          bytesRead: source.bytesRead(),
          bytesTotal: source.facts.bytes,
        });
      },
    });
    // Where the load has failed instead, bytes of it may still be on their way.
    if (kernel !== undefined) giveBackKernel(kernel);
    this.#tally.bytes = source.bytesRead();
    this.#tally.sha256 = source.sha256();
    this.#tally.files = await Promise.all(
      (source.accounts() ?? []).map(async ({ url, bytes, sha256 }, at) => ({
        source_url: await storedText(context.db, url),
        bytes,
        sha256,
        rows_read: staged.rowsByFile[at],
        // Those that are found in staging come later.
        rows_rejected: () => rejects.counts.get(url) ?? 0,
      })),
    );
    this.#tally.rowsRead = staged.rowsRead;
    this.#tally.rejected = rejects.count;
    Object.assign(this.#tally.phases, {
      read: staged.read,
      parse: staged.parse,
      copy: staged.copy,
    });
    Object.assign(this.#tally, { plain: staged.plain, special: staged.special });
    this.#tally.discarded = staged.rowsDiscarded;
    this.#tally.valuesDiscarded = staged.valuesDiscarded;
    this.#report("rows", `${staged.rowsRead} rows read, ${rejects.count} rejected`);
    return rejects;
  }

  /** Leaves nothing of a failed attempt behind but the rejects of a refused one. */
  async cleanUp(cause: unknown): Promise<SluiceError> {
    const { context, partition, runId } = this;
    const error = await failureOf(cause, this.plan, context);
    try {
      const work = async () => {
        // What failed a check is kept for whoever wants to see why; the next run sweeps it.
        if (!isFailedCheck(error)) await executeStatements(context.db, partition.cleanup);
        if (!isRefusal(error)) await forgetRejects(context.db, runId, partition.partition);
      };
      const { clock, random, signal } = context;
      await withRetry(() => pastCancel(work, signal), { clock, random, attempts: CLEANUPS });
    } catch (left) {
      // The next run sweeps it: what failed first is what the user must hear.
      if (!(left instanceof SluiceError)) throw left;
    }
    return error;
  }

  failed(error: SluiceError): PartitionResult {
    if (!isRefusal(error)) this.#forgetRows();
    const status = failedStatus(error, this.partition, this.context.signal);
    return this.#result(status, null, status === "pending" ? null : error);
  }

  #runFacts(rows: number, sourceUrl = this.#tally.facts?.url ?? ""): Facts {
    return {
      run_id: this.runId,
      loaded_at: this.context.clock.now().toISOString(),
      rows,
      bytes: this.source.recordedBytes ?? this.#tally.bytes,
      sha256: this.#tally.sha256,
      replayed: this.source.replayed(),
      etag: this.#tally.facts?.etag ?? null,
      last_modified: this.#tally.facts?.lastModified ?? null,
      source_url: sourceUrl,
      files: this.#tally.files.length === 0 ? null : JSON.stringify(fileCounts(this.#tally)),
    };
  }

  async #timed(phase: keyof Phases, work: () => Promise<unknown>): Promise<void> {
    this.context.signal.throwIfAborted();
    const started = this.context.clock.monotonic();
    await work();
    this.#tally.phases[phase] = (this.context.clock.monotonic() - started) / 1000;
  }

  #report(stage: Stage, message: string): void {
    this.emit({
      type: "stage_finished",
      partition: this.partition.partition,
      stage,
      seconds: (this.context.clock.monotonic() - this.#started) / 1000,
      message,
    });
  }

  #result(
    status: PartitionResult["status"],
    version: number | null,
    error: SluiceError | null,
    tally = this.#tally,
  ): PartitionResult {
    const { context, partition } = this;
    return partitionResult(partition, tally, { status, version, error }, {
      reason: this.#reason,
      seconds: (context.clock.monotonic() - this.#started) / 1000,
      plannedSource: context.secrets.redact(sourceName(partition.source)),
    });
  }
}

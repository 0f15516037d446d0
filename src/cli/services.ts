import type { CheckReport } from "../run/check_live.ts";
import type { Clock } from "../core/clock.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import type { DiagnosticRole } from "../core/render_diagnostic.ts";
import type { RunResult } from "../core/result.ts";
import type { Secrets } from "../core/secret.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { DatabaseIdentity } from "../db/identity.ts";
import type { RunningServer, StopOutcome } from "../db/embedded/mod.ts";
import type {
  History,
  HistoryChoice,
  RejectedRow,
  RejectFilter,
  Rejects,
  Standing,
} from "../ledger/mod.ts";
import type { Queue } from "../distribute/queue.ts";
import type { WorkContext } from "../distribute/work_context.ts";
import type { LoadPlan } from "../plan/load_plan.ts";
import type { ApprovedPlan } from "../plan/moved.ts";
import type { RollbackResult } from "../publish/rollback.ts";
import type { DraftRequest, Preview } from "../inspect/mod.ts";
import type { SourceContext } from "../source/context.ts";
import type { Elsewhere, RunContext, RunOptions } from "../run/context.ts";
import type { LoadInput, LoadResult } from "../spec/load_with.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Style } from "./views/paint.ts";
import type { Screen } from "./views/screen.ts";

/** What the commands call: our own functions, passed in so that each command is tested alone. */
export interface Services {
  loadSpec(text: string, input: LoadInput): Promise<LoadResult>;
  renderDiagnostic(
    diagnostic: Diagnostic,
    screen: Pick<Screen, "paint" | "width">,
  ): Promise<string>;
  openDatabase(request: DatabaseRequest): Promise<OpenDatabase>;
  /** Opens the queue of jobs in the same database. */
  openQueue(request: DatabaseRequest, version: string): Promise<Queue>;
  /** Does jobs of distributed runs until the signal aborts. */
  workOn(queue: Queue, context: WorkContext): Promise<void>;
  /** Has workers load the partitions of runs. */
  loadElsewhere(queue: Queue, priority: number): Promise<Elsewhere>;
  /** Finds out what is in a file, and writes a pipeline for it. */
  draftPipeline(request: DraftRequest, context: SourceContext): Promise<string>;
  /** The first rows of a source as a load would write them. */
  previewSource(
    spec: PipelineSpec,
    partition: string | undefined,
    most: number,
    context: SourceContext,
  ): Promise<Preview>;
  planPipeline(spec: PipelineSpec, options: RunOptions, context: RunContext): Promise<LoadPlan>;
  /** Prepares a plan for somebody who is asked to approve it. */
  approvePlan(plan: LoadPlan, context: RunContext): Promise<ApprovedPlan>;
  /** Throws where what was approved has moved. */
  checkApproved(
    spec: PipelineSpec,
    options: RunOptions & { readonly approved: ApprovedPlan },
    context: RunContext,
  ): Promise<void>;
  readIdentity(db: Queryable): Promise<DatabaseIdentity>;
  runPipeline(spec: PipelineSpec, options: RunOptions, context: RunContext): Promise<RunResult>;
  rollbackPipeline(
    spec: PipelineSpec,
    request: { readonly partition?: string; readonly to?: number },
    context: RunContext,
  ): Promise<RollbackResult>;
  replayRejects(
    spec: PipelineSpec,
    partition: string | undefined,
    context: RunContext,
  ): Promise<RunResult>;
  checkPipeline(
    db: Database,
    spec: PipelineSpec,
    partitions: readonly string[],
  ): Promise<CheckReport>;
  readHistory(db: Queryable, spec: PipelineSpec, choice: HistoryChoice): Promise<History>;
  readStandings(db: Queryable, specs: readonly PipelineSpec[]): Promise<Standing[]>;
  readRejects(db: Queryable, spec: PipelineSpec, filter: RejectFilter): Promise<Rejects>;
  /** All rejected rows that the filter takes, in pages, whatever its limit. */
  rejectPages(
    db: Queryable,
    spec: PipelineSpec,
    filter: RejectFilter,
  ): AsyncIterable<readonly RejectedRow[]>;
  /** Starts the embedded database, or finds it running, and keeps it up. */
  startEmbedded(request: EmbeddedRequest): Promise<RunningServer>;
  stopEmbedded(request: EmbeddedRequest): Promise<StopOutcome>;
  findEmbedded(request: EmbeddedRequest): Promise<RunningServer | null>;
  /** Opens psql on the embedded database, started for as long where it does not run; its exit code. */
  openPsql(
    request: EmbeddedRequest,
    args: readonly string[],
    onOpen: () => void,
  ): Promise<number>;
}

/** A database, and where it is the embedded one, its server; disposing ends the use of both. */
export interface OpenDatabase extends AsyncDisposable {
  readonly db: Database;
}

/** Which database, and how many connections a command may need at once. */
export interface DatabaseRequest extends EmbeddedRequest {
  /** Null: the embedded one. */
  readonly url: string | null;
  /** What the URL leaves out is taken from `PGUSER` and its like among them. */
  readonly variables: Readonly<Record<string, string>>;
  /** A number in [0, 1): jitter between attempts. */
  readonly random: () => number;
  readonly applicationName: string;
  readonly maxConnections: number;
  readonly secrets: Secrets;
}

/** Where the embedded database lies. */
export interface EmbeddedRequest {
  /** The working folder's `.sluice`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const ROLE_STYLES: Readonly<Record<DiagnosticRole, Style>> = {
  error: "bad",
  warning: "warn",
  code: "bad",
  caret: "bad",
  hint: "good",
  position: "faint",
};

/** The real functions, each loaded when first called: `validate` never loads the driver. */
export function realServices(): Services {
  return {
    async loadSpec(text, input) {
      const { readSpec } = await import("../spec/read_spec.ts");
      return await readSpec(text, input);
    },
    async renderDiagnostic(diagnostic, { paint, width }) {
      const { renderDiagnostic } = await import("../core/render_diagnostic.ts");
      return renderDiagnostic(diagnostic, (text, role) => paint(ROLE_STYLES[role], text), width);
    },
    openDatabase,
    openQueue,
    async workOn(queue, context) {
      const { workOn } = await import("../distribute/work.ts");
      await workOn(queue, context);
    },
    async loadElsewhere(queue, priority) {
      const { loadElsewhere } = await import("../distribute/elsewhere.ts");
      return loadElsewhere(queue, priority);
    },
    async draftPipeline(request, context) {
      const { draftPipeline } = await import("../inspect/mod.ts");
      return await draftPipeline(request, context);
    },
    async previewSource(spec, partition, most, context) {
      const { previewPartition } = await import("../inspect/mod.ts");
      return await previewPartition(spec, partition, most, context);
    },
    async planPipeline(spec, options, context) {
      const { planPipeline } = await import("../run/gather.ts");
      return await planPipeline(spec, options, context);
    },
    async approvePlan(plan, context) {
      const { forApproval } = await import("../run/mod.ts");
      return await forApproval(plan, context);
    },
    async checkApproved(spec, options, context) {
      const { checkApproved } = await import("../run/mod.ts");
      await checkApproved(spec, options, context);
    },
    async readIdentity(db) {
      const { readIdentity } = await import("../db/identity.ts");
      return await readIdentity(db);
    },
    async runPipeline(spec, options, context) {
      const { runPipeline } = await import("../run/mod.ts");
      return await runPipeline(spec, options, context);
    },
    async rollbackPipeline(spec, request, context) {
      const { rollbackPipeline } = await import("../run/mod.ts");
      return await rollbackPipeline(spec, request, context);
    },
    async replayRejects(spec, partition, context) {
      const { replayRejects } = await import("../run/mod.ts");
      return await replayRejects(spec, partition, context);
    },
    async checkPipeline(db, spec, partitions) {
      const { checkPipeline } = await import("../run/check_live.ts");
      return await checkPipeline(spec, partitions, { db });
    },
    async readHistory(db, spec, choice) {
      const { readHistory } = await import("../ledger/mod.ts");
      return await readHistory(db, spec, choice);
    },
    async readStandings(db, specs) {
      const { readStandings } = await import("../ledger/mod.ts");
      return await readStandings(db, specs);
    },
    async readRejects(db, spec, filter) {
      const { readRejects } = await import("../ledger/mod.ts");
      return await readRejects(db, spec, filter);
    },
    async *rejectPages(db, spec, filter) {
      const { rejectPages } = await import("../ledger/mod.ts");
      yield* rejectPages(db, spec, filter);
    },
    async startEmbedded({ folder, clock, signal }) {
      const { startEmbedded } = await import("../db/embedded/mod.ts");
      await using server = await startEmbedded({ folder, clock, signal, keep: true });
      const { url, superuserUrl, port, pid, dataFolder } = server;
      return { url, superuserUrl, port, pid, dataFolder };
    },
    async stopEmbedded({ folder, clock }) {
      const { stopEmbedded } = await import("../db/embedded/mod.ts");
      return await stopEmbedded(folder, clock);
    },
    async findEmbedded({ folder, clock }) {
      const { findRunning } = await import("../db/embedded/mod.ts");
      return await findRunning(folder, clock);
    },
    async openPsql({ folder, clock, signal }, args, onOpen) {
      const { openPsql, startEmbedded } = await import("../db/embedded/mod.ts");
      await using server = await startEmbedded({ folder, clock, signal });
      onOpen();
      return await openPsql(server.url, args);
    },
  };
}

async function openQueue(request: DatabaseRequest, version: string): Promise<Queue> {
  const { openQueue } = await import("../distribute/queue.ts");
  const { resolveTarget } = await import("../db/connection/resolve_target.ts");
  const { url, variables, secrets, maxConnections } = request;
  // It was reached just before.
  const { clock, random, signal } = request;
  const retries = { clock, random, signal };
  if (url !== null) {
    const target = await resolveTarget(secrets.reveal(url), variables);
    return await openQueue(target, version, maxConnections, retries);
  }
  const { startEmbedded } = await import("../db/embedded/mod.ts");
  const { folder } = request;
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startEmbedded({ folder, clock, signal }));
  const queue = stack.use(
    await openQueue(await resolveTarget(server.url), version, maxConnections, retries),
  );
  const open = stack.move();
  return { ...queue, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

async function openDatabase(request: DatabaseRequest): Promise<OpenDatabase> {
  const { connect } = await import("../db/connection/connect.ts");
  const { applicationName, maxConnections, secrets, signal, clock, random } = request;
  await using stack = new AsyncDisposableStack();
  let { url, variables } = request;
  if (url === null) {
    const { startEmbedded } = await import("../db/embedded/mod.ts");
    const { folder } = request;
    ({ url } = stack.use(await startEmbedded({ folder, clock, signal })));
    // They are about other servers.
    variables = {};
  }
  const wait = { clock, random };
  const db = stack.use(
    await connect({ url, variables, applicationName, maxConnections, secrets, signal, wait }),
  );
  const open = stack.move();
  return { db, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

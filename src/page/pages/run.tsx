import { SluiceError } from "../../core/error.ts";
import { findRun, readRejectGroups } from "../../ledger/mod.ts";
import { type Ask, NotShown, requireLedger, type Shown, textOf } from "../ask.ts";
import type { LiveRun } from "../live_runs.ts";
import { readChecksOfRun } from "../queries/checks.ts";
import {
  LEVELS,
  LOG_PAGE,
  type LogFilter,
  type LogRecord,
  readLog,
  readOngoing,
  readPublished,
  readRun,
  readRuns,
  readSchemaChanges,
  readStatements,
  readWorkerParts,
} from "../queries/run.ts";
import { isServed } from "./known.ts";
import { RunView } from "../views/run.tsx";
import { RUN_PAGE, RunsView } from "../views/runs.tsx";

/** `/run/<id>` */
export async function runPage(ask: Ask, id: string): Promise<Shown> {
  const runId = await runIdOf(ask, id);
  const filter = filterOf(ask.query);
  const found = await requireLedger(ask, async (tx) => {
    const run = await readRun(tx, runId);
    if (run === null) return null;
    const parts = await readWorkerParts(tx, runId);
    const isElsewhere = run.status === "running" && ask.host.live.get(runId) === null;
    return {
      parts,
      ...(isElsewhere
        ? await readOngoing(tx, run, parts)
        : { run, copying: [], published: await readPublished(tx, run) }),
      rejects: await readRejectGroups(tx, runId, null),
      checks: await readChecksOfRun(tx, run),
      changes: await readSchemaChanges(tx, run),
      statements: await readStatements(tx, runId),
      records: await readLog(tx, runId, filter),
    };
  });
  if (found === null) throw noSuchRun(id);
  const { records, ...known } = found;
  const { run } = known;
  const live = ask.host.live.get(runId);
  const kept = records.length > 0 || live === null;
  const data = {
    ...known,
    live,
    log: { filter, kept, records: kept ? records : remembered(live, filter) },
    canCancel: ask.frame.session !== null && live !== null && !live.ended,
  };
  return { title: `${run.pipeline}: ${run.status}`, view: <RunView data={data} /> };
}

/** `/pipeline/<name>/runs` */
export async function runsPage(ask: Ask, pipeline: string): Promise<Shown> {
  const status = textOf(ask.query, "state");
  const given = textOf(ask.query, "before");
  const before = Number.isNaN(Date.parse(given)) ? null : new Date(given).toISOString();
  const runs = await requireLedger(
    ask,
    (tx) => readRuns(tx, pipeline, { before, status, limit: RUN_PAGE + 1 }),
  );
  const data = { pipeline, runs, status, isFirst: before === null };
  const view = <RunsView data={data} now={ask.frame.now} canRun={canRun(ask, pipeline)} />;
  return { title: `${pipeline}: runs`, view };
}

/** Whether whoever looks may start the pipeline, and this process can. */
export function canRun({ frame, host }: Ask, pipeline: string): boolean {
  return frame.session !== null &&
    isServed(host, pipeline);
}

const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A UUID as Postgres reads it. */
export function requireRunId(text: string): string {
  if (WHOLE_ID.test(text)) return text.toLowerCase();
  throw noSuchRun(text);
}

/** The run that a whole id means, or the beginning of one. */
export async function runIdOf(ask: Ask, text: string): Promise<string> {
  if (WHOLE_ID.test(text)) return text.toLowerCase();
  try {
    return await requireLedger(ask, (tx) => findRun(tx, text, null));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (error.code === "ledger/unknown_run") throw noSuchRun(text);
    if (error.code !== "ledger/ambiguous_run") throw error;
    throw new NotShown(404, "Several runs have such an id", `${error.message}.`);
  }
}

export function noSuchRun(id: string): NotShown {
  return new NotShown(404, "There is no such run", `The ledger of this database has no run ${id}.`);
}

function filterOf(query: URLSearchParams): LogFilter {
  const level = textOf(query, "level");
  const before = textOf(query, "before");
  return {
    level: LEVELS.includes(level) ? level : "",
    text: textOf(query, "text").trim(),
    before: /^\d{1,15}$/.test(before) ? before : null,
  };
}

/** Records of a run that told this process only, the newest first. */
function remembered({ log }: LiveRun, { level, text }: LogFilter): LogRecord[] {
  return log.filter((entry) =>
    LEVELS.indexOf(entry.level) >= LEVELS.indexOf(level) &&
    entry.message.toLowerCase().includes(text.toLowerCase())
  ).map((entry) => ({ ...entry, id: null })).reverse().slice(0, LOG_PAGE);
}

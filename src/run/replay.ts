import type { RunResult } from "../core/result.ts";
import {
  findReplayable,
  type LoadRecord,
  lockTarget,
  noteRejects,
  rawRecords,
  readLedger,
  type Replayable,
} from "../ledger/mod.ts";
import type { LoadSource } from "./partition/source.ts";
import { targetKeyOf } from "../plan/target.ts";
import type { SourceEvidence } from "../plan/evolve_spec.ts";
import { isMerging } from "../plan/layout.ts";
import type { LoadPlan, RowsPlan } from "../plan/load_plan.ts";
import { chainOf, versionsOf } from "../plan/versions.ts";
import { compileFor } from "./gather.ts";
import type { RunContext } from "./context.ts";
import { loadPartitions, type Sources } from "./load_partitions.ts";
import { RecordedRun, underLock } from "./recorded_run.ts";
import { unusedFields } from "../rows/match_header.ts";
import { prepareLedger } from "./prepare_ledger.ts";
import type { Queryable } from "../db/database.ts";
import type { SourceFile } from "../source/open.ts";
import { openReplayReader } from "../source/replay_reader.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** What `replayRejects` of `run/mod.ts` says. */
export async function replayRejects(
  spec: PipelineSpec,
  only: string | undefined,
  context: RunContext,
): Promise<RunResult> {
  const { db } = context;
  const targetKey = targetKeyOf(spec);
  using run = new RecordedRun("replay", context);
  try {
    const { lock, plan, sources } = await run.retry(async () =>
      await underLock(await lockTarget(db, targetKey), async (lock) => {
        const migration = await prepareLedger(spec, db, lock);
        const { loads } = await readLedger(db, targetKey, migration);
        const live = liveChains(loads).filter(({ partition }) =>
          only === undefined || partition === only
        );
        const replayable = await findReplayable(db, targetKey, live);
        const plan = await replayPlan(spec, replayable, migration, context);
        await run.begin(plan, lock);
        return { lock, plan, sources: replaySources(plan, replayable, loads, context) };
      })
    );
    await using _lock = lock;
    return await run.finish(plan, await loadPartitions(plan, run, null, sources));
  } catch (error) {
    await run.fail(error);
    throw error;
  }
}

/** Every version whose rows are in the table now. */
function liveChains(loads: readonly LoadRecord[]): readonly LoadRecord[] {
  return loads.filter(({ state }) => state === "live").flatMap((load) =>
    chainOf(versionsOf({ loads }, load.partition), load)
  );
}

/** As `append`, or as the pipeline merges anyway: what is live stays. */
async function replayPlan(
  spec: PipelineSpec,
  replayable: readonly Replayable[],
  migration: number,
  context: RunContext,
): Promise<LoadPlan> {
  const mode = isMerging(spec.refresh.mode) ? spec.refresh.mode : "append";
  return await compileFor(
    { ...spec, refresh: { mode, hardDeletes: "ignore", allowEmpty: true } },
    replayable.map(({ partition }) => partition),
    { force: true, allowDestructive: false, replays: true, migration },
    context,
    {
      probe: () =>
        Promise.resolve({ url: "", etag: null, lastModified: null, bytes: null, sha256: null }),
      examine: (_loading, rows) => Promise.resolve(knownFields(rows, replayable)),
    },
  );
}

/** Fields that an earlier load has made columns of: `evolveSpec` takes their type from the table. */
function knownFields(
  rows: RowsPlan,
  replayable: readonly Replayable[],
): readonly SourceEvidence[] {
  return replayable.map(({ partition, header }) => ({
    partition,
    added: unusedFields(rows, header ?? [])
      .map((index) => ({ field: header![index], index, types: [], values: 0 })),
    widened: [],
  }));
}

function replaySources(
  plan: LoadPlan,
  replayable: readonly Replayable[],
  loads: readonly LoadRecord[],
  context: RunContext,
): Sources {
  const rows = new Map(replayable.map((each) => [each.partition, each]));
  const live = new Map(
    loads.filter(({ state }) => state === "live").map((load) => [load.partition, load]),
  );
  return new Map(plan.partitions.map(({ partition, source }) => [
    partition,
    replaySource(plan, source.format, rows.get(partition)!, live.get(partition)!, context),
  ]));
}

function replaySource(
  { rows: { columns } }: LoadPlan,
  format: PipelineSpec["source"]["format"],
  { ids, lines, urls, header }: Replayable,
  live: LoadRecord,
  { db }: RunContext,
): LoadSource {
  let failed = new Set<number>();
  let first = 0;
  const facts = {
    url: live.sourceUrl,
    etag: live.etag,
    lastModified: live.lastModified,
    bytes: live.bytes,
    sha256: live.sha256,
  };
  return {
    open() {
      return Promise.resolve({
        // The file is the one that is live: the next run must find it unchanged.
        facts,
        files: filesOf(db, ids, urls, (ordinal) => first = ordinal),
        accounts: () => null,
        bytesRead: () => 0,
        sha256: () => live.sha256 ?? "",
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
    reader: () => openReplayReader(format, header, lines, { columns, others: "count" }, first),
    rejects() {
      failed = new Set();
      return noteRejects(({ byteOffset }) => failed.add(byteOffset));
    },
    skipsEmpty: true,
    replayed: () => JSON.stringify(ids.filter((_id, ordinal) => !failed.has(ordinal))),
    recordedBytes: live.bytes,
  };
}

function noFile(): Promise<never> {
  return Promise.reject(new Error("Records that were kept one by one are no file"));
}

/** The records of each file; `begins` is told the number of its first. */
async function* filesOf(
  db: Queryable,
  ids: readonly number[],
  urls: readonly string[],
  begins: (ordinal: number) => void,
): AsyncGenerator<SourceFile, void, undefined> {
  for (let at = 0; at < ids.length;) {
    const next = urls.findIndex((url, ordinal) => ordinal > at && url !== urls[at]);
    const end = next === -1 ? ids.length : next;
    begins(at);
    yield { url: urls[at], chunks: rawRecords(db, ids.slice(at, end)), whole: noFile };
    at = end;
  }
}

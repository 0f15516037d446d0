import { columnName } from "../../core/column_name.ts";
import { readRejectGroups, rejectPages, rejectsCsv, rejectsCsvHeader } from "../../ledger/mod.ts";
import { servedPipelines } from "../../schedule/pipeline_files.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import { type Ask, optionOf, requireLedger, type Shown, textOf } from "../ask.ts";
import { HEADERS } from "../guard.ts";
import type { FieldName, RecordForm } from "../parts/record.tsx";
import { readHeaders, readRejects, readRunsWithRejects } from "../queries/rejects.ts";
import { readRun } from "../queries/run.ts";
import { RejectsView } from "../views/rejects.tsx";
import { canRun, noSuchRun, runIdOf } from "./run.tsx";

/** `/pipeline/<name>/rejects` */
export async function rejectsPage(ask: Ask, pipeline: string): Promise<Shown> {
  const { query } = ask;
  const given = query.has("run") ? await runIdOf(ask, textOf(query, "run")) : null;
  const partition = optionOf(query, "partition");
  const column = optionOf(query, "column");
  const code = textOf(query, "code");
  const after = /^\d{1,15}$/.test(textOf(query, "after")) ? textOf(query, "after") : null;
  const found = await requireLedger(ask, async (tx) => {
    const runs = await readRunsWithRejects(tx, pipeline);
    const runId = given ?? runs[0]?.run_id ?? null;
    if (runId === null) return { runs, run: null, groups: [], rows: [], headers: [] };
    const run = await readRun(tx, runId);
    if (run === null || run.pipeline !== pipeline) throw noSuchRun(runId);
    return {
      runs,
      run,
      groups: await readRejectGroups(tx, runId, partition),
      rows: await readRejects(tx, { runId, partition, column, code }, after),
      headers: await readHeaders(tx, runId),
    };
  });
  const { headers, ...known } = found;
  const spec = specOf(ask, pipeline);
  const data = {
    ...known,
    pipeline,
    filter: { partition, column, code, after },
    form: spec === null ? null : formOf(spec),
    fieldOf: (column: string | null, partition: string | null) =>
      column === null ? null : fieldOf(column, headerOf(headers, partition), spec),
    mayAct: canRun(ask, pipeline),
  };
  return { title: `${pipeline}: rejects`, view: <RejectsView data={data} /> };
}

/** `/pipeline/<name>/rejects.csv`: all of a run, page by page, however many there are. */
export async function rejectsCsvFile(ask: Ask, pipeline: string): Promise<Response> {
  const { query } = ask;
  const runId = await runIdOf(ask, textOf(query, "run"));
  const partition = optionOf(query, "partition");
  // Whoever opens the file may do so with a program that runs what begins with "=".
  const spreadsheet = !query.has("exact");
  const run = await requireLedger(ask, (tx) => readRun(tx, runId));
  if (run === null || run.pipeline !== pipeline) throw noSuchRun(runId);
  const pages = rejectPages(await ask.database(), { pipeline }, {
    run: runId,
    ...(partition === null ? {} : { partition }),
  });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(encoder.encode(rejectsCsvHeader())),
    async pull(controller) {
      const { done, value } = await pages.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(rejectsCsv(value, { spreadsheet })));
    },
    cancel: async () => void await pages.return(),
  });
  const name = `${pipeline.replace(/[^\w-]/g, "_")}-rejects-${runId.slice(0, 8)}.csv`;
  return new Response(body, {
    headers: {
      ...HEADERS,
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="${name}"`,
    },
  });
}

/** The pipeline as its file says it is now; null where it is not served here. */
export function specOf({ host }: Ask, pipeline: string): PipelineSpec | null {
  const served = servedPipelines(host.files()).find(({ spec }) => spec.pipeline === pipeline);
  return served?.spec ?? null;
}

/** How records are written; null where a field cannot be found in one. */
function formOf({ source }: PipelineSpec): RecordForm | null {
  const format: object = source.format;
  const has = (name: string) => (format as Record<string, unknown>)[name];
  const text = (name: string) => typeof has(name) === "string" ? String(has(name)) : null;
  if (/json/.test(text("type") ?? "")) {
    return { kind: "json", delimiter: ",", quote: '"', escape: null };
  }
  const [delimiter, quote, escape] = [text("delimiter"), text("quote"), text("escape")];
  if (delimiter === null) return null;
  return { kind: "csv", delimiter, quote, escape: escape === quote ? null : escape };
}

/** The field that a column is read from. */
function fieldOf(
  column: string,
  header: readonly string[] | null,
  spec: PipelineSpec | null,
): FieldName {
  const declared = spec?.columns.find(({ name }) => name === column);
  const names = declared === undefined ? [column] : [declared.from, ...declared.aliases];
  const byName =
    header?.findIndex((field) =>
      names.includes(field) || names.includes(columnName(field)) || columnName(field) === column
    ) ?? -1;
  // Without a header columns are taken in order, or by number.
  const number = /^\d+$/.test(declared?.from ?? "") ? Number(declared!.from) - 1 : -1;
  const inOrder = spec?.columns.findIndex(({ name }) => name === column) ?? -1;
  const index = byName >= 0 ? byName : header !== null ? -1 : number >= 0 ? number : inOrder;
  return { index, keys: [...names, column] };
}

function headerOf(
  headers: Awaited<ReturnType<typeof readHeaders>>,
  partition: string | null,
): readonly string[] | null {
  return headers.find((each) => each.partition === partition)?.header ?? null;
}

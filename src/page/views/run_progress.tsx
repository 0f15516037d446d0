import { formatBytes, formatDuration, formatPlural } from "../../core/format_text.ts";
import type { LivePartition } from "../live_runs.ts";
import type { Run, WorkerPart } from "../queries/run.ts";
import { fullCount, pipelinePath } from "../parts/format.ts";
import { Bar } from "../parts/bars.tsx";
import { State } from "../parts/state.tsx";
import { Count, number, Table } from "../parts/table.tsx";
import type { RunData } from "./run_data.ts";

/** What moves while a run goes on. */
export type Moving = Pick<RunData, "run" | "live" | "parts" | "copying" | "published">;

/** What moves while a run goes on: how it stands, and each of its partitions. */
export function Progress({ data }: { readonly data: Moving }) {
  const { run, live, parts, copying, published } = data;
  const partitions = live?.partitions ?? parts.filter(({ attempts }) => attempts > 0).map(partOf);
  const total = live?.total ?? parts.length;
  const done = partitions.filter(({ result }) => result !== null).length;
  return (
    <>
      <Verdict run={run} />
      {partitions.length === 0 ? null : (
        <>
          <p class="note">{done} of {total} partitions done</p>
          <Table
            caption="Partitions of the run"
            wide
            head={[
              "Partition",
              "State",
              number("Rows read"),
              number("Rejected"),
              "Source read",
              "Stages",
            ]}
          >
            {partitions.slice(-SHOWN).map((each) => <Partition of={each} />)}
          </Table>
          {partitions.length > SHOWN
            ? <p class="note">The last {SHOWN} of {partitions.length} that have begun.</p>
            : null}
        </>
      )}
      {run.status === "running" && partitions.length === 0
        ? parts.length > 0
          ? <p class="note">{formatPlural(parts.length, "partition")} for workers to load.</p>
          : <Elsewhere run={run} copying={copying} published={published} />
        : null}
    </>
  );
}

/** A run of another process, as far as the database knows of it. */
function Elsewhere({ run, copying, published }: Omit<Moving, "live" | "parts">) {
  const shown = published.slice(-SHOWN);
  return (
    <>
      <p class="note">
        It goes on in another process{run.host === null ? "" : `, on ${run.host}`}: shown is what
        the database knows of it.
      </p>
      {shown.length + copying.length === 0 ? null : (
        <Table
          caption="What the run has published and is copying"
          wide
          head={["Partition or table", "State", number("Rows"), number("Bytes")]}
        >
          {shown.map(({ partition, rows, bytes }) => (
            <tr>
              <th scope="row">{partition ?? "whole table"}</th>
              <td>
                <State state="published" />
              </td>
              <Count of={rows} />
              <td class="number">{bytes === null ? "–" : formatBytes(Number(bytes))}</td>
            </tr>
          ))}
          {copying.map(({ table, rows, bytes }) => (
            <tr>
              <th scope="row">{table}</th>
              <td>
                <State state="copying" />
              </td>
              <Count of={rows} />
              <td class="number">{formatBytes(Number(bytes))}</td>
            </tr>
          ))}
        </Table>
      )}
      {published.length > SHOWN
        ? <p class="note">The last {SHOWN} of {published.length} published partitions.</p>
        : null}
    </>
  );
}

/** How it stands, in one line. */
function Verdict({ run }: { readonly run: Run }) {
  return (
    <p class="verdict" aria-live="polite">
      <State state={run.status} />
      <span>{formatDuration(run.seconds)}</span>
      <span>{formatPlural(Number(run.rows_loaded), "row")} loaded</span>
      {Number(run.rows_rejected) === 0
        ? null
        : (
          <a href={pipelinePath(run.pipeline, "rejects", { run: run.run_id })}>
            {fullCount(run.rows_rejected)} rejected
          </a>
        )}
    </p>
  );
}

/** Partitions that are shown: more change too fast to be read. */
const SHOWN = 100;

function Partition({ of }: { readonly of: LivePartition }) {
  const { partition, result, rowsRead, rowsRejected, bytesRead, bytesTotal, stages } = of;
  return (
    <tr>
      <th scope="row">{partition ?? "whole table"}</th>
      <td>
        <State state={result?.status ?? "running"} />
      </td>
      <Count of={rowsRead} />
      <Count of={rowsRejected} />
      <td>
        <div class="meter">
          {bytesTotal === null || bytesTotal === 0 ? null : (
            <Bar
              part={result === null ? bytesRead / bytesTotal : 1}
              tone={result === null ? "" : result.error === null ? "good" : "bad"}
            />
          )}
          <span class="amount">
            {formatBytes(bytesRead)}
            {bytesTotal === null ? null : ` of ${formatBytes(bytesTotal)}`}
          </span>
        </div>
      </td>
      <td>
        {result?.error === null || result?.error === undefined
          ? stages.map(({ stage, seconds }) => `${stage} ${formatDuration(seconds)}`).join(" · ")
          : result.error.message}
      </td>
    </tr>
  );
}

/** What a worker has told of its partition, as a run of this process would. */
function partOf({ partition, progress, result }: WorkerPart): LivePartition {
  const read = progress?.type === "progress" ? progress : null;
  return {
    partition,
    result,
    rowsRead: result?.rows_read ?? read?.rowsRead ?? 0,
    rowsRejected: result?.rows_rejected ?? read?.rowsRejected ?? 0,
    bytesRead: result?.bytes_read ?? read?.bytesRead ?? 0,
    bytesTotal: read?.bytesTotal ?? null,
    stages: Object.entries(result?.phases ?? {}).map(([stage, seconds]) => ({ stage, seconds })),
  };
}

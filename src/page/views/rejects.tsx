import type { RejectGroup } from "../../ledger/mod.ts";
import type { RejectedRow, RunWithRejects } from "../queries/rejects.ts";
import { REJECT_PAGE } from "../queries/rejects.ts";
import type { Run } from "../queries/run.ts";
import { fullCount, moment, pipelinePath } from "../parts/format.ts";
import { PipelineHead } from "../parts/layout.tsx";
import { type FieldName, type RecordForm, RecordText } from "../parts/record.tsx";
import { Command, Count, Empty, number, Table } from "../parts/table.tsx";

export interface RejectsData {
  readonly pipeline: string;
  /** Runs that have some, the newest first. */
  readonly runs: readonly RunWithRejects[];
  /** Whose rows are shown; null: none has any. */
  readonly run: Run | null;
  readonly groups: readonly RejectGroup[];
  /** One more than a page where there are more. */
  readonly rows: readonly RejectedRow[];
  readonly filter: {
    readonly partition: string | null;
    readonly column: string | null;
    readonly code: string;
    readonly after: string | null;
  };
  readonly form: RecordForm | null;
  readonly fieldOf: (column: string | null, partition: string | null) => FieldName | null;
  readonly mayAct: boolean;
}

/** View 3: rows that were not loaded, and why. */
export function RejectsView({ data }: { readonly data: RejectsData }) {
  const { pipeline, run, runs, groups, filter, mayAct } = data;
  return (
    <>
      <PipelineHead pipeline={pipeline} view="rejects">
        {mayAct && groups.length > 0
          ? (
            <div class="end">
              <a
                class="button"
                href={pipelinePath(pipeline, "replay", { partition: filter.partition })}
              >
                Replay …
              </a>
            </div>
          )
          : null}
      </PipelineHead>
      {run === null
        ? (
          <Empty title="No row was rejected">
            <p>
              Rows that break a type or a rule would be here, with their records.{" "}
              <a href={pipelinePath(pipeline, "file")}>The file says which rules there are.</a>
            </p>
          </Empty>
        )
        : (
          <>
            <RunChoice pipeline={pipeline} run={run} runs={runs} partition={filter.partition} />
            {groups.length === 0
              ? (
                <Empty title="None of this run is left">
                  <p>
                    Its rows were all good, were loaded since, or were kept as long as{" "}
                    <code>rejects.keep</code> says.
                  </p>
                </Empty>
              )
              : <Groups data={data} run={run} />}
          </>
        )}
    </>
  );
}

function RunChoice(
  { pipeline, run, runs, partition }: {
    readonly pipeline: string;
    readonly run: Run;
    readonly runs: readonly RunWithRejects[];
    readonly partition: string | null;
  },
) {
  const known = runs.some(({ run_id }) => run_id === run.run_id) ? runs : [run, ...runs];
  return (
    <form class="filter" method="get" action={pipelinePath(pipeline, "rejects")}>
      <label>
        Run{" "}
        <select name="run">
          {known.map(({ run_id, started_at, rows_rejected }) => (
            <option value={run_id} selected={run_id === run.run_id}>
              {moment(started_at)} · {fullCount(rows_rejected)} rejected
            </option>
          ))}
        </select>
      </label>
      <label>
        Partition <input type="text" name="partition" value={partition ?? ""} size={12} />
      </label>
      <button type="submit">Show</button>
      <a href={`/run/${run.run_id}`}>The run</a>
    </form>
  );
}

/** Groups that are shown: a wide table may have thousands. */
export const MOST_GROUPS = 200;

/** Says so where there are more. */
export function MoreGroups({ groups }: { readonly groups: readonly RejectGroup[] }) {
  if (groups.length <= MOST_GROUPS) return null;
  return <p class="note">The {MOST_GROUPS} most frequent of {fullCount(groups.length)}.</p>;
}

function Groups({ data, run }: { readonly data: RejectsData; readonly run: Run }) {
  const { pipeline, groups, filter, rows, form, fieldOf } = data;
  const { partition, column, code } = filter;
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  const at = (query: Readonly<Record<string, string | number | null>>) =>
    pipelinePath(pipeline, "rejects", { run: run.run_id, partition, ...query });
  const shown = rows.slice(0, REJECT_PAGE);
  const isOne = column !== null || code !== "";
  return (
    <>
      <Table
        caption={`${fullCount(total)} rejected rows by column and code`}
        head={["Column", "Code", number("Rows"), number("Share"), "Example"]}
      >
        {groups.slice(0, MOST_GROUPS).map((group) => (
          <tr
            class={isOne && group.column === (column || null) && group.code === code
              ? "chosen"
              : ""}
          >
            <th scope="row">
              <a href={`${columnPath(at, group)}#rows`}>{group.column ?? "the row"}</a>
            </th>
            <td>
              <code>{group.code}</code>
            </td>
            <Count of={group.count} />
            <td class="number">{(100 * group.count / total).toFixed(1)} %</td>
            <td class="break">{group.example}</td>
          </tr>
        ))}
      </Table>
      <MoreGroups groups={groups} />
      <h2 id="rows">
        {isOne
          ? (
            <>
              Rows with <code>{code}</code> in {column || "the row"}
            </>
          )
          : "Rows"}
      </h2>
      <p class="choice">
        {isOne ? <a href={`${at({})}#rows`}>All of them</a> : null}
        <a href={pipelinePath(pipeline, "rejects.csv", { run: run.run_id, partition })}>
          CSV for a spreadsheet
        </a>
        <a href={pipelinePath(pipeline, "rejects.csv", { run: run.run_id, partition, exact: 1 })}>
          CSV, byte by byte
        </a>
      </p>
      <Table
        caption="Rejected rows with their records; the field that is wrong is marked"
        wide
        head={["Partition", number("Line"), number("Byte"), "Why", "Record"]}
      >
        {shown.map((row) => (
          <tr>
            <td class="nowrap">{row.partition ?? "–"}</td>
            <Count of={row.line} />
            <Count of={row.byte_offset} />
            <td class="why">
              <b>{row.column ?? "row"}</b> <code>{row.code}</code>
              <div>{row.message}</div>
            </td>
            <td class="record">
              <RecordText
                raw={row.raw}
                length={row.raw_length}
                form={form}
                field={fieldOf(row.column, row.partition)}
              />
            </td>
          </tr>
        ))}
      </Table>
      {rows.length > REJECT_PAGE
        ? (
          <p>
            <a
              href={`${
                pipelinePath(pipeline, "rejects", {
                  run: run.run_id,
                  partition,
                  ...(isOne ? { code } : {}),
                  after: String(shown.at(-1)!.id),
                }) + (column === null ? "" : `&column=${encodeURIComponent(column)}`)
              }#rows`}
            >
              Next rows
            </a>
          </p>
        )
        : null}
      <h2>Loading them after all</h2>
      <p>
        Once the file or its rules are mended, this loads those that are valid by then, each exactly
        once:
      </p>
      <Command
        lines={[
          `rejects pipelines/${pipeline}.yaml` +
          `${partition === null ? "" : ` --partition ${partition}`} --replay`,
        ]}
      />
    </>
  );
}

/** The column of a row as a whole is the empty text, which a path leaves out otherwise. */
function columnPath(
  at: (query: Readonly<Record<string, string>>) => string,
  { column, code }: RejectGroup,
): string {
  return `${at({ code })}&column=${encodeURIComponent(column ?? "")}`;
}

import type { BrokenFile } from "../../schedule/model.ts";
import type { Cell, Standing } from "../queries/grid.ts";
import { MOST_REJECTS } from "../queries/grid.ts";
import { pathTo, pipelinePath, shortCount, span } from "../parts/format.ts";
import { State } from "../parts/state.tsx";
import { Command, Empty, Pager } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";

/** One pipeline of the grid. */
export interface GridRow {
  readonly pipeline: string;
  /** Null: it has never run. */
  readonly standing: Standing | null;
  /** When its schedule starts it next; null: only by hand, or nobody here keeps schedules. */
  readonly next: string | null;
  /** By month; what has none under the empty text. */
  readonly cells: ReadonlyMap<string, Cell>;
}

/** What the address of the grid asks for. */
export interface GridQuery {
  /** Part of the name. */
  readonly q: string;
  /** A status of the newest run; empty: any. */
  readonly state: string;
  readonly page: number;
  /** The newest month that is shown; null: the newest there is. */
  readonly to: string | null;
}

export interface GridData {
  readonly query: GridQuery;
  /** Of this page. */
  readonly rows: readonly GridRow[];
  /** Months that are shown, the newest first. */
  readonly months: readonly string[];
  /** The newest month of the columns before, and of those after; null where there are none. */
  readonly newer: string | null;
  readonly older: string | null;
  readonly pages: number;
  /** Pipelines that the filter takes, and all of them. */
  readonly found: number;
  readonly all: number;
  readonly broken: readonly BrokenFile[];
  readonly keepsSchedules: boolean;
}

/** States that the filter offers, which are those of the legend. */
export const RUN_STATES = [
  "succeeded",
  "unchanged",
  "running",
  "refused",
  "failed",
  "interrupted",
  "never run",
];

/** View 1: pipelines down, months across. */
export function Grid({ data, now }: { readonly data: GridData; readonly now: Date }) {
  const { query, rows, months, all, found } = data;
  const { q, state, to } = query;
  return (
    <>
      <div class="title-row">
        <h1>Pipelines</h1>
        <p class="summary">
          {found === all ? `${all} in all` : `${found} of ${all}`}
        </p>
      </div>
      <Broken files={data.broken} />
      {all === 0 ? <NothingYet /> : (
        <>
          <form class="filter" method="get" action="/">
            <label>
              Name <input type="search" name="q" value={q} placeholder="part of a name" />
            </label>
            <label>
              Newest run{" "}
              <select name="state">
                <option value="">any</option>
                {RUN_STATES.map((each) => (
                  <option value={each} selected={each === state}>{each}</option>
                ))}
              </select>
            </label>
            {to === null ? null : <input type="hidden" name="to" value={to} />}
            <button type="submit">Show</button>
            {q === "" && state === "" ? null : <a href={pathTo("/", { to })}>Show all</a>}
          </form>
          {rows.length === 0
            ? (
              <Empty title="No pipeline is like that">
                <p>
                  <a href={pathTo("/", { to })}>Show all {all} pipelines</a>
                </p>
              </Empty>
            )
            : <Months data={data} now={now} months={months} />}
          <div class="under">
            <Legend />
            <Pager
              page={query.page}
              pages={data.pages}
              to={(page) => pathTo("/", { q, state, to, page })}
            />
          </div>
        </>
      )}
    </>
  );
}

function Months(
  { data, now, months }: {
    readonly data: GridData;
    readonly now: Date;
    readonly months: readonly string[];
  },
) {
  const { rows, newer, older, query: { q, state, page } } = data;
  const whole = rows.some(({ cells }) => cells.has(""));
  const at = (to: string) => pathTo("/", { q, state, to, page });
  return (
    <>
      {newer === null && older === null ? null : (
        <nav class="months" aria-label="Months">
          {newer === null ? null : <a href={at(newer)}>← Newer months</a>}
          {older === null ? null : <a href={at(older)}>Older months →</a>}
        </nav>
      )}
      <div class="scroll" role="region" aria-label="Pipelines by month" tabindex={0}>
        <table class="grid">
          <caption class="unseen">
            Live versions of each pipeline by month, the newest month first
          </caption>
          <thead>
            <tr>
              <th scope="col" class="pin">Pipeline</th>
              <th scope="col">Newest run</th>
              {data.keepsSchedules ? <th scope="col">Next start</th> : null}
              {whole ? <th scope="col" class="cell">Table</th> : null}
              {months.map((month) => <th scope="col" class="cell">{month}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row" class="pin">
                  <a href={pipelinePath(row.pipeline, "versions")}>{row.pipeline}</a>
                </th>
                <NewestRun standing={row.standing} now={now} />
                {data.keepsSchedules
                  ? (
                    <td class="next">
                      {row.next === null
                        ? <span class="none">by hand</span>
                        : <Ago at={row.next} now={now} />}
                    </td>
                  )
                  : null}
                {whole ? <LiveCell row={row} month="" now={now} /> : null}
                {months.map((month) => <LiveCell row={row} month={month} now={now} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function NewestRun({ standing, now }: { readonly standing: Standing | null; readonly now: Date }) {
  if (standing === null) {
    return (
      <td class="newest">
        <State state="never run" />
      </td>
    );
  }
  const { run_id, status, started_at, ended_at, error } = standing;
  return (
    <td class="newest">
      <a href={`/run/${run_id}`} title={error ?? undefined}>
        <State state={status} /> <Ago at={ended_at ?? started_at} now={now} />
      </a>
    </td>
  );
}

function LiveCell(
  { row, month, now }: { readonly row: GridRow; readonly month: string; readonly now: Date },
) {
  const cell = row.cells.get(month);
  if (cell === undefined) return <td class="cell none">·</td>;
  const { partition, partitions, version, rows, rejects, published_at } = cell;
  const many = partitions > 1;
  const more = rejects >= MOST_REJECTS ? "+" : "";
  const to = pipelinePath(row.pipeline, "versions", {
    partition: many ? null : partition,
    month: many ? month : null,
  });
  const age = span(now.getTime() - Date.parse(published_at));
  const about = many ? `${partitions} partitions` : `version ${version}`;
  const rejected = rejects === 0 ? "" : `, ${shortCount(rejects)}${more} rejects`;
  // Few elements: there are thousands of cells.
  return (
    <td class={rejects > 0 ? "cell warn" : "cell good"}>
      <a href={to} title={`${shortCount(rows)} rows, ${about}, ${age} old${rejected}`}>
        <b>{shortCount(rows)}</b>
        <small>{`${many ? `${partitions}×` : `v${version}`} ${age}`}</small>
        {rejects === 0 ? null : <i>{`${shortCount(rejects)}${more}`}</i>}
      </a>
    </td>
  );
}

/** What shapes and numbers of the grid mean. */
function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      {RUN_STATES.map((state) => (
        <li>
          <State state={state} />
        </li>
      ))}
      <li>
        <State state="rejects" word="rows were rejected" />
      </li>
      <li>
        <span class="none">·</span> nothing is live
      </li>
      <li>v3 12 d: version 3, published 12 days ago</li>
    </ul>
  );
}

function Broken({ files }: { readonly files: readonly BrokenFile[] }) {
  if (files.length === 0) return null;
  return (
    <details class="problem" open={files.length <= 3}>
      <summary>
        {files.length === 1 ? "One file cannot be used" : `${files.length} files cannot be used`}
      </summary>
      <ul class="reasons">
        {files.map(({ file, kept, message }) => (
          <li>
            <a href={pathTo("/file", { name: file })}>{file}</a>
            {kept ? " (its last good version stays in use)" : null}
            <div class="break">{firstLine(message)}</div>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What is wrong first, without the place, which the file's own view shows. */
function firstLine(message: string): string {
  return message.split("\n")[0].replace(/^.*?: (error|warning)\[[^\]]*\]: /, "");
}

function NothingYet() {
  return (
    <Empty title="Nothing has been loaded yet">
      <p>This database has no run of Sluice. Load a pipeline, then look again:</p>
      <Command lines={["run pipelines/yellow_taxi.yaml"]} />
    </Empty>
  );
}

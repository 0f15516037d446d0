import { formatDuration } from "../../core/format_text.ts";
import type { Run } from "../queries/run.ts";
import { pipelinePath } from "../parts/format.ts";
import { PipelineHead, RunButton } from "../parts/layout.tsx";
import { State } from "../parts/state.tsx";
import { Command, Count, Empty, number, Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/time.tsx";
import { RUN_STATES } from "./grid.tsx";

/** Runs that are shown at once. */
export const RUN_PAGE = 50;

export interface RunsData {
  readonly pipeline: string;
  /** The newest first, one more than a page where there are more. */
  readonly runs: readonly Run[];
  /** The filter; empty: any. */
  readonly status: string;
  readonly isFirst: boolean;
}

/** Every run of a pipeline. */
export function RunsView(
  { data, now, canRun }: {
    readonly data: RunsData;
    readonly now: Date;
    readonly canRun: boolean;
  },
) {
  const { pipeline, runs, status, isFirst } = data;
  const shown = runs.slice(0, RUN_PAGE);
  return (
    <>
      <PipelineHead pipeline={pipeline} view="runs">
        {canRun ? <RunButton pipeline={pipeline} /> : null}
      </PipelineHead>
      <form class="filter" method="get" action={pipelinePath(pipeline, "runs")}>
        <label>
          State{" "}
          <select name="state">
            <option value="">any</option>
            {RUN_STATES.filter((each) => each !== "never run").map((each) => (
              <option value={each} selected={each === status}>{each}</option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
        {status === "" && isFirst ? null : <a href={pipelinePath(pipeline, "runs")}>Show all</a>}
      </form>
      {shown.length === 0
        ? status === "" && isFirst
          ? (
            <Empty title="It has never run">
              <p>Start it, then look again:</p>
              <Command lines={[`run pipelines/${pipeline}.yaml`]} />
            </Empty>
          )
          : <Empty title="No run is like that" />
        : (
          <Table
            caption={`Runs of ${pipeline}, the newest first`}
            wide
            head={[
              "Started",
              "Ago",
              "State",
              number("Took"),
              number("Read"),
              number("Loaded"),
              number("Rejected"),
              "Error",
            ]}
          >
            {shown.map((run) => (
              <tr>
                <th scope="row">
                  <a href={`/run/${run.run_id}`}>
                    <At at={run.started_at} />
                  </a>
                </th>
                <td>
                  <Ago at={run.started_at} now={now} />
                </td>
                <td>
                  <State
                    state={run.status}
                    word={run.command === "replay" ? `${run.status} (replay)` : run.status}
                  />
                </td>
                <td class="number">{formatDuration(run.seconds)}</td>
                <Count of={run.rows_read} />
                <Count of={run.rows_loaded} />
                <Count of={run.rows_rejected} />
                <td class="break">{run.error?.message ?? ""}</td>
              </tr>
            ))}
          </Table>
        )}
      {runs.length > RUN_PAGE
        ? (
          <p>
            <a
              href={pipelinePath(pipeline, "runs", {
                state: status,
                before: shown.at(-1)!.started_at,
              })}
            >
              Older runs
            </a>
          </p>
        )
        : null}
    </>
  );
}

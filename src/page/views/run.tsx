import { formatBytes, formatRate } from "../../core/format_text.ts";
import type { RejectGroup } from "../../ledger/mod.ts";
import type { PlannedStatement, RunData } from "./run_data.ts";
import type { CheckRow } from "../queries/checks.ts";
import type { Published, Run } from "../queries/run.ts";
import { pipelinePath } from "../parts/format.ts";
import { Durations } from "../parts/bars.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { CHANGES, Changes, Count, Facts, number, Table } from "../parts/table.tsx";
import { At } from "../parts/time.tsx";
import { MoreGroups, MOST_GROUPS } from "./rejects.tsx";
import { LogView } from "./run_log.tsx";
import { Progress } from "./run_progress.tsx";

/** Phases in the order that a load passes them. */
const PHASES = "read parse copy verify convert deduplicate index check publish".split(" ");

/** View 2: one run. */
export function RunView({ data }: { readonly data: RunData }) {
  const { run, published, rejects, checks, changes, statements, log, canCancel } = data;
  const goesOn = run.status === "running";
  const phases = PHASES.flatMap((name) =>
    run.phases[name] === undefined ? [] : [[name, run.phases[name]] as const]
  );
  return (
    <>
      <div class="title-row">
        <h1>
          {run.command === "replay" ? "Replay of " : "Run of "}
          <a href={pipelinePath(run.pipeline, "versions")}>{run.pipeline}</a>
        </h1>
        <div class="end">
          {goesOn && canCancel
            ? <a class="button" href={`/run/${run.run_id}/cancel`}>Cancel …</a>
            : null}
          <a class="button" href={pipelinePath(run.pipeline, "runs")}>All runs</a>
        </div>
      </div>
      <div id="live" data-live={goesOn ? `/run/${run.run_id}/live` : undefined}>
        <Progress data={data} />
      </div>
      {run.error === null ? null : (
        <>
          <h2>Why</h2>
          <Problem error={run.error} />
        </>
      )}
      {phases.length === 0 ? null : (
        <>
          <h2>Seconds by phase</h2>
          <Durations label="Seconds by phase" of={phases} />
          <p class="note">
            Of all partitions together; reading, parsing and copying go on at the same time.
          </p>
        </>
      )}
      {published.length === 0 ? null : <PublishedTable run={run} published={published} />}
      {rejects.length === 0 ? null : <RejectTable run={run} groups={rejects} />}
      {checks.length === 0 ? null : <CheckTable checks={checks} />}
      {changes.length === 0 ? null : (
        <>
          <h2>Changes of the columns</h2>
          {changes.map(({ statement, reason }) => (
            <>
              <p>{reason}</p>
              <pre class="command" tabindex={0}><code>{statement}</code></pre>
            </>
          ))}
        </>
      )}
      <LogView run={run} log={log} />
      {statements.length === 0 ? null : <Statements statements={statements} />}
      <h2>About this run</h2>
      <Facts
        of={[
          ["Run", <code>{run.run_id}</code>],
          ["Started", <At at={run.started_at} />],
          ["Ended", run.ended_at === null ? "goes on" : <At at={run.ended_at} />],
          ["Target", <code>{run.target}</code>],
          run.environment === null ? null : ["Environment", run.environment],
          ["Machine", run.host ?? "–"],
          ["Sluice", run.version ?? "–"],
          ["Read", formatBytes(Number(run.bytes_read))],
          ["Speed", formatRate(Number(run.rows_read), run.seconds)],
        ]}
      />
    </>
  );
}

function PublishedTable(
  { run, published }: { readonly run: Run; readonly published: readonly Published[] },
) {
  const merged = published.some(({ rows_inserted }) => rows_inserted !== null);
  return (
    <>
      <h2>Published</h2>
      <Table
        caption="Versions that this run published"
        wide
        head={[
          "Partition",
          number("Version"),
          "Now",
          number("Rows"),
          ...(merged ? CHANGES : []),
          number("Bytes"),
          "Source",
        ]}
      >
        {published.map((each) => (
          <tr>
            <th scope="row">
              <a href={pipelinePath(run.pipeline, "versions", { partition: each.partition })}>
                {each.partition ?? "whole table"}
              </a>
            </th>
            <Count of={each.version} />
            <td>
              <State state={each.state} />
            </td>
            <Count of={each.rows} />
            {merged ? <Changes of={each} /> : null}
            <td class="number">{each.bytes === null ? "–" : formatBytes(Number(each.bytes))}</td>
            <td class="break">{each.source_url}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function RejectTable(
  { run, groups }: { readonly run: Run; readonly groups: readonly RejectGroup[] },
) {
  return (
    <>
      <h2>Rejected rows</h2>
      <Table
        caption="Rejected rows by column and code"
        wide
        head={["Column", "Code", number("Rows"), "Example"]}
      >
        {groups.slice(0, MOST_GROUPS).map(({ column, code, count, example }) => (
          <tr>
            <th scope="row">{column ?? "the row"}</th>
            <td>
              <code>{code}</code>
            </td>
            <Count of={count} />
            <td class="break">{example}</td>
          </tr>
        ))}
      </Table>
      <MoreGroups groups={groups} />
      <p>
        <a href={pipelinePath(run.pipeline, "rejects", { run: run.run_id })}>
          Each of them, with its record
        </a>
      </p>
    </>
  );
}

function CheckTable({ checks }: { readonly checks: readonly CheckRow[] }) {
  return (
    <>
      <h2>Checks</h2>
      <Table
        caption="What the checks of this run saw"
        wide
        head={["Check", "Partition", "Result", number("Observed"), "Expected"]}
      >
        {checks.map((check) => (
          <tr>
            <th scope="row">{check.name}</th>
            <td>{check.partition ?? "whole table"}</td>
            <td>
              <State state={check.result} />
            </td>
            <td class="number">{check.observed ?? "–"}</td>
            <td class="break">{check.expected ?? "–"}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Statements({ statements }: { readonly statements: readonly PlannedStatement[] }) {
  return (
    <details>
      <summary>
        <h2>Statements of the plan</h2>
      </summary>
      <ol class="statements">
        {statements.map(({ step, why, lock, sql }) => (
          <li>
            <b>{step}</b> <span class="note">{why}{lock === null ? "" : `; lock: ${lock}`}</span>
            <pre class="command" tabindex={0}><code>{sql}</code></pre>
          </li>
        ))}
      </ol>
    </details>
  );
}

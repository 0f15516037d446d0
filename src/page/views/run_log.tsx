import { LEVELS, LOG_PAGE, type Run } from "../queries/run.ts";
import type { LogData } from "./run_data.ts";
import { pathTo } from "../parts/format.ts";
import { Command, Empty, Table } from "../parts/table.tsx";

/** The log, newest first, and its filter. */
export function LogView({ run, log }: { readonly run: Run; readonly log: LogData }) {
  const { filter: { level, text, before }, records, kept } = log;
  const shown = records.slice(0, LOG_PAGE);
  const isFiltered = level !== "" || text !== "" || before !== null;
  const path = (query: Readonly<Record<string, string | number | null>>) =>
    `${pathTo(`/run/${run.run_id}`, query)}#log`;
  return (
    <section id="log" aria-label="Log">
      <h2>Log</h2>
      {shown.length === 0 && !isFiltered ? <NoLog run={run} /> : (
        <>
          <form class="filter" method="get" action={`/run/${run.run_id}#log`}>
            <label>
              From{" "}
              <select name="level">
                <option value="">debug</option>
                {LEVELS.slice(1).map((each) => (
                  <option value={each} selected={each === level}>{each}</option>
                ))}
              </select>
            </label>
            <label>
              Text <input type="search" name="text" value={text} />
            </label>
            <button type="submit">Show</button>
            {isFiltered ? <a href={path({})}>Show all</a> : null}
          </form>
          {shown.length === 0 ? <p class="note">No record is like that.</p> : (
            <div class="log">
              <Table
                caption="Log of the run, the newest record first"
                wide
                head={["Time (UTC)", "Level", "Partition", "Message"]}
              >
                {shown.map((record) => (
                  <tr>
                    <td class="nowrap">
                      <time datetime={record.at}>{record.at.slice(11, 23).replace("Z", "")}</time>
                    </td>
                    <td>
                      <span class={`state ${TONES[record.level] ?? "quiet"}`}>{record.level}</span>
                    </td>
                    <td class="nowrap">{record.partition ?? "–"}</td>
                    <td class="break">{record.message}</td>
                  </tr>
                ))}
              </Table>
            </div>
          )}
          {records.length > LOG_PAGE
            ? (
              <p>
                <a href={path({ level, text, before: String(shown.at(-1)!.id) })}>Older records</a>
              </p>
            )
            : null}
          {kept ? null : (
            <p class="note">
              This process remembers it until it ends. With --log-database it is kept in the ledger.
            </p>
          )}
        </>
      )}
    </section>
  );
}

const TONES: Readonly<Record<string, string>> = { warning: "warn", error: "bad" };

function NoLog({ run }: { readonly run: Run }) {
  return (
    <Empty title="No log was kept of this run">
      <p>Runs keep theirs in the ledger where they are started with --log-database:</p>
      <Command lines={[`run pipelines/${run.pipeline}.yaml --log-database`]} />
    </Empty>
  );
}

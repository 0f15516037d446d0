import type { Connected, Job, OpenPart, OpenRun } from "../queries/queue.ts";
import { State } from "../parts/state.tsx";
import { Command, Count, Empty, number, Table } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";

export interface QueueData {
  readonly runs: readonly OpenRun[];
  readonly parts: readonly OpenPart[];
  /** Null: there is no queue, or this role may not see it. */
  readonly jobs: readonly Job[] | null;
  readonly connected: readonly Connected[];
}

/** View 7: what goes on and what waits, and who is there to do it. */
export function QueueView({ data, now }: { readonly data: QueueData; readonly now: Date }) {
  const { runs, parts, jobs, connected } = data;
  return (
    <>
      <div class="title-row">
        <h1>Queue and workers</h1>
      </div>
      <h2>Runs that go on</h2>
      {runs.length === 0 ? <p class="note">None goes on.</p> : (
        <Table
          caption="Runs that go on, the oldest first"
          wide
          head={["Pipeline", "State", "Started", "Command", "Machine"]}
        >
          {runs.map((run) => (
            <tr>
              <th scope="row">
                <a href={`/run/${run.run_id}`}>{run.pipeline}</a>
              </th>
              <td>
                <State state="running" />
              </td>
              <td>
                <Ago at={run.started_at} now={now} />
              </td>
              <td>{run.command}</td>
              <td>{run.host ?? "–"}</td>
            </tr>
          ))}
        </Table>
      )}
      <h2>Partitions for workers</h2>
      {parts.length === 0 ? <p class="note">None waits, and none is worked on.</p> : (
        <Table
          caption="Partitions that workers have or that wait for one"
          wide
          head={[
            "Pipeline",
            "Partition",
            "State",
            "Worker",
            number("Attempts"),
            "Offered",
            "Begun",
          ]}
        >
          {parts.map((part) => (
            <tr>
              <th scope="row">
                <a href={`/run/${part.run_id}`}>{part.pipeline}</a>
              </th>
              <td>{part.partition ?? "whole table"}</td>
              <td>
                <State state={part.claimed_at === null ? "waiting" : "running"} />
              </td>
              <td>{part.worker ?? "–"}</td>
              <Count of={part.attempts} />
              <td>
                <Ago at={part.offered_at} now={now} />
              </td>
              <td>
                <Ago at={part.claimed_at} now={now} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <h2>Jobs</h2>
      <Jobs jobs={jobs} now={now} />
      <h2>Connected</h2>
      <Table
        caption="Processes of Sluice that are connected to this database"
        wide
        head={["Process", "From", number("Connections"), "Since"]}
      >
        {connected.map(({ application, address, connections, since }) => (
          <tr>
            <th scope="row">{application}</th>
            <td>{address ?? "this machine"}</td>
            <Count of={connections} />
            <td>
              <Ago at={since} now={now} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

const EXAMPLE = ["worker", "run pipelines/yellow_taxi.yaml --distributed"];

function Jobs({ jobs, now }: { readonly jobs: readonly Job[] | null; readonly now: Date }) {
  if (jobs === null) {
    return (
      <Empty title="There is no queue">
        <p>
          It is made by the first run whose partitions workers load. Start a worker, then such a
          run:
        </p>
        <Command
          lines={EXAMPLE}
        />
      </Empty>
    );
  }
  if (jobs.length === 0) return <p class="note">The queue is empty.</p>;
  return (
    <Table
      caption="Jobs of the queue, those first that are next"
      wide
      head={[
        "Job",
        "State",
        number("Priority"),
        number("Attempts"),
        "Due",
        "Held by",
        "Last error",
      ]}
    >
      {jobs.map((job) => (
        <tr>
          <th scope="row">
            {job.task} <RunOf job={job} />
          </th>
          <td>
            <State state={stateOf(job)} />
          </td>
          <Count of={job.priority} />
          <td class="number">{job.attempts} of {job.max_attempts}</td>
          <td>
            <Ago at={job.run_at} now={now} />
          </td>
          <td class="break">{job.locked_by ?? "–"}</td>
          <td class="break">{job.last_error ?? ""}</td>
        </tr>
      ))}
    </Table>
  );
}

/** Keys of jobs begin with the run they belong to. */
function RunOf({ job: { key } }: { readonly job: Job }) {
  const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(key ?? "")?.[0];
  return id === undefined ? null : <a href={`/run/${id}`}>{id.slice(0, 8)}</a>;
}

function stateOf({ locked_at, attempts, max_attempts }: Job): string {
  if (locked_at !== null) return "running";
  if (attempts >= max_attempts) return "failed";
  return attempts > 0 ? "retrying" : "waiting";
}

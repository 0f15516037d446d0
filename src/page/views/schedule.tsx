import type { ScheduleRecord } from "../../schedule/schedules.ts";
import type { ScheduleSpec } from "../../spec/pipeline_spec.ts";
import { moment, pipelinePath, span } from "../parts/format.ts";
import { Legend, State } from "../parts/state.tsx";
import { Command, Count, Empty, number, Sample, Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/time.tsx";

/** A pipeline with a schedule. */
export interface Timed {
  readonly pipeline: string;
  readonly schedule: ScheduleSpec;
  /** What servers have made of it; null: nothing yet. */
  readonly record: ScheduleRecord | null;
  /** The next starts. */
  readonly next: readonly string[];
  /** A start that has passed and that no server took; null: there is none. */
  readonly missed: string | null;
  /** Milliseconds that its newest run began after its time; null: in time. */
  readonly lateBy: number | null;
  readonly running: boolean;
}

export interface ScheduleData {
  /** Those that are next first. */
  readonly timed: readonly Timed[];
  /** Schedules that the ledger remembers and that no file here has. */
  readonly others: readonly ScheduleRecord[];
  readonly keepsSchedules: boolean;
}

/** View 6: what starts when, what was missed, what was late. */
export function ScheduleView({ data, now }: { readonly data: ScheduleData; readonly now: Date }) {
  const { timed, others, keepsSchedules } = data;
  return (
    <>
      <div class="title-row">
        <h1>Schedule</h1>
        {keepsSchedules ? null : <p class="summary">Nothing starts by itself here.</p>}
      </div>
      {keepsSchedules ? null : (
        <>
          <p>This process only shows what there is. A server keeps the schedules:</p>
          <Command lines={["serve pipelines/"]} />
        </>
      )}
      {timed.length === 0
        ? keepsSchedules
          ? (
            <Empty title="No pipeline of the folder has a schedule">
              <p>Give one a start of its own, in its file:</p>
              <Sample text={EXAMPLE} />
            </Empty>
          )
          : null
        : (
          <>
            <Table
              caption="Schedules, those that are next first"
              wide
              head={[
                "Pipeline",
                "State",
                "Next",
                "Then",
                "Newest tick",
                "Ended as",
                number("Attempts"),
                "Schedule",
              ]}
            >
              {timed.map((each) => <Row of={each} now={now} />)}
            </Table>
            <div class="under">
              <Legend states={["on time", "late", "missed", "running", "retrying", "waiting"]} />
            </div>
          </>
        )}
      {others.length === 0 ? null : (
        <>
          <h2>Schedules of other servers, or of before</h2>
          <Table
            caption="Schedules that the ledger remembers and that no file here has"
            wide
            head={["Pipeline", "State", "Newest tick", "Ended as", "Server", "Schedule"]}
          >
            {others.map((record) => (
              <tr>
                <th scope="row">
                  <a href={pipelinePath(record.pipeline, "runs")}>{record.pipeline}</a>
                </th>
                <td>
                  <State state={record.state} />
                </td>
                <td>
                  <At at={iso(record.tick)} />
                </td>
                <td>
                  <Ended record={record} />
                </td>
                <td>{record.last?.owner ?? "–"}</td>
                <td>
                  <code>{record.cron}</code> {record.timezone}
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </>
  );
}

const EXAMPLE = 'schedule:\n  cron: "0 6 * * *"\n  timezone: Europe/Berlin';

function Row({ of, now }: { readonly of: Timed; readonly now: Date }) {
  const { pipeline, schedule, record, next, missed, lateBy } = of;
  return (
    <tr>
      <th scope="row">
        <a href={pipelinePath(pipeline, "runs")}>{pipeline}</a>
      </th>
      <td>
        <State state={stateOf(of)} />
        {missed === null ? null : <div class="note">the start of {moment(missed)}</div>}
        {missed !== null || lateBy === null ? null : <div class="note">by {span(lateBy)}</div>}
      </td>
      <td>
        <Ago at={next[0] ?? null} now={now} />
        <div class="note">
          <At at={next[0] ?? null} />
        </div>
      </td>
      <td class="note">
        {next.slice(1).map((at) => (
          <div>
            <At at={at} />
          </div>
        ))}
      </td>
      <td>
        <At at={iso(record?.tick ?? null)} />
      </td>
      <td>{record === null ? "–" : <Ended record={record} />}</td>
      <Count of={record?.attempt ?? null} />
      <td>
        <code>{schedule.cron}</code> {schedule.timezone}
      </td>
    </tr>
  );
}

function Ended({ record }: { readonly record: ScheduleRecord }) {
  const { status = null, run_id: runId = null, error = null } = record.last ?? {};
  const { retryAt } = record;
  if (status === null) return <span class="none">–</span>;
  return (
    <>
      {runId === null ? <State state={status} /> : (
        <a href={`/run/${runId}`}>
          <State state={status} />
        </a>
      )}
      {retryAt === null ? null : <div class="note">again at {moment(retryAt.toISOString())}</div>}
      {error === null ? null : <div class="note">{error.message}</div>}
    </>
  );
}

function stateOf({ record, missed, lateBy, running }: Timed): string {
  if (running || record?.state === "running") return "running";
  if (missed !== null) return "missed";
  if (record?.state === "retrying") return "retrying";
  if (lateBy !== null) return "late";
  return record === null || record.tick === null ? "waiting" : "on time";
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

import type { Overview } from "./model.ts";

/** What a server knows about its schedules, in Prometheus' text format. */
export function scheduleMetrics(overview: Overview, reachable: boolean): string {
  const { pipelines, broken } = overview;
  const timed = pipelines.filter(({ next }) => next.length > 0);
  const taken = pipelines.flatMap(({ pipeline, last }) =>
    last === null ? [] : [{ pipeline, last }]
  );
  return [
    ...gauge("sluice_serve_database_up", "Whether the ledger answered the last time", [
      ["", Number(reachable)],
    ]),
    ...gauge("sluice_serve_pipelines", "Pipelines that are served", [["", pipelines.length]]),
    ...gauge("sluice_serve_broken_files", "Files of the folder that cannot be used", [
      ["", broken.length],
    ]),
    ...gauge(
      "sluice_schedule_next_start_timestamp_seconds",
      "When a schedule starts its pipeline next; seconds since 1970",
      timed.map(({ pipeline, next }) => [labels(pipeline), seconds(next[0])]),
    ),
    ...gauge(
      "sluice_schedule_last_tick_timestamp_seconds",
      "The newest tick of a schedule that a server took; seconds since 1970",
      taken.map(({ pipeline, last }) => [labels(pipeline), seconds(last.tick)]),
    ),
    ...gauge(
      "sluice_schedule_attempts",
      "Attempts at the newest tick",
      taken.map(({ pipeline, last }) => [labels(pipeline), last.attempt]),
    ),
    ...gauge(
      "sluice_schedule_failed",
      "Whether the newest tick ended in failure or refusal, retries used up",
      taken.map(({ pipeline, last }) => [labels(pipeline), Number(hasFailed(last))]),
    ),
  ].join("");
}

function hasFailed({ state, status }: { readonly state: string; readonly status: string | null }) {
  return state === "done" && status !== "succeeded" && status !== "unchanged";
}

function* gauge(
  name: string,
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): Generator<string> {
  if (values.length === 0) return;
  yield `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
  for (const [labels, value] of values) yield `${name}${labels} ${value}\n`;
}

/** Names of pipelines have nothing that would need an escape. */
function labels(pipeline: string): string {
  return `{pipeline="${pipeline}"}`;
}

function seconds(iso: string): number {
  return new Date(iso).getTime() / 1000;
}

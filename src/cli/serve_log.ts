import { getLogger } from "@logtape/logtape";
import type { ScheduleEvent } from "../schedule/schedule_event.ts";
import { scheduleEventSentence } from "./views/serve_text.ts";

/** Writes an event of the server to the log of the session. */
export function logScheduleEvent(event: ScheduleEvent): void {
  const { type, ...facts } = event;
  // Braces would be read as the names of attributes.
  const message = scheduleEventSentence(event).replaceAll("{", "{{").replaceAll("}", "}}");
  getLogger(["sluice", type])[levelOf(event)](message, { ...PLACE, ...attributesOf(facts) });
}

/** Every line of the log has these four. */
const PLACE = { run_id: null, pipeline: null, partition: null, stage: null };

function levelOf(event: ScheduleEvent): "info" | "warning" | "error" {
  switch (event.type) {
    case "file_broken":
    case "tick_given_up":
    case "ledger_failed":
    case "database_away":
      return "error";
    case "folder_broken":
    case "clock_set_back":
    case "tick_skipped":
    case "taken_over":
      return "warning";
    case "attempt_ended": {
      const status = event.result?.status ?? "failed";
      if (status === "succeeded" || status === "unchanged") return "info";
      return event.retryAt === null ? "error" : "warning";
    }
    default:
      return "info";
  }
}

/** Facts under the names that results have in JSON; a result is a run's to tell, not ours. */
function attributesOf(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { result, retryAt, retrySeconds, next: _next, ...others } = facts;
  const run = result as { run_id: string; status: string } | null | undefined;
  return {
    ...others,
    ...(run ? { run_id: run.run_id, status: run.status } : {}),
    ...(retryAt === undefined ? {} : { retry_at: retryAt }),
    ...(retrySeconds === undefined ? {} : { retry_seconds: retrySeconds }),
  };
}

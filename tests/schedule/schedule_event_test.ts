import { expect } from "packages/expect.ts";
import { isTrouble, type ScheduleEvent } from "../../src/schedule/schedule_event.ts";
import { runResult } from "../cli/support.ts";

const error = { code: "db/refused", message: "Gone", retry: "later" } as const;
const ended = { pipeline: "p", tick: null, attempt: 1, error: null, retryAt: null } as const;

/** Each kind of event, and whether `serve -q` tells it. */
const EVENTS: readonly (readonly [told: boolean, event: ScheduleEvent])[] = [
  [false, { type: "listening", origin: "http://127.0.0.1:1", next: [] }],
  [false, { type: "stopped", finished: 0, interrupted: 0, abandoned: 0 }],
  [false, { type: "pipeline_added", pipeline: "p" }],
  [false, { type: "pipeline_changed", pipeline: "p" }],
  [false, { type: "pipeline_removed", pipeline: "p" }],
  [false, { type: "file_mended", file: "a.yaml" }],
  [false, { type: "attempt_started", pipeline: "p", tick: null, attempt: 1 }],
  [false, { type: "attempt_ended", ...ended, result: runResult([]) }],
  [false, { type: "attempt_ended", ...ended, result: runResult([], { status: "unchanged" }) }],
  [false, { type: "database_back", database: "d" }],
  [true, { type: "attempt_ended", ...ended, result: runResult([], { status: "refused" }) }],
  [true, { type: "attempt_ended", ...ended, result: runResult([], { status: "interrupted" }) }],
  [true, { type: "attempt_ended", ...ended, result: null, error }],
  [true, { type: "file_broken", file: "a.yaml", kept: true, text: "wrong" }],
  [true, { type: "folder_broken", message: "gone" }],
  [true, { type: "tick_given_up", pipeline: "p", tick: new Date(0) }],
  [true, { type: "tick_skipped", pipeline: "p", tick: new Date(0), after: "q" }],
  [true, { type: "clock_set_back", pipeline: "p", until: new Date(0) }],
  [true, { type: "taken_over", pipeline: "p" }],
  [true, { type: "ledger_failed", pipeline: "p", error }],
  [true, { type: "database_away", error, retrySeconds: 1 }],
];

Deno.test("a server that is quiet tells what somebody should look at", () => {
  for (const [told, event] of EVENTS) {
    expect([event.type, isTrouble(event)]).toEqual([event.type, told]);
  }
});

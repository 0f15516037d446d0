/**
 * What waits for a time; in SQL, too, which stands in texts. Statements of many seconds are there to
 * be interrupted.
 */
const SLEEP =
  /\b(setTimeout|setInterval|delay|pause)\(|[cC]lock\.sleep\(|\bpg_sleep\([0-4](\.\d+)?\)/g;

/** The harness strikes at random moments: times are its subject. The other has examples. */
const TIMED = /^(kill\/|architecture_test\.ts$)/;

/** How often a file of `tests/` sleeps, or makes something sleep. */
export function sleepsIn(path: string, text: string): number {
  if (TIMED.test(path)) return 0;
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "").match(SLEEP)?.length ?? 0;
}

/** Files that may, how often, and why. Everything else waits for an event, or by `until()`. */
export const SLEEPS: Readonly<Record<string, readonly [count: number, why: string]>> = {
  "bench/measure_test.ts": [2, "measures programs that take a known time"],
  "cli/bar_demo.ts": [1, "a program that takes a while, to be watched"],
  "cli/stop_demo.ts": [2, "a program that fails, or is stuck, in its own time"],
  "cli/stop_test.ts": [1, "signals that come at once count as one: the second comes later"],
  "db/connect_test.ts": [1, "many statements that each take a moment, for a pool that is full"],
  "db/session_settings_test.ts": [4, "time limits of Postgres must have passed, and not struck"],
  "db/tls_test.ts": [2, "Postgres tells nobody when a reload has reached all its processes"],
  "db/transient_test.ts": [5, "a server that comes back while somebody waits for it"],
  "db/turn_away.ts": [1, "a server that comes back while somebody waits for it"],
  "db/with_retry_test.ts": [1, "an interrupt in the middle of a wait"],
  "distribute/breaks_test.ts": [2, "breaks connections at random moments"],
  "distribute/load_part_test.ts": [
    2,
    "a worker that is at work for long; a clock whose looks never come",
  ],
  "distribute/worker_test.ts": [1, "kills workers at random moments"],
  "observe/log_table_test.ts": [1, "a clock that is a hundred times as fast"],
  "observe/notify_end_to_end_test.ts": [1, "a run that takes longer than expected"],
  "observe/support.ts": [1, "a clock that is a hundred times as fast"],
  "run/commit_under_way_test.ts": [2, "a commit that takes longer than its connection lives"],
  "schedule/every_minute_test.ts": [1, "a program that nothing keeps alive is ended in time"],
  "schedule/fast_clock.ts": [1, "a clock"],
  "schedule/hostile_test.ts": [1, "ends a server at random moments"],
  "schedule/http_test.ts": [2, "time limits that strike soon"],
  "schedule/pipeline_folder_test.ts": [1, "looks at the folder more often"],
  "schedule/scheduler_harness.ts": [1, "a limit for what is waited for"],
  "schedule/scheduler_test.ts": [3, "runs that last until they are stopped; a clock of the test's"],
  "schedule/server_demo.ts": [1, "runs that take a while on a fast clock"],
  "schedule/stepped_clock.ts": [1, "a clock"],
  "source/conformance/codecs_test.ts": [1, "lets run what is due: nothing is"],
  "source/file_test.ts": [1, "file systems that count whole seconds only"],
  "source/http_test.ts": [1, "an interrupt while nothing more arrives"],
  "source/postgres_test.ts": [1, "a query that takes longer than the silence that is waited for"],
  "support/stop_when_unused.ts": [1, "keeps the server from one test file to the next"],
  "support/until.ts": [1, "what is looked at again and again tells nobody"],
};

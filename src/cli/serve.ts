import { jsonText } from "../core/json_text.ts";
import { makeMetrics, ofServed, renderMetrics, seedMetrics } from "../observe/metrics.ts";
import { readLastRuns } from "../observe/run_history.ts";
import { LiveRuns } from "../page/live_runs.ts";
import { openPage, warmPage } from "../page/page.tsx";
import { databaseTime } from "../schedule/database_time.ts";
import { DatabaseLink } from "../schedule/database_link.ts";
import { everyMinute } from "../schedule/every_minute.ts";
import { isLoopback } from "../schedule/http/authorize.ts";
import { listen } from "../schedule/http/listen.ts";
import { answer } from "../schedule/http/routes.ts";
import { overviewOf } from "../schedule/overview.ts";
import { isTrouble, type ScheduleEvent } from "../schedule/schedule_event.ts";
import { scheduleMetrics } from "../schedule/schedule_metrics.ts";
import { Scheduler } from "../schedule/scheduler.ts";
import type { ServedPipeline } from "../schedule/scheduler_host.ts";
import { EXIT } from "./exit_code.ts";
import { interrupted } from "./interrupt.ts";
import { openDatabase } from "./open_database.ts";
import type { DatabaseFlags, ObserveFlags, OutputFlags, SpecFlags } from "./options.ts";
import { accessOf, pageHost } from "./page_host.ts";
import { servedFolder } from "./serve_folder.ts";
import { logScheduleEvent } from "./serve_log.ts";
import { servedRuns } from "./serve_run.ts";
import type { Session } from "./session.ts";
import { lineProgress } from "./views/line_progress.ts";
import { screenFor } from "./views/screen.ts";
import {
  overviewText,
  type RunWarning,
  runWarningText,
  scheduleEventText,
} from "./views/serve_text.ts";

export interface ServeFlags extends OutputFlags, ObserveFlags, SpecFlags, DatabaseFlags {
  readonly host: string;
  readonly port: number;
  /** Seconds. */
  readonly grace: number;
  readonly concurrency: number;
  readonly dryRun?: boolean;
  /** Workers load the partitions. */
  readonly distributed?: boolean;
}

/** Prints what would run when. */
export async function preview(path: string, flags: ServeFlags, session: Session): Promise<number> {
  const { cli } = session;
  let pipelines: readonly ServedPipeline[] = [];
  const folder = servedFolder(path, flags, cli, {
    tell: () => {},
    onChange: (served) => pipelines = served,
  });
  await folder.open();
  const states = pipelines.map((served) => ({ ...served, running: false, record: null }));
  states.sort((a, b) => a.spec.pipeline < b.spec.pipeline ? -1 : 1);
  const overview = overviewOf(states, folder.files, cli.clock.now());
  if (flags.output === "json") cli.out.write(`${jsonText(overview, undefined, 2)}\n`);
  else cli.out.write(overviewText(overview, screenFor(cli.out, session.userFolder)));
  return overview.broken.length === 0 ? EXIT.done : EXIT.usage;
}

/** Runs pipelines on their schedules and answers over HTTP until the command is interrupted. */
export async function serve(path: string, flags: ServeFlags, session: Session): Promise<number> {
  const { cli, paint } = session;
  const { clock } = cli;
  const grace = Math.max(flags.grace * 1000, SHORTEST_GRACE);
  // Whatever hangs: a database that does not answer, a disk, a client.
  cli.interrupt.leaveWithin(grace);
  // Without a file of its own, the log is on standard error.
  const shows = !hasLog(flags) || flags.logFile !== undefined;
  const tell = (event: ScheduleEvent) => {
    if (hasLog(flags)) logScheduleEvent(event);
    if (!shows) return;
    const say = isTrouble(event) ? session.say : session.note;
    say(scheduleEventText(event, clock.now(), paint));
  };
  const warn = (pipeline: string, warning: RunWarning) => {
    if (shows) session.say(runWarningText(pipeline, warning, clock.now(), paint));
  };
  // What a run tells stage by stage goes to the log: here a line for its start and its end, and what is odd, will do.
  session.showProgress(lineProgress(cli.err, session.screen, "none"));
  const access = accessOf(flags.host, isLoopback(flags.host), session);
  const metrics = makeMetrics(cli.version);
  const live = new LiveRuns(clock);
  const runs = servedRuns(flags, metrics, live, session, warn);
  await using link = new DatabaseLink(() => openDatabase(flags, [], "serve", session));
  const scheduler = new Scheduler({
    clock,
    limits: clock,
    time: databaseTime,
    random: cli.random,
    link,
    run: runs.run,
    everyMinute: everyMinute(),
    // Without what runs before this process said, each alert on the last success would go off.
    onReach: once(async (db) => {
      seedMetrics(metrics, await readLastRuns(db));
      void warmPage(shown);
    }),
    tell,
    owner: `${cli.host}/${Deno.pid}`,
    concurrency: flags.concurrency,
    patience: PATIENCE,
  });
  const onChange = (served: readonly ServedPipeline[]) => scheduler.serve(served);
  const folder = servedFolder(path, flags, cli, { tell, onChange });
  await folder.open();
  const overview = () => overviewOf(scheduler.pipelines(), folder.files, clock.now());
  const stop = new AbortController();
  const shown = pageHost({
    access,
    keepsSchedules: true,
    signal: stop.signal,
    link,
    scheduler,
    files: () => folder.files,
    live,
    runs,
  }, session);
  const page = openPage(shown);
  await using server = listen(flags, (request) =>
    answer(request, {
      access,
      scheduler,
      overview,
      answers: () => link.answers(clock),
      database: () => link.get(),
      clock,
      page,
      metrics: async () =>
        ofServed(await renderMetrics(metrics), targetsOf(scheduler.pipelines())) +
        scheduleMetrics(overview(), scheduler.reachable),
      secrets: cli.secrets,
      report: (error) => void session.report(error),
    }));
  tell({ type: "listening", origin: server.origin, next: overview().pipelines });
  scheduler.start();
  const followed = folder.follow(stop.signal);
  await interrupted(cli);
  stop.abort(cli.interrupt.signal.reason);
  tell({ type: "stopped", ...await scheduler.stop((grace - Math.min(1000, grace / 10)) / 1000) });
  await followed;
  return EXIT.done;
}

/** Milliseconds to end in, also where no run gets time to finish. */
const SHORTEST_GRACE = 2_000;

function hasLog({ logLevel, logFile }: OutputFlags): boolean {
  return logLevel !== undefined || logFile !== undefined;
}

/** Milliseconds after which a database hangs for good: more than a pool waits for one that is away. */
const PATIENCE = 90_000;

/** `schema.table` of each pipeline. */
function targetsOf(pipelines: readonly ServedPipeline[]): ReadonlyMap<string, string> {
  return new Map(
    pipelines.map((
      { spec: { pipeline, target } },
    ) => [pipeline, `${target.schema}.${target.table}`]),
  );
}

/** Does something the first time it is asked to. */
function once<T>(work: (value: T) => Promise<void>): (value: T) => Promise<void> {
  let done = false;
  return async (value) => {
    if (done) return;
    await work(value);
    done = true;
  };
}

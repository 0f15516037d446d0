import { LiveRuns } from "../page/live_runs.ts";
import { openPage, warmPage } from "../page/page.tsx";
import { makeMetrics, renderMetrics } from "../observe/metrics.ts";
import { databaseTime } from "../schedule/database_time.ts";
import { DatabaseLink } from "../schedule/database_link.ts";
import { isLoopback } from "../schedule/http/authorize.ts";
import { listen } from "../schedule/http/listen.ts";
import { answer } from "../schedule/http/routes.ts";
import { overviewOf } from "../schedule/overview.ts";
import type { ServedFiles } from "../schedule/pipeline_files.ts";
import { Scheduler } from "../schedule/scheduler.ts";
import { isTrouble, type ScheduleEvent } from "../schedule/schedule_event.ts";
import { EXIT } from "./exit_code.ts";
import { interrupted } from "./interrupt.ts";
import { openDatabase } from "./open_database.ts";
import type { DatabaseFlags, OutputFlags, SpecFlags } from "./options.ts";
import { accessOf, pageHost } from "./page_host.ts";
import { folderThere, servedFolder } from "./serve_folder.ts";
import { servedRuns } from "./serve_run.ts";
import type { Session } from "./session.ts";
import { lineProgress } from "./views/line_progress.ts";
import { scheduleEventText } from "./views/serve_text.ts";

export interface PageFlags extends OutputFlags, SpecFlags, DatabaseFlags {
  readonly host: string;
  readonly port: number;
}

/** The folder that is shown where none is named. */
const FOLDER = "pipelines";

/** Pipelines that run at once because somebody asked for it. */
const AT_ONCE = 4;

/** Milliseconds that runs get to end in when the command is interrupted. */
const GRACE = 10_000;

/** Milliseconds after which a database hangs for good. */
const PATIENCE = 90_000;

/** Shows the page until the command is interrupted; starts nothing that nobody asks for. */
export async function showPage(
  path: string | null,
  flags: PageFlags,
  session: Session,
): Promise<number> {
  const { cli, paint } = session;
  const { clock } = cli;
  cli.interrupt.leaveWithin(GRACE);
  session.showProgress(lineProgress(cli.err, session.screen, "none"));
  const access = accessOf(flags.host, isLoopback(flags.host), session);
  const tell = (event: ScheduleEvent) => {
    const say = isTrouble(event) ? session.say : session.note;
    say(scheduleEventText(event, clock.now(), paint));
  };
  const metrics = makeMetrics(cli.version);
  const live = new LiveRuns(clock);
  const runs = servedRuns(flags, metrics, live, session, () => {});
  await using link = new DatabaseLink(() => openDatabase(flags, [], "page", session));
  const scheduler = new Scheduler({
    clock,
    limits: clock,
    time: databaseTime,
    random: cli.random,
    link,
    run: runs.run,
    everyMinute: null,
    onReach: () => Promise.resolve(),
    tell,
    owner: `${cli.host}/${Deno.pid}`,
    concurrency: AT_ONCE,
    patience: PATIENCE,
  });
  const shown = path ?? (folderThere(FOLDER, cli) ? FOLDER : null);
  const folder = shown === null ? null : servedFolder(shown, flags, cli, {
    tell,
    // What runs on a schedule is up to a server that is there for it.
    onChange: (pipelines) =>
      scheduler.serve(pipelines.map((served) => ({ ...served, schedule: null }))),
  });
  await folder?.open();
  const files = (): ServedFiles => folder?.files ?? new Map();
  const overview = () => overviewOf(scheduler.pipelines(), files(), clock.now());
  const stop = new AbortController();
  const { signal } = stop;
  const host = pageHost(
    { access, keepsSchedules: false, signal, link, scheduler, files, live, runs },
    session,
  );
  const page = openPage(host);
  // Started here and now where it is the embedded one: the first look finds it there.
  await link.get();
  await warmPage(host);
  await using server = listen(flags, (request) =>
    answer(request, {
      access,
      // It has no ledger of its own to wait for.
      scheduler: {
        trigger: (pipeline, asked) => scheduler.trigger(pipeline, asked),
        stopping: signal.aborted,
        reachable: true,
      },
      overview,
      answers: () => link.answers(clock),
      database: () => link.get(),
      clock,
      page,
      metrics: () => renderMetrics(metrics),
      secrets: cli.secrets,
      report: (error) => void session.report(error),
    }));
  session.say(
    `${paint("name", `${server.origin}/`)}  ` +
      `${
        access.token === null
          ? "read only: SLUICE_TOKEN is not set"
          : "sign in with SLUICE_TOKEN to act"
      }\n`,
  );
  const followed = folder?.follow(signal);
  await interrupted(cli);
  stop.abort(cli.interrupt.signal.reason);
  await scheduler.stop(GRACE / 2000);
  await followed;
  return EXIT.done;
}

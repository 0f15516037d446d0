import { SluiceError } from "../core/error.ts";
import { jsonText } from "../core/json_text.ts";
import { makeMetrics, renderMetrics, seedMetrics } from "../observe/metrics.ts";
import { readLastRuns } from "../observe/run_history.ts";
import { databaseTime } from "../schedule/database_time.ts";
import { DatabaseLink } from "../schedule/database_link.ts";
import { everyMinute } from "../schedule/every_minute.ts";
import { isLoopback } from "../schedule/http/authorize.ts";
import { listen } from "../schedule/http/listen.ts";
import { answer } from "../schedule/http/routes.ts";
import { overviewOf } from "../schedule/overview.ts";
import type { ScheduleEvent } from "../schedule/schedule_event.ts";
import { scheduleMetrics } from "../schedule/schedule_metrics.ts";
import { Scheduler } from "../schedule/scheduler.ts";
import type { ServedPipeline } from "../schedule/scheduler_host.ts";
import type { Cli } from "./cli.ts";
import { EXIT } from "./exit_code.ts";
import { openDatabase } from "./open_database.ts";
import type { DatabaseFlags, ObserveFlags, OutputFlags, SpecFlags } from "./options.ts";
import { servedFolder } from "./serve_folder.ts";
import { logScheduleEvent } from "./serve_log.ts";
import { serveRun } from "./serve_run.ts";
import type { Session } from "./session.ts";
import { lineProgress } from "./views/line_progress.ts";
import { paintFor } from "./views/paint.ts";
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
  else cli.out.write(overviewText(overview, paintFor(cli.out)));
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
    if (shows) session.say(scheduleEventText(event, clock.now(), paint));
  };
  const warn = (pipeline: string, warning: RunWarning) => {
    if (shows) session.say(runWarningText(pipeline, warning, clock.now(), paint));
  };
  // What a run tells stage by stage goes to the log: here a line for its start and its end, and what is odd, will do.
  session.showProgress(lineProgress(cli.err, { quiet: true }));
  const access = { token: tokenOf(cli), loopback: isLoopback(flags.host) };
  if (access.token === null && !access.loopback) throw noToken(flags.host);
  const metrics = makeMetrics(cli.version);
  await using link = new DatabaseLink(() => openDatabase(flags, [], "serve", session));
  const scheduler = new Scheduler({
    clock,
    limits: clock,
    time: databaseTime,
    random: cli.random,
    link,
    run: serveRun(flags, metrics, session, warn),
    everyMinute: everyMinute(),
    // Without what runs before this process said, each alert on the last success would go off.
    onReach: once(async (db) => seedMetrics(metrics, await readLastRuns(db))),
    tell,
    owner: `${cli.host}/${Deno.pid}`,
    concurrency: flags.concurrency,
    patience: PATIENCE,
  });
  const onChange = (served: readonly ServedPipeline[]) => scheduler.serve(served);
  const folder = servedFolder(path, flags, cli, { tell, onChange });
  await folder.open();
  const overview = () => overviewOf(scheduler.pipelines(), folder.files, clock.now());
  await using server = listen(flags, (request) =>
    answer(request, {
      access,
      scheduler,
      overview,
      answers: () => link.answers(clock),
      database: () => link.get(),
      clock,
      metrics: async () =>
        await renderMetrics(metrics) + scheduleMetrics(overview(), scheduler.reachable),
      secrets: cli.secrets,
      report: (error) => void session.report(error),
    }));
  tell({ type: "listening", origin: server.origin, next: overview().pipelines });
  scheduler.start();
  const following = new AbortController();
  const followed = folder.follow(following.signal);
  await interrupted(cli);
  following.abort();
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

/** The token, which is a secret from now on. */
function tokenOf({ variables, secrets }: Cli): string | null {
  const token = variables.SLUICE_TOKEN ?? "";
  if (token === "") return null;
  if (token.length < SHORTEST_TOKEN || /\s/.test(token)) {
    throw new SluiceError(
      "cli/weak_token",
      `SLUICE_TOKEN must have ${SHORTEST_TOKEN} characters at least, and no spaces`,
      { hint: "Make one with: openssl rand -hex 32" },
    );
  }
  return secrets.reveal("${SLUICE_TOKEN}");
}

const SHORTEST_TOKEN = 16;

function noToken(host: string): SluiceError {
  return new SluiceError("cli/no_token", `Others can reach ${host}, and there is no SLUICE_TOKEN`, {
    hint: "Set SLUICE_TOKEN to a text of your own, such as from: openssl rand -hex 32",
  });
}

function interrupted({ interrupt: { signal } }: Cli): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
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

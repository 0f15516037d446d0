import { systemClock } from "../../src/core/clock.ts";
import type { RunResult } from "../../src/core/result.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { DatabaseLink } from "../../src/schedule/database_link.ts";
import type { ScheduleEvent } from "../../src/schedule/schedule_event.ts";
import { Scheduler } from "../../src/schedule/scheduler.ts";
import type { SchedulerHost, ServedPipeline } from "../../src/schedule/scheduler_host.ts";
import type { ScheduleSpec } from "../../src/spec/pipeline_spec.ts";
import { runResult, specNamed } from "../cli/support.ts";

/** Milliseconds after which an event does not come any more, on a machine that has much to do. */
const LATE = 120_000;

/** A scheduler with everything it told. */
export interface TestScheduler extends AsyncDisposable {
  readonly scheduler: Scheduler;
  readonly events: ScheduleEvent[];
  /** Resolves with the first event, from now on or before, that a test waits for. */
  seen<T extends ScheduleEvent["type"]>(
    type: T,
    count?: number,
  ): Promise<Extract<ScheduleEvent, { type: T }>>;
  /** Resolves when it has looked for what is due, and begun it, with all that happened until now. */
  passed(): Promise<void>;
}

/** A scheduler over a database; what a test leaves out does nothing wrong. */
export function testScheduler(
  url: string,
  host: Partial<SchedulerHost> & Pick<SchedulerHost, "clock">,
): TestScheduler {
  const events: ScheduleEvent[] = [];
  const waiting = new Set<() => void>();
  let passes = 0;
  const link = host.link ?? linkTo(url);
  const scheduler = new Scheduler({
    limits: systemClock,
    time() {
      passes++;
      for (const look of [...waiting]) look();
      return Promise.resolve(host.clock.now());
    },
    random: () => 0,
    link,
    run: (spec, _request, _signal, onStart) => {
      const runId = crypto.randomUUID();
      onStart(runId);
      return Promise.resolve(succeeded(spec.pipeline, runId));
    },
    everyMinute: null,
    onReach: () => Promise.resolve(),
    tell(event) {
      events.push(event);
      for (const look of [...waiting]) look();
    },
    owner: "here/1",
    concurrency: 4,
    patience: 120_000,
    ...host,
  });
  return {
    scheduler,
    events,
    async seen(type, count = 1) {
      const found = () => events.filter((event) => event.type === type)[count - 1];
      const looked = Promise.withResolvers<void>();
      const look = () => found() !== undefined && looked.resolve();
      waiting.add(look);
      look();
      const late = setTimeout(() => {
        looked.reject(new Error(`No ${count} × ${type} in ${JSON.stringify(events, null, 1)}`));
      }, LATE);
      try {
        await looked.promise;
      } finally {
        clearTimeout(late);
        waiting.delete(look);
      }
      return found() as never;
    },
    async passed() {
      // One that is under way may have looked before.
      const enough = passes + 3;
      const looked = Promise.withResolvers<void>();
      const look = () => passes >= enough && looked.resolve();
      waiting.add(look);
      await looked.promise;
      waiting.delete(look);
    },
    async [Symbol.asyncDispose]() {
      await scheduler.stop(0);
      await link[Symbol.asyncDispose]();
    },
  };
}

export function linkTo(url: string): DatabaseLink {
  return new DatabaseLink(async () => {
    const db = await connect({ url, applicationName: "sluice serve", maxConnections: 8 });
    return { db, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() };
  });
}

export function served(pipeline: string, schedule: ScheduleSpec | null): ServedPipeline {
  return { spec: specNamed(pipeline, `${pipeline}.yaml`), schedule };
}

export function succeeded(pipeline: string, runId: string): RunResult {
  return { ...runResult([]), pipeline, run_id: runId };
}

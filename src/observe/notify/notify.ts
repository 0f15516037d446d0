import type { ErrorRecord } from "../../core/error.ts";
import type { RunResult } from "../../core/result.ts";
import type { ObservedEvent, Observer, Warn } from "../observer.ts";
import type { PastRun } from "../run_history.ts";
import { alertsFor, type Raised } from "./alerts.ts";
import { ALLOWED_COMMANDS } from "./allowed_commands.ts";
import type { Channel, ChannelContext } from "./channel.ts";
import { mayRun } from "./command.ts";
import { unreadableText } from "../../core/pipeline_variables.ts";
import { CHANNELS } from "./mod.ts";
import { type Notice, troubledPartitions } from "./notice.ts";
import type { ExpectSpec, NotifySpec } from "../../spec/pipeline_spec.ts";

/** Whom to tell what about which pipeline. */
export interface NotifyOptions extends ChannelContext {
  readonly notify: readonly NotifySpec[];
  readonly expect: ExpectSpec;
  readonly pipeline: string;
  readonly target: string;
  readonly environment: string | null;
  readonly host: string;
  /** Runs before the given one, newest first; may fail, as the database may be away. */
  readonly history: (except: string | null) => Promise<readonly PastRun[]>;
  readonly warn: Warn;
}

/** Warnings that a notice repeats. */
const WARNINGS = 10;

/**
 * Decides at the end of a run which notifications to send, and sends them before `close` resolves.
 */
export function notify(context: NotifyOptions): Observer {
  warnOfVariables(context);
  warnOfCommands(context);
  const warnings: string[] = [];
  let underWay: Promise<void> = Promise.resolve();
  function warning(text: string): void {
    if (warnings.length < WARNINGS) warnings.push(text);
  }
  return {
    observe(event: ObservedEvent) {
      switch (event.type) {
        case "run_started":
          warnings.length = 0;
          break;
        case "warning":
          warning(
            event.partition === null ? event.message : `${event.partition}: ${event.message}`,
          );
          break;
        case "run_finished": {
          const { result } = event;
          underWay = tell({ ...result, warnings: [...warnings] }, result, context);
          break;
        }
        case "run_failed": {
          const { runId, status, seconds, error } = event;
          const end = { status, run_id: runId, seconds, error, ...NO_ROWS };
          underWay = tell({ ...end, warnings: [...warnings] }, null, context);
        }
      }
    },
    close: () => underWay,
  };
}

/** The texts of an entry that may refer to variables. */
function textsOf({ webhook, command }: NotifySpec): readonly string[] {
  return [...(webhook === undefined ? [] : [webhook]), ...(command ?? [])];
}

/** Whether an entry refers to a variable that it cannot have. */
function lacksVariable(spec: NotifySpec, { secrets }: NotifyOptions): boolean {
  return textsOf(spec).some((text) => secrets.unreadable(text).length > 0);
}

function warnOfVariables({ notify, secrets, warn }: NotifyOptions): void {
  const lacking = notify.flatMap((spec) => textsOf(spec)).flatMap((text) =>
    secrets.unreadable(text)
  );
  for (const [name, why] of new Map(lacking.map(({ name, why }) => [name, why]))) {
    const { message, hint } = unreadableText(name, why);
    warn(`A notification will not be delivered: ${message}. ${hint}`);
  }
}

/** Said at the start: when there is something to tell it would be too late. */
function warnOfCommands(context: NotifyOptions): void {
  const refused = context.notify
    .filter((spec) =>
      spec.command !== undefined && !lacksVariable(spec, context) && !mayRun(spec, context)
    )
    .map(({ command }) => command![0]);
  for (const program of new Set(refused)) {
    context.warn(
      `The notification by command will not be delivered: "${program}" is not an allowed ` +
        `program. Allow it with --allow-command or in ${ALLOWED_COMMANDS}, and let Deno run it`,
    );
  }
}

type End = Pick<RunResult, "status" | "seconds" | "rows_read" | "rows_loaded" | "rows_rejected"> & {
  readonly run_id: string | null;
  readonly error: ErrorRecord | null;
  readonly warnings: readonly string[];
};

const NO_ROWS = { rows_read: 0, rows_loaded: 0, rows_rejected: 0 };

async function tell(end: End, result: RunResult | null, context: NotifyOptions): Promise<void> {
  const history = await context.history(end.run_id).catch(() => []);
  const raised = alertsFor(end, history, context.expect);
  await Promise.all(context.notify.flatMap((spec) => {
    const alerts = raised.filter(({ alert }) => spec.on.includes(alert));
    // The run has warned of it at its start.
    if (alerts.length === 0 || lacksVariable(spec, context)) return [];
    const notice = noticeOf(end, result, alerts, context);
    return CHANNELS.filter((channel) => channel.wanted(spec))
      .map((channel) => deliver(channel, notice, spec, context));
  }));
}

function noticeOf(
  end: End,
  result: RunResult | null,
  alerts: readonly Raised[],
  { pipeline, target, environment, host, clock }: NotifyOptions,
): Notice {
  const { run_id, status, seconds, rows_read, rows_loaded, rows_rejected, error } = end;
  return {
    pipeline,
    target,
    environment,
    host,
    run_id,
    status,
    alerts,
    at: clock.now().toISOString(),
    seconds,
    rows_read,
    rows_loaded,
    rows_rejected,
    error,
    partitions: result === null ? [] : troubledPartitions(result),
  };
}

/** The load is over, and went as it went: what is wrong here is a warning. */
async function deliver(
  channel: Channel,
  notice: Notice,
  spec: NotifySpec,
  context: NotifyOptions,
): Promise<void> {
  try {
    await channel.send(notice, spec, context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.warn(`The notification by ${channel.name} was not delivered: ${why}`);
  }
}

import type { ErrorRecord } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import type { RunResult } from "../core/result.ts";
import type { ReadFile } from "../schedule/pipeline_files.ts";
import type { RunRequest } from "../schedule/scheduler_host.ts";
import type { RollbackResult } from "../publish/rollback.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { LogLevel } from "../observe/log_entry.ts";
import type { Cli } from "./cli.ts";
import type { DatabaseFlags, ObserveFlags, SpecFlags } from "./options.ts";

/** The flags of `serve` that reading and running look at. */
export interface ThreadFlags extends SpecFlags, DatabaseFlags, ObserveFlags {
  readonly logLevel?: LogLevel;
  readonly distributed?: boolean;
}

/** What a thread is started with. All of it can be cloned. */
export interface ThreadStart {
  readonly surroundings: Pick<
    Cli,
    "variables" | "version" | "host" | "workingFolder" | "invokedFolder"
  >;
  readonly flags: ThreadFlags;
  readonly task: ThreadTask;
}

export type ThreadTask = ReadTask | RunTask | RollbackTask;

/** Read pipeline files, and tell each as soon as it is read. */
export interface ReadTask {
  readonly kind: "read";
  readonly files: readonly string[];
}

/** Run a pipeline, and tell what happens. */
export interface RunTask extends RunRequest {
  readonly kind: "run";
  readonly spec: PipelineSpec;
}

/** Put an earlier version back. */
export interface RollbackTask {
  readonly kind: "rollback";
  readonly spec: PipelineSpec;
  readonly request: { readonly partition?: string; readonly to: number };
}

/** What each kind of task comes to. */
export type TaskResult<T extends ThreadTask> = T extends RunTask ? RunResult
  : T extends RollbackTask ? RollbackResult
  : null;

export type ToThread =
  | { readonly kind: "start"; readonly start: ThreadStart }
  | { readonly kind: "stop"; readonly canceled: boolean }
  /** The place at a host that was asked for under this number. */
  | { readonly kind: "host_free"; readonly id: number };

/** Without secrets: what the thread revealed, nobody outside of it would know to hide. */
export type FromThread =
  /** The next file in order; null where it is gone. */
  | { readonly kind: "file"; readonly read: ReadFile | null }
  | { readonly kind: "event"; readonly event: RunEvent }
  /** A place at a host is wanted. */
  | { readonly kind: "host"; readonly id: number; readonly host: string; readonly limit: number }
  /** It is given back, or wanted no more. */
  | { readonly kind: "host_left"; readonly id: number }
  | { readonly kind: "done"; readonly result: RunResult | RollbackResult | null }
  | { readonly kind: "failed"; readonly error: ErrorRecord }
  /** What nobody expected, with its stack. */
  | { readonly kind: "bug"; readonly message: string; readonly stack: string };

/** A task with what of its surroundings and its flags can be sent. */
export function threadStart<T extends ThreadTask>(
  { variables, version, host, workingFolder, invokedFolder }: Cli,
  flags: ThreadFlags,
  task: T,
): ThreadStart & { readonly task: T } {
  const { env, set, database, distributed, logLevel, logDatabase, lineageFile, allowCommand } =
    flags;
  const given = {
    env,
    database,
    distributed,
    logLevel,
    logDatabase,
    lineageFile,
    allowCommand,
  };
  return {
    surroundings: { variables, version, host, workingFolder, invokedFolder },
    flags: {
      set,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    },
    task,
  };
}

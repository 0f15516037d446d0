import type { CheckReport } from "../../run/check_live.ts";
import type { Diagnostic } from "../../core/diagnostic.ts";
import type { ErrorRecord } from "../../core/error.ts";
import type { Emit } from "../../core/event.ts";
import type { RunResult } from "../../core/result.ts";
import type { RunningServer, StopOutcome } from "../../db/embedded/mod.ts";
import type { History, Rejects } from "../../ledger/mod.ts";
import type { Preview } from "../../inspect/mod.ts";
import type { LoadPlan } from "../../plan/load_plan.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Explanation } from "../explanations.ts";
import type { PipelineStanding } from "./status_text.ts";
import type { RollbackResult } from "../../publish/rollback.ts";

/** How one of the files of `run` ended. */
export interface RunOutcome {
  /** Null: no pipeline file says what it is. */
  readonly file: string | null;
  /** `schema.table`, for people who see several runs. */
  readonly target?: string;
  /** Null where the run as a whole failed. */
  readonly result: RunResult | null;
  readonly error: ErrorRecord | null;
}

/** What one of the files of `plan` would do. */
export interface PlanOutcome {
  readonly file: string;
  /** Null where it cannot be planned. */
  readonly plan: LoadPlan | null;
  readonly error: ErrorRecord | null;
}

/** What `validate` found in one file. */
export interface FileCheck {
  readonly file: string;
  readonly pipeline: string | null;
  readonly valid: boolean;
  /** Why the file could not be read. */
  readonly error: ErrorRecord | null;
}

/** The rejected rows a person or a program asked to see. */
export interface RejectsPage {
  readonly pipeline: string;
  readonly rejects: Rejects;
}

/** A new folder. */
export interface MadeFolder {
  /** Absolute. */
  readonly folder: string;
  /** The user stands in it. */
  readonly isHere: boolean;
  /** Paths in it. */
  readonly files: readonly string[];
}

/** Shows results on standard output; one implementation for people, one for programs. */
export interface View {
  /** Tells that `run` got several files, before the first. */
  severalRuns(): void;
  run(outcome: RunOutcome): void;
  /** Workers do the run. */
  detached(run: { readonly file: string; readonly pipeline: string }): void;
  /** A pipeline file for a source; null: it was not asked for a file. */
  drafted(draft: { readonly file: string | null; readonly text: string }): void;
  folderMade(made: MadeFolder): void;
  preview(pipeline: string, preview: Preview): void;
  /** Tells that `plan` got several files, before the first. */
  severalPlans(): void;
  /** @param sql with each statement; for programs it always is */
  plan(outcome: PlanOutcome, sql: boolean): void;
  validated(checks: readonly FileCheck[], diagnostics: readonly Diagnostic[]): void;
  checked(report: CheckReport): void;
  rollback(result: RollbackResult): void;
  history(pipeline: string, history: History): void;
  standings(standings: readonly PipelineStanding[], now: Date): void;
  diagnosed(findings: readonly Finding[]): void;
  rejects(page: RejectsPage): void;
  /** What codes mean; one, or those that end alike. */
  explained(explanations: readonly Explanation[]): void;
  /** All codes there are. */
  codes(explanations: readonly Explanation[]): void;
  databaseStarted(server: Omit<RunningServer, "url">): void;
  /** Null: it does not run. */
  databaseStatus(server: Pick<RunningServer, "port" | "pid" | "dataFolder"> | null): void;
  databaseStopped(outcome: StopOutcome): void;
  /** The one output that holds a password. */
  databaseUrl(url: string): void;
  /** The pipeline file is wrong; standard error has it for people. */
  diagnostics(diagnostics: readonly Diagnostic[]): void;
  /** The command failed; standard error has it for people. */
  failed(error: ErrorRecord): void;
  /** Writes what was kept back; nothing follows. */
  end(): void;
}

/** Shows on standard error how far a run is. */
export interface Progress {
  readonly emit: Emit;
  /** Writes text that ends in a newline, above whatever moves. */
  line(text: string): void;
  /** Takes down what moves; lines and events go on as plain text. */
  stop(): void;
}

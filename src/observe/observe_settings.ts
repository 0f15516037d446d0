import { lineageSettings } from "./lineage/lineage_settings.ts";
import type { LogLevel } from "./log_entry.ts";
import { allowedCommands } from "./notify/allowed_commands.ts";
import type { ObserveSettings } from "./observe_run.ts";

/** What flags say about who listens to runs. */
export interface ObserveRequest {
  /** Absolute path; null: no file. */
  readonly lineageFile: string | null;
  readonly logTable: LogLevel | null;
  /** Values of `--allow-command`. */
  readonly allowCommand: readonly string[];
}

/** Who listens to runs, as the flags and the environment ask for it. */
export function observeSettings(
  variables: Readonly<Record<string, string>>,
  { lineageFile, logTable, allowCommand }: ObserveRequest,
): ObserveSettings {
  const { TRACEPARENT: traceparent = null } = variables;
  return {
    lineage: lineageSettings(variables, lineageFile),
    logTable,
    allowedCommands: allowedCommands(allowCommand, variables),
    telemetry: telemetryIsOn(variables) ? { traceparent } : null,
  };
}

/** Whether the runtime exports telemetry; it decides so when the process starts. */
export function telemetryIsOn(variables: Readonly<Record<string, string>>): boolean {
  return /^(true|1)$/i.test(variables.OTEL_DENO ?? "");
}

/**
 * Whether `untraced` has an effect: without such a sampler Deno records spans of its own for each
 * HTTP request, with its whole URL.
 */
export function samplesByParent(variables: Readonly<Record<string, string>>): boolean {
  return (variables.OTEL_TRACES_SAMPLER ?? "").startsWith("parentbased_");
}

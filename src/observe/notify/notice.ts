import type { ErrorRecord } from "../../core/error.ts";
import { formatDuration, formatPlural } from "../../core/format_text.ts";
import { reasonText } from "../../core/reject_reason.ts";
import type { RunResult, RunStatus } from "../../core/result.ts";
import type { Raised } from "./alerts.ts";

/** What a channel delivers: plain data without secrets, the body of a `json` webhook as it is. */
export interface Notice {
  readonly pipeline: string;
  readonly target: string;
  readonly environment: string | null;
  readonly host: string;
  readonly run_id: string | null;
  readonly status: RunStatus;
  /** Those that the entry asks for, the gravest first. */
  readonly alerts: readonly Raised[];
  /** When the run ended, ISO 8601 in UTC. */
  readonly at: string;
  readonly seconds: number;
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly error: ErrorRecord | null;
  /** Partitions that failed or were refused. */
  readonly partitions: readonly {
    readonly partition: string | null;
    readonly status: string;
    readonly message: string | null;
  }[];
}

/** Partitions that a notice names; more are in the ledger. */
const PARTITIONS = 20;

/** The partitions that a notice names. */
export function troubledPartitions(result: RunResult): Notice["partitions"] {
  return result.partitions
    .filter(({ status }) => status === "failed" || status === "refused")
    .slice(0, PARTITIONS)
    .map(({ partition, status, error }) => ({
      partition,
      status,
      message: error?.message ?? null,
    }));
}

/** One line: `yellow_taxi failed: The source answered 503`. */
export function headline({ pipeline, environment, alerts }: Notice): string {
  const [{ alert, reason }] = alerts;
  const where = environment === null ? pipeline : `${pipeline} (${environment})`;
  return `${where} ${HEADLINES[alert]}: ${reason}`;
}

/** The rest, a line each. */
export function detailLines(notice: Notice): string[] {
  const { alerts, error, partitions, seconds, rows_loaded, rows_rejected, run_id, host } = notice;
  return [
    ...alerts.slice(1).map(({ alert, reason }) => `${alert}: ${reason}`),
    ...(error?.reasons ?? []).map(reasonText),
    ...(error?.hint === undefined ? [] : [`what to do: ${error.hint}`]),
    ...partitions.map(({ partition, status, message }) =>
      `${partition ?? "whole table"} ${status}${message === null ? "" : `: ${message}`}`
    ),
    `${formatPlural(rows_loaded, "row")} loaded, ${rows_rejected} rejected, ` +
    formatDuration(seconds),
    `into ${notice.target} from ${host}${run_id === null ? "" : `, run ${run_id}`}`,
  ];
}

const HEADLINES = {
  failure: "failed",
  refusal: "was refused",
  warning: "has warnings",
  slow: "is slow",
  recovery: "works again",
  success: "succeeded",
} as const;

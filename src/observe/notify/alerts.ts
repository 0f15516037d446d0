import type { ErrorRecord } from "../../core/error.ts";
import type { RunStatus } from "../../core/result.ts";
import type { PastRun } from "../run_history.ts";
import type { Alert, ExpectSpec } from "../../spec/pipeline_spec.ts";

/** How a run ended: a `RunResult`, or one that failed without. */
export interface RunEnd {
  readonly status: RunStatus;
  readonly seconds: number;
  readonly error: ErrorRecord | null;
  /** Told while it ran, and checks that failed with the severity `warn`. */
  readonly warnings: readonly string[];
}

/** An alert and its reason: part of a sentence. */
export interface Raised {
  readonly alert: Alert;
  readonly reason: string;
}

/** Runs that a median is worth something from. */
const SAMPLES = 5;
/** A run is slow from this many times the median of those before, */
const SLOW_FACTOR = 2;
/** and from this many seconds above it: short runs vary for no reason. */
const SLOW_SECONDS = 10;

/**
 * The events of a run that are worth a notification, the gravest first.
 *
 * An interrupt is none: its sender knows. Only runs that loaded something are slow.
 *
 * @param history runs before this one, newest first
 */
export function alertsFor(
  end: RunEnd,
  history: readonly PastRun[],
  expect: ExpectSpec,
): readonly Raised[] {
  const raised: Raised[] = [];
  const add = (alert: Alert, reason: string) => raised.push({ alert, reason });
  const { status, error, warnings } = end;
  if (status === "failed") add("failure", error?.message ?? "the run failed");
  if (status === "refused") add("refusal", error?.message ?? "the data was refused");
  if (status === "interrupted") return raised;
  const slow = slowness(end, history, expect);
  if (slow !== null) add("slow", slow);
  if (warnings.length > 0) add("warning", warnings.join("; "));
  const good = status === "succeeded" || status === "unchanged";
  const before = history.find((run) => run.status !== "interrupted");
  if (good && (before?.status === "failed" || before?.status === "refused")) {
    add("recovery", `the run before was ${before.status}`);
  }
  if (status === "succeeded") add("success", "the run succeeded");
  return raised;
}

function slowness(
  { status, seconds }: RunEnd,
  history: readonly PastRun[],
  { durationSeconds }: ExpectSpec,
): string | null {
  if (durationSeconds !== null) {
    return seconds > durationSeconds
      ? `${round(seconds)} s, where ${durationSeconds} s are expected`
      : null;
  }
  if (status !== "succeeded") return null;
  const samples = history.filter((run) => run.status === "succeeded").map((run) => run.seconds);
  if (samples.length < SAMPLES) return null;
  const usual = median(samples);
  if (seconds <= usual * SLOW_FACTOR || seconds <= usual + SLOW_SECONDS) return null;
  return `${round(seconds)} s, where the median of the last ${samples.length} runs is ` +
    `${round(usual)} s`;
}

/** The middle of some numbers, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

import type { SecretText } from "../core/secret.ts";

/** What a notification can be about. */
export const ALERTS = ["failure", "refusal", "warning", "slow", "recovery", "success"] as const;

/**
 * One kind of notification: the run failed, was refused, told warnings, took too long, went well
 * after one that did not, or loaded something.
 */
export type Alert = typeof ALERTS[number];

/** Shapes of a webhook's body. */
export const FORMATS = ["slack", "json"] as const;

/** One entry of `notify:`; it has a webhook, a command, or both. */
export interface NotifySpec {
  readonly on: readonly Alert[];
  readonly webhook?: SecretText;
  /** `json` when left out. */
  readonly format?: typeof FORMATS[number];
  /** Program and arguments; the notice as JSON on its standard input. */
  readonly command?: readonly string[];
}

/** `expect:` of a pipeline. */
export interface ExpectSpec {
  /** A longer run is slow; null: twice the median of the last runs is. */
  readonly durationSeconds: number | null;
}

/** The stages of a run, in the order a load passes them. */
export const STAGES = [
  "spec",
  "plan",
  "source",
  "rows",
  "load",
  "check",
  "publish",
  "ledger",
] as const;

/** One stage of a run. */
export type Stage = typeof STAGES[number];

/** Where an error was raised: a stage, or one of the two layers that serve all stages. */
export type Origin = Stage | "db" | "cli";

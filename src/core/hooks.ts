/** When SQL of a pipeline file runs around a load, in the order of a load. */
export const HOOKS = [
  "before_load",
  "after_load",
  "before_publish",
  "after_publish",
  "on_failure",
] as const;

export type HookName = typeof HOOKS[number];

/** What a hook can ask for by `:name`, and the type that it gets, as SQL. */
export const HOOK_FACTS = {
  run_id: "pg_catalog.uuid",
  pipeline: "pg_catalog.text",
  target: "pg_catalog.text",
  partition: "pg_catalog.text",
  version: "pg_catalog.int4",
  source: "pg_catalog.text",
  rows_read: "pg_catalog.int8",
  rows_loaded: "pg_catalog.int8",
  rows_rejected: "pg_catalog.int8",
  rows_duplicate: "pg_catalog.int8",
  error: "pg_catalog.text",
  error_code: "pg_catalog.text",
} as const;

export type HookFact = keyof typeof HOOK_FACTS;

/** The values of all facts; null where there is none yet. */
export type HookFacts = Readonly<Record<HookFact, string | number | null>>;

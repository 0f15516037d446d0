import type { LoadPlan, Statement } from "../../src/plan/load_plan.ts";
import { CSV } from "../support/csv_options.ts";

/** A plan with one partition to load and one to leave alone. */
export function planFixture(): LoadPlan {
  const source = (month: string) => ({
    url: `https://example.org/\${TOKEN}/${month}.csv.gz`,
    headers: { Authorization: "Bearer ${TOKEN}" },
    format: CSV,
    compression: "auto" as const,
    retries: 5,
    timeoutSeconds: 30,
    missing: "pending" as const,
  });
  const loaded = {
    partition: "2021-02",
    action: "load" as const,
    reason: "the file changed (etag)",
    skipStatus: null,
    source: source("2021-02"),
    staging: { schema: "ny", table: "trips__2021-02__v2" },
    version: 2,
    replaces: { version: 1, table: { schema: "ny", table: "trips__2021-02__v1" } },
    known: null,
    checks: [],
    constants: [{ name: "file_month", type: { name: "date" as const }, value: "2021-02-01" }],
    bounds: null,
    compute: null,
    verify: null,
    rules: null,
    replacedRow: null,
    conversion: null,
    isolation: {
      raw: { schema: "ny", table: "trips__2021-02__v2_r" },
      offsetColumn: true as const,
      stage: [],
      bounds: statement("select 1", "Where the search begins"),
      split: statement("select 1", "Where a range is halved"),
      remove: statement("delete from r", "The rows that Postgres refuses"),
      begin: [],
      attempt: [],
      keep: true,
      transfer: null,
      tidy: statement("drop table r", "Every row has been tried"),
      finish: [],
    },
    stage: [
      statement("create table t\n  (like p including all)", "Staging", "ACCESS SHARE on ny.trips"),
    ],
    deduplicate: {
      countFirst: false,
      prove: statement("create unique index u on t (id)", "Proves that no key occurs twice"),
      count: statement("select count(*) from t", "Counts the rows beyond the first of each key"),
      examples: statement("select 1", "Shows keys"),
      remove: statement("delete from t", "on_duplicate: keep_first"),
    },
    finish: [statement("analyze t", "Statistics")],
    publish: [
      {
        ...statement("insert into sluice.loads values ($1, $2, $3)", "The ledger's row"),
        params: ["it's", 2, { fact: "rows" as const }],
      },
      statement(
        "alter table p attach partition t",
        "Put version 2 in",
        "ACCESS EXCLUSIVE on ny.trips",
      ),
    ],
    retain: [{
      version: 0,
      table: { schema: "ny", table: "trips__2021-02__v0" },
      statements: [statement("drop table old", "Beyond versions: 3")],
    }],
    cleanup: [statement("drop table if exists t", "Only after a failure")],
  };
  return {
    planVersion: 1,
    pipeline: "trips",
    file: "trips.yaml",
    environment: "live",
    specHash: "abc",
    mode: "partition",
    method: "exchange",
    methodReason: null,
    evolved: [],
    kept: [],
    target: { schema: "ny", table: "trips" },
    targetKey: "ny.trips",
    setup: [
      { ...statement("create schema sluice", "Make the ledger"), migration: 1 },
      statement("create schema if not exists ny", "The schema is missing"),
    ],
    changes: ["creates the schema ny"],
    notes: [],
    cautions: [],
    referredBy: [],
    sweep: [],
    hooks: {},
    rows: {
      columns: [{
        name: "id",
        from: "id",
        aliases: [],
        type: { name: "bigint" },
        required: true,
        default: null,
        rules: {},
        options: {},
      }],
      naming: "header",
      nullValues: [""],
      trim: false,
      newColumns: "freeze",
      missingColumns: "freeze",
      typeChanges: "freeze",
      lineColumn: false,
      offsetColumn: true as const,
    },
    onDuplicate: "keep_first",
    idempotencyKey: ["id"],
    rejectLimit: { kind: "percent", percent: 1 },
    versions: 3,
    concurrency: 1,
    together: false,
    copyConnections: 2,
    basis: { spec: {}, target: null, partitions: {} },
    partitions: [
      {
        ...loaded,
        partition: "2021-01",
        action: "skip",
        reason: "unchanged since version 1",
        skipStatus: "unchanged",
        source: source("2021-01"),
      },
      loaded,
    ],
  };
}

function statement(sql: string, why: string, lock: string | null = null): Statement {
  return { sql, params: [], why, lock };
}

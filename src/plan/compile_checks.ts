import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { bindSql } from "./bind_sql.ts";
import { LIVE, LOAD } from "./checks/check.ts";
import { checkSql } from "./checks/mod.ts";
import type { Layout } from "./layout.ts";
import type { CheckPlan, Probe, TableName } from "./load_plan.ts";
import { sqlType } from "./sql_types.ts";
import { scopeCondition } from "./staging.ts";

/** What is looked at. */
export interface CheckSubject {
  /** The staged load; null: what is live. */
  readonly staging: TableName | null;
  /** Whether the target stands. */
  readonly targetStands: boolean;
  /** Whether a version is live that the load is compared with. */
  readonly hasLive: boolean;
}

/** Compiles the checks of a pipeline for one partition. */
export function compileChecks(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  subject: CheckSubject,
): readonly CheckPlan[] {
  const live = subject.targetStands ? liveRows(spec, layout, partition) : noRows(layout);
  const load = subject.staging === null ? live : `select * from ${quoteTable(subject.staging)}`;
  return spec.checks.map((check) => {
    const { name, kind, severity, line } = check;
    return {
      name,
      kind,
      severity,
      line,
      ...statement(spec, layout, partition, check, { load, live, ...subject }),
    };
  });
}

/** Statements that Postgres only has to understand: each fails where SQL of a check is wrong. */
export function checkProbes(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  /** Whether there is a ledger to look into. */
  hasLedger: boolean,
): readonly Probe[] {
  const none = noRows(layout);
  return spec.checks
    .filter(({ kind }) => hasLedger || kind !== "row_count")
    .map((check) => {
      const { sql, params } = statement(spec, layout, partition, check, {
        load: none,
        live: none,
        targetStands: false,
        hasLive: true,
      });
      return {
        what: `check "${check.name}"`,
        line: check.line,
        sql: `explain (costs off) ${sql}`,
        params,
      };
    });
}

function statement(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  check: PipelineSpec["checks"][number],
  { load, live, targetStands, hasLive }: Omit<CheckSubject, "staging"> & {
    readonly load: string;
    readonly live: string;
  },
): { sql: string; params: readonly string[] } {
  const params: string[] = [];
  const { target } = layout;
  const { from, passed, observed, expected, examples } = checkSql(check, {
    spec,
    partition,
    targetKey: `${target.schema}.${target.table}`,
    hasLive,
    target: targetStands ? quoteTable(target) : LIVE,
    typeOf: (column) => castType(layout, column),
    bind: (value) => `$${params.push(value)}::text`,
    bindQuery(sql) {
      const bound = bindSql(sql, spec, partition, params.length);
      params.push(...bound.params);
      return bound.sql;
    },
  });
  return {
    sql: `with ${LOAD} as not materialized (${load}),
${LIVE} as not materialized (${live})
select coalesce(${passed}, false) as passed, to_jsonb(${observed}) as observed,
  ${expected} as expected,
  ${
      examples === null
        ? "null::jsonb"
        : `case when coalesce(${passed}, false) then null else ${examples} end`
    } as examples
from ${from}`,
    params,
  };
}

/** The rows that a load takes the place of, or adds to. */
function liveRows(spec: PipelineSpec, layout: Layout, partition: string | null): string {
  const conditions = [
    scopeCondition(spec, layout, partition),
    spec.refresh.mode === "history" ? `t.${quoteIdent("_current")}` : null,
  ].filter((condition) => condition !== null);
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  return `select * from ${quoteTable(layout.target)} t${where}`;
}

function noRows({ columns }: Layout): string {
  const nulls = columns.map(({ name, type }) => `null::${sqlType(type)} as ${quoteIdent(name)}`);
  return `select ${nulls.join(", ")} where false`;
}

/** Without lengths and scales: a cast to `varchar(2)` would cut, one to `numeric(4,1)` round. */
function castType({ columns }: Layout, column: string): string {
  const { name } = columns.find((each) => each.name === column)!.type;
  if (name === "varchar") return "text";
  return name === "char" ? "bpchar" : name;
}

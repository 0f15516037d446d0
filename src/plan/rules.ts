import { OFFSET_COLUMN } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { RuleSpec } from "../spec/checks_spec.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { bindSql } from "./bind_sql.ts";
import { type Layout } from "./layout.ts";
import type { Probe, RulePlan, RulesPlan, Statement, TableName } from "./load_plan.ts";
import { sqlType } from "./sql_types.ts";

/** Rows that fail rules are found in staging, at most this many one by one. */
export const RULE_REJECTS = 1_000_000;

/** Compiles the rules of a pipeline for one partition; null where it has none. */
export function rulesPlan(
  spec: PipelineSpec,
  partition: string | null,
  staging: TableName,
): RulesPlan | null {
  if (spec.rules.length === 0) return null;
  const rejecting = spec.rules.filter(({ onFail }) => onFail === "reject");
  const telling = spec.rules.filter(({ onFail }) => onFail !== "reject");
  return {
    rejecting: rejecting.map(rulePlan),
    reject: rejecting.length === 0 ? null : rejectStatement(spec, rejecting, partition, staging),
    telling: telling.map(rulePlan),
    count: telling.length === 0 ? null : countStatement(spec, telling, partition, staging),
  };
}

function rulePlan({ name, check, onFail, limit }: RuleSpec): RulePlan {
  return { name, check, onFail, limit };
}

/**
 * Set-based: a condition over SQL types is Postgres's to judge, and a row costs it nothing here.
 *
 * What is ours in it is named with its schema: the path is that of the user's SQL.
 */
function rejectStatement(
  spec: PipelineSpec,
  rules: readonly RuleSpec[],
  partition: string | null,
  staging: TableName,
): Statement {
  const { conditions, params } = bindAll(spec, rules, partition);
  const offset = quoteIdent(OFFSET_COLUMN);
  return {
    sql: `with failed as (
  delete from ${quoteTable(staging)}
  where ${conditions.join("\n    or ")}
  returning ${offset} as "offset", case ${
      conditions.map((condition, at) => `when ${condition} then ${at}`).join("\n    ")
    } end as rule
)
select "offset", rule, pg_catalog.count(*) over () as total
from failed order by "offset" limit ${RULE_REJECTS}`,
    params,
    why: `Rows that fail a rule are rejects: ${rules.map(({ name }) => name).join(", ")}`,
    lock: null,
  };
}

function countStatement(
  spec: PipelineSpec,
  rules: readonly RuleSpec[],
  partition: string | null,
  staging: TableName,
): Statement {
  const { conditions, params } = bindAll(spec, rules, partition);
  const table = quoteTable(staging);
  const counts = conditions.map((condition, at) =>
    `select ${at} as rule, (select pg_catalog.count(*) from ${table} where ${condition}) as failed,
  (select pg_catalog.jsonb_agg(e.example) from (
    select pg_catalog.to_jsonb(s) operator(pg_catalog.-)
      ${quoteLiteral(OFFSET_COLUMN)}::pg_catalog.text as example
    from ${table} s where ${condition} limit 3) e) as examples`
  );
  return {
    sql: `${counts.join("\nunion all\n")}\norder by rule`,
    params,
    why: `Counts the rows that fail ${rules.map(({ name }) => name).join(", ")}`,
    lock: null,
  };
}

/** A NULL result passes, as it does in a CHECK constraint. */
function bindAll(
  spec: PipelineSpec,
  rules: readonly RuleSpec[],
  partition: string | null,
): { conditions: string[]; params: string[] } {
  const params: string[] = [];
  const conditions = rules.map(({ check }) => {
    const bound = bindSql(check, spec, partition, params.length);
    params.push(...bound.params);
    // The line end closes a comment that the condition may end in.
    return `((${bound.sql}\n) is false)`;
  });
  return { conditions, params };
}

/** Statements that read no table and fail where a rule's SQL is wrong. */
export function ruleProbes(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): readonly Probe[] {
  const columns = layout.loaded.map(({ name, type }) =>
    `null::${sqlType(type)} as ${quoteIdent(name)}`
  );
  return spec.rules.map((rule) => {
    const { sql, params } = bindSql(rule.check, spec, partition);
    return {
      what: `rule "${rule.name}"`,
      line: rule.line,
      sql: `select from (select ${columns.join(", ")} where false) s where (${sql}\n) is false`,
      params,
    };
  });
}

import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { CheckSpec } from "../spec/checks_spec.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { bindSql } from "./bind_sql.ts";
import { type CheckSql, type CheckSqlInput, LIVE, LOAD } from "./checks/check.ts";
import { checkSql } from "./checks/mod.ts";
import { isMerging, type Layout } from "./layout.ts";
import type { CheckPass, Probe, TableName } from "./load_plan.ts";
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

/** Compiles the checks of a pipeline for one partition, in as few passes over its rows as can be. */
export function compileChecks(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  subject: CheckSubject,
): readonly CheckPass[] {
  const live = subject.targetStands ? liveRows(spec, layout, partition) : noRows(layout);
  const load = subject.staging === null ? live : `select * from ${quoteTable(subject.staging)}`;
  // What is live of a mode that adds to it is the sum of many loads.
  const isOneLoad = subject.staging !== null || !isMerging(spec.refresh.mode);
  const rows = { load, live, ...subject, isOneLoad };
  const placed = spec.checks.map((check, at) => ({ check, at }));
  const sharing = placed.filter(({ check }) =>
    checkSql(check, contextOf(spec, layout, partition, rows, [])).aggregates !== null
  );
  const alone = placed.filter((one) => !sharing.includes(one));
  // Over 2 million rows six of those that share a pass took 213 ms together, 713 ms apart.
  const passes = [...(sharing.length === 0 ? [] : [sharing]), ...alone.map((one) => [one])];
  return passes.map((pass) => ({
    checks: pass.map(({ check: { name, kind, severity, line }, at }) => ({
      at,
      name,
      kind,
      severity,
      line,
    })),
    ...statement(spec, layout, partition, pass, rows),
    userSql: pass.some(({ check }) => check.kind === "sql"),
  }));
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
      const { sql, params } = statement(spec, layout, partition, [{ check, at: 0 }], {
        load: none,
        live: none,
        targetStands: false,
        hasLive: true,
        isOneLoad: true,
      });
      return {
        what: `check "${check.name}"`,
        line: check.line,
        sql: `explain (costs off) ${sql}`,
        params,
      };
    });
}

interface Rows extends Omit<CheckSubject, "staging"> {
  readonly load: string;
  readonly live: string;
  readonly isOneLoad: boolean;
}

/** One row for each check of a pass. */
function statement(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  pass: readonly { readonly check: CheckSpec; readonly at: number }[],
  rows: Rows,
): { sql: string; params: readonly string[] } {
  const params: string[] = [];
  const context = contextOf(spec, layout, partition, rows, params);
  const all = pass.map(({ check, at }) => ({ at, judging: checkSql(check, context) }));
  const aggregates = all.flatMap(({ at, judging }) =>
    Object.entries(judging.aggregates ?? {}).map(([name, sql]) => `${sql} as ${columnOf(at, name)}`)
  );
  const judged = all.map(({ at, judging }) => judgement(at, judging));
  return {
    sql: `with ${LOAD} as not materialized (${rows.load}),
${LIVE} as not materialized (${rows.live})
${
      aggregates.length === 0 ? judged.join("\nunion all\n") : `select j.*
from (select ${aggregates.join(",\n  ")}
  from ${LOAD}) a
cross join lateral (
${judged.join("\nunion all\n")}
) j`
    }`,
    params,
  };
}

/** What checks find around them; they add to `params`. */
function contextOf(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
  { targetStands, hasLive, isOneLoad }: Rows,
  params: string[],
): CheckSqlInput {
  const { target } = layout;
  return {
    spec,
    partition,
    targetKey: `${target.schema}.${target.table}`,
    hasLive,
    isOneLoad,
    target: targetStands ? quoteTable(target) : LIVE,
    typeOf: (column) => castType(layout, column),
    bind: (value) => `$${params.push(value)}::text`,
    bindQuery(sql) {
      const bound = bindSql(sql, spec, partition, params.length);
      params.push(...bound.params);
      return bound.sql;
    },
  };
}

/** Aggregates have names of their own in the shared pass, and their plain ones where they are used. */
function judgement(
  at: number,
  { aggregates, from, passed, observed, expected, examples }: CheckSql,
): string {
  const names = Object.keys(aggregates ?? {}).map((name) => `a.${columnOf(at, name)} as ${name}`);
  const row = aggregates === null ? null : `(select ${names.join(", ")}) c`;
  const held = `coalesce(${passed}, false)`;
  return `select ${at} as at, ${held} as passed, to_jsonb(${observed}) as observed,
  ${expected} as expected,
  ${
    examples === null
      ? "null::jsonb"
      : `case when ${held} then null else ${examples} end`
  } as examples
from ${[row, from].filter((item) => item !== null).join(", ")}`;
}

function columnOf(at: number, name: string): string {
  return `c${at}_${name}`;
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

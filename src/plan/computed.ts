import { OFFSET_COLUMN } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { ColumnSpec, PipelineSpec } from "../spec/pipeline_spec.ts";
import { bindSql } from "./bind_sql.ts";
import { dropOwned } from "./identity.ts";
import type { Layout } from "./layout.ts";
import type { ComputePlan } from "./compute_plan.ts";
import { conditionsOf } from "./computed_conditions.ts";
import type { PartitionBounds, Probe, Statement, TableName } from "./load_plan.ts";
import { rawTable, rawTableOf } from "./raw_table.ts";
import { RULE_REJECTS } from "./rules.ts";
import { looseType, sqlType } from "./sql_types.ts";

/** Columns that the source is read into, whether the table has them or not. */
export function readColumns(spec: PipelineSpec): readonly ColumnSpec[] {
  return [
    ...spec.columns.filter(({ expression }) => expression === undefined),
    ...spec.passing ?? [],
  ];
}

/** A layout whose rows are as they are read: with the columns for expressions, without these. */
export function readLayout(spec: PipelineSpec, layout: Layout): Layout {
  const passing = (spec.passing ?? []).map(({ name, type, required: notNull }) => ({
    name,
    type,
    notNull,
  }));
  const loaded = layout.loaded.filter(({ expression }) => expression === undefined);
  return { ...layout, loaded: [...loaded, ...passing] };
}

/** Columns whose values are computed from those that are read. */
export function computedColumns(spec: PipelineSpec): readonly ComputedColumn[] {
  return spec.columns.flatMap((column) =>
    column.expression === undefined ? [] : [{ ...column, expression: column.expression }]
  );
}

type ComputedColumn = ColumnSpec & { readonly expression: string };

interface ComputeInput {
  readonly spec: PipelineSpec;
  readonly layout: Layout;
  readonly partition: string | null;
  readonly staging: TableName;
  /** Of the partition, where a computed column holds it. */
  readonly bounds: PartitionBounds | null;
}

/**
 * How the computed columns of one partition get their values; null where there are none.
 *
 * COPY fills a table of what is read, and one statement staging from it. An expression sees the
 * columns that are read and those computed before it. What is ours in the SQL is named with its
 * schema: the path is that of the user's.
 */
export function computePlan(input: ComputeInput): ComputePlan<Statement> | null {
  const { spec, layout, staging } = input;
  const columns = computedColumns(spec);
  if (columns.length === 0) return null;
  const raw = rawTableOf(staging);
  const conditions = columns.flatMap((column) =>
    conditionsOf(column, input.bounds?.column === column.name ? input.bounds : null)
  );
  const count = columns.length;
  const { relation, params } = relationOf(input, raw, count, conditions.length > 0, RANGE);
  const offset = quoteIdent(OFFSET_COLUMN);
  const names = [...layout.loaded.map(({ name }) => name), OFFSET_COLUMN].map(quoteIdent);
  const kept = conditions.map(({ sql }) => `(${sql}) is not false`).join("\n  and ");
  const why = `Computes ${columns.map(({ name }) => name).join(", ")}`;
  const table = quoteTable(raw);
  const first = (what: (at: number) => string) =>
    `case ${
      conditions.map(({ sql }, at) => `when (${sql}) is false then ${what(at)}`).join("\n    ")
    } end`;
  const found = `c.${offset} as "offset", ${first(String)} as rule,
  ${first((at) => `pg_catalog.left((${conditions[at].value})::pg_catalog.text, 80)`)} as value`;
  const failing = conditions.map(({ sql }) => `(${sql}) is false`).join("\n    or ");
  const fill = (relation: string) =>
    `insert into ${quoteTable(staging)} (${names.join(", ")})
select ${names.map((name) => `c.${name}`).join(", ")}
from (${relation}) c${kept === "" ? "" : `\nwhere ${kept}`}`;
  const update = (relation: string) =>
    `update ${table} t set ${
      columns.map(({ name }) => `${quoteIdent(name)} = c.${quoteIdent(name)}`).join(", ")
    }
from (${relation}) c where t.${offset} operator(pg_catalog.=) c.${offset}`;
  const evaluate = (word: string) => (relation: string) =>
    `${word} ${columns.map(({ name }) => `pg_catalog.count(c.${quoteIdent(name)})`).join(", ")}
from (${relation}) c`;
  const each = (statement: (relation: string) => string) => ({
    sql: eachRow(input, raw, statement(relationOf(input, raw, count, true, ONE_ROW).relation)),
    params: [],
    why: "Small ranges, row by row: keeps the offsets of those that cannot be computed",
    lock: null,
  });
  return {
    raw,
    columns: columns.map(({ name, type, expression }) => ({
      name,
      type: sqlType(type),
      expression,
    })),
    stage: rawTable(layout, spec.passing ?? [], raw, false),
    fill: {
      sql: fill(relation),
      params,
      why,
      lock: null,
    },
    update: {
      sql: update(relation),
      params,
      why: `${why}, where rows that Postgres refuses are looked for`,
      lock: null,
    },
    evaluate: {
      sql: evaluate("select")(relation),
      params,
      why: "Where one cannot be computed: writes nothing",
      lock: null,
    },
    evaluateEach: each(evaluate("perform")),
    fillEach: each(fill),
    updateEach: each(update),
    settings: SETTINGS,
    fewRows: FEW_ROWS,
    conditions: conditions.map(({ column, code, expected }) => ({ column, code, expected })),
    missing: conditions.length === 0 ? null : {
      sql: `select (select pg_catalog.count(*) from ${table}) operator(pg_catalog.-)
  (select pg_catalog.count(*) from ${quoteTable(staging)}) as missing`,
      params: [],
      why: "Whether every row is there",
      lock: null,
    },
    failed: conditions.length === 0 ? null : {
      sql: `select ${found}, pg_catalog.count(*) over () as total
from (${relationOf(input, raw, count, true, LEFT_OUT).relation}) c
order by c.${offset} limit ${RULE_REJECTS}`,
      params,
      why: "Rows whose computed values break a rule of their column",
      lock: null,
    },
    remove: conditions.length === 0 ? null : {
      sql: `with failed as (
  delete from ${table} c where ${failing}
  returning ${found}
)
select f.*, pg_catalog.count(*) over () as total
from failed f order by f."offset" limit ${RULE_REJECTS}`,
      params: [],
      why: "Rows whose computed values break a rule of their column",
      lock: null,
    },
    index: {
      // The key is its replica identity as well, where tables are published.
      sql: `alter table ${table} add primary key (${offset})`,
      params: [],
      why: "Rows that cannot be computed are looked for in ever smaller ranges",
      lock: null,
    },
    extent: {
      sql: `select pg_catalog.min(${offset}) as least,
  pg_catalog.max(${offset}) operator(pg_catalog.+) 1 as beyond from ${table}`,
      params: [],
      why: "Where the rows begin and end",
      lock: null,
    },
    few: {
      sql: `select pg_catalog.count(*) as rows from (
  select from ${table} where ${inRange(offset, RANGE)} limit ${FEW_ROWS + 1}) r`,
      params: [],
      why: "Whether a range is small enough to go through its rows",
      lock: null,
    },
    drop: {
      sql: `delete from ${table} where ${offset} operator(pg_catalog.=) any (
  array(select value::pg_catalog.int8 from pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)))`,
      params: [],
      why: "Rows that cannot be computed",
      lock: null,
    },
    tidy: dropOwned(raw, ["staging"], "Its rows are in staging, with what is computed of them"),
  };
}

/** Ranges of so few rows are gone through row by row. */
const FEW_ROWS = 128;

/** A range of offsets in SQL. */
interface RangeText {
  readonly from: string;
  readonly beyond: string;
  /** Parameters that come before those of expressions; null: there can be none. */
  readonly before: number | null;
  /** Only the rows that staging does not have. */
  readonly leftOut?: true;
}

const RANGE: RangeText = {
  from: "$1::pg_catalog.int8",
  beyond: "$2::pg_catalog.int8",
  before: 2,
};

const LEFT_OUT: RangeText = { ...RANGE, leftOut: true };

/** Of the variable of {@link eachRow}. */
const ONE_ROW: RangeText = {
  from: "_sluice_at",
  beyond: "(_sluice_at operator(pg_catalog.+) 1)",
  before: null,
};

/** What is computed of a range of offsets, as a query. */
function relationOf(
  { spec, layout, partition, staging }: ComputeInput,
  raw: TableName,
  count: number,
  once: boolean,
  range: RangeText,
): { readonly relation: string; readonly params: readonly string[] } {
  const offset = quoteIdent(OFFSET_COLUMN);
  const read = [...sourceNames(spec, layout), OFFSET_COLUMN].map(quoteIdent);
  const absent = range.leftOut
    ? `\n    and not exists (
      select from ${quoteTable(staging)} t where t.${offset} operator(pg_catalog.=) r.${offset})`
    : "";
  const base = `select ${read.map((name) => `r.${name}`).join(", ")}
  from ${quoteTable(raw)} r\n  where ${inRange(`r.${offset}`, range)}${absent}`;
  const params: string[] = [];
  const relation = computedColumns(spec).slice(0, count).reduce((below, column) => {
    const before = range.before === null ? null : range.before + params.length;
    const bound = bindSql(column.expression, spec, partition, before);
    params.push(...bound.params);
    return levelOf(below, column, bound.sql);
  }, base);
  // Else a value that a condition looks at as well would be computed twice.
  return { relation: once ? `${relation} offset 0` : relation, params };
}

/** Settings of a transaction that an {@link eachRow} block reads and leaves. */
const SETTINGS = { range: "sluice.compute_range", refused: "sluice.compute_refused" };

/**
 * A block that runs a statement for each row of a range, and keeps what Postgres says of those that
 * it refuses: JSON with `offset`, `state`, `message` and `column`.
 *
 * A block has no parameters and no result: settings of the transaction carry both.
 */
function eachRow(input: ComputeInput, raw: TableName, statement: string): string {
  const offset = quoteIdent(OFFSET_COLUMN);
  const bound = (at: number) =>
    `pg_catalog.split_part(pg_catalog.current_setting('${SETTINGS.range}'), ' ', ${at})::pg_catalog.int8`;
  // The first expression that fails by itself is the one.
  const which = computedColumns(input.spec).map(({ name }, at) => {
    const { relation } = relationOf(input, raw, at + 1, false, ONE_ROW);
    return `    if _sluice_column operator(pg_catalog.=) '' then begin
      perform c.${quoteIdent(name)} from (${relation}) c;
    exception when others then _sluice_column := ${quoteLiteral(name)}; end; end if;`;
  });
  const body = `
#variable_conflict use_column
declare
  _sluice_at pg_catalog.int8;
  _sluice_found pg_catalog.text[] := '{}';
  _sluice_state pg_catalog.text;
  _sluice_message pg_catalog.text;
  _sluice_detail pg_catalog.text;
  _sluice_column pg_catalog.text;
begin
  for _sluice_at in
    select r.${offset} from ${quoteTable(raw)} r
    where r.${offset} operator(pg_catalog.>=) ${bound(1)} and r.${offset} operator(pg_catalog.<) ${
    bound(2)
  }
    order by 1
  loop begin
    ${statement};
  exception when others then
    get stacked diagnostics _sluice_state = returned_sqlstate, _sluice_message = message_text,
      _sluice_detail = pg_exception_detail, _sluice_column = column_name;
${which.join("\n")}
    _sluice_found := pg_catalog.array_append(_sluice_found, pg_catalog.json_build_object(
      'offset', _sluice_at, 'state', _sluice_state, 'message', pg_catalog.concat_ws(': ',
        _sluice_message, nullif(_sluice_detail, '')), 'column', nullif(_sluice_column, ''))::pg_catalog.text);
  end; end loop;
  perform pg_catalog.set_config('${SETTINGS.refused}',
    pg_catalog.concat('[', pg_catalog.array_to_string(_sluice_found, ','), ']'), true);
end`;
  return `do ${quoteLiteral(body)}`;
}

/** One column more. The line end closes a comment that the expression may end in. */
function levelOf(below: string, { name, type }: ColumnSpec, sql: string): string {
  return `select s.*, ((${sql}\n))::${looseType(type)} as ${quoteIdent(name)}\n  from (${below}) s`;
}

function sourceNames(spec: PipelineSpec, { loaded }: Layout): readonly string[] {
  const computed = new Set(computedColumns(spec).map(({ name }) => name));
  return [
    ...loaded.map(({ name }) => name).filter((name) => !computed.has(name)),
    ...(spec.passing ?? []).map(({ name }) => name),
  ];
}

function inRange(offset: string, { from, beyond }: RangeText): string {
  return `${offset} operator(pg_catalog.>=) ${from}
    and ${offset} operator(pg_catalog.<) ${beyond}`;
}

/**
 * Statements that read no table and fail where an expression is wrong.
 *
 * In WHERE Postgres refuses aggregates, window functions and functions that return rows: a value
 * must be that of its row alone.
 */
export function expressionProbes(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): readonly Probe[] {
  const columns = computedColumns(spec);
  if (columns.length === 0) return [];
  const types = new Map(
    [...layout.loaded, ...(spec.passing ?? [])].map((each) => [each.name, each.type]),
  );
  const nulls = sourceNames(spec, layout).map((name) =>
    `null::${sqlType(types.get(name)!)} as ${quoteIdent(name)}`
  );
  let below = `select ${nulls.join(", ")} where false`;
  const before: string[] = [];
  return columns.map((column): Probe => {
    const { sql, params } = bindSql(column.expression, spec, partition, before.length);
    const cast = `((${sql}\n))::${looseType(column.type)}`;
    const conditions = conditionsOf(column, null).map(({ sql }) => ` or (${sql}) is false`);
    const probe = `select 1 from (
  select 1 from (${below}) s where (${cast}) is null
) s`;
    below = levelOf(below, column, sql);
    before.push(...params);
    return {
      what: `the expression of column "${column.name}"`,
      line: column.expressionLine ?? 1,
      sql: conditions.length === 0
        ? probe
        : `${probe}\nunion all\nselect 1 from (${below}) c where false${conditions.join("")}`,
      params: [...before],
    };
  });
}

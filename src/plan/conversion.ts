import { OFFSET_COLUMN, textTableName } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { PipelineSpec, ServerType } from "../spec/pipeline_spec.ts";
import { dropOwned, nameOf, recordTable } from "./identity.ts";
import type { Layout, LayoutColumn } from "./layout.ts";
import type { ConversionPlan } from "./conversion_plan.ts";
import type { Statement, TableName } from "./load_plan.ts";
import { columnList } from "./merge/sql.ts";
import { rawTableOf } from "./raw_table.ts";
import { identifyStaging } from "./replica_identity.ts";
import { sqlType } from "./sql_types.ts";
import { STAGING_COMMENT } from "./staging.ts";

/** Texts that cannot be read are told one by one up to this many. */
const UNREAD_ROWS = 200_000;

/** Pages of a table that are tried at once: some thousand rows. */
const PAGES = 32;

/** Characters of a message that is kept. */
const MESSAGE_LENGTH = 1000;

/** Holds why the row cannot be read, as JSON. */
const PROBLEM_COLUMN = "_sluice_problem";

/**
 * SQLSTATEs, by class, that are about the moment and not about a text: looking on helps nobody.
 *
 * An input function may report whatever its author thought of.
 */
const NOT_THE_TEXTS = ["08", "25", "40", "53", "55", "57", "58"];
/**
 * SQL: the type is what a text breaks, not a condition of a domain, or what a function raises that
 * the condition calls. Of the types jsonpath and ltree say 42601, PostGIS XX000.
 */
const IS_TYPE_PROBLEM = `pg_catalog."left"(sluice_state, 2) not in ('23', 'P0')`;

/** Columns that only Postgres can read, once the plan has looked them up. */
function unread(layout: Layout): readonly LayoutColumn[] {
  return layout.loaded.filter(({ type }) => type.name === "other");
}

/** How texts become values of types that only Postgres can read; null where there is no such column. */
export function conversionPlan(
  spec: PipelineSpec,
  layout: Layout,
  staging: TableName,
  /** Staging has the place of each row, too. */
  offsetColumn: boolean,
  serverVersion: number,
): ConversionPlan<Statement> | null {
  if (unread(layout).length === 0) return null;
  const texts = { schema: staging.schema, table: textTableName(staging.table) };
  const table = quoteTable(texts);
  const problem = quoteIdent(PROBLEM_COLUMN);
  return {
    texts,
    offsetColumn: true,
    naming: unread(layout).filter(({ type }) => (type as ServerType).found?.names)
      .map(({ name }) => name),
    stage: textTable(layout, texts),
    transfer: transferStatement(layout, texts, staging, offsetColumn),
    transferRaw: transferStatement(layout, texts, rawTableOf(staging), true),
    judge: serverVersion >= 160000 && spec.schemaContract.typeChanges !== "discard_value" &&
        spec.schemaContract.typeChanges !== "discard_row"
      ? judgeStatement(layout, texts)
      : null,
    find: {
      sql: `do ${quoteLiteral(findBlock(spec, layout, texts))}`,
      params: [],
      why: "Finds the rows with a text that its type cannot read, each by itself",
      lock: null,
    },
    found: {
      sql: `select ${quoteIdent(OFFSET_COLUMN)} as "offset", ${problem} as problem,
  count(*) over () as total
from ${table} where ${problem} ->> 'state' is not null
order by 1 limit ${UNREAD_ROWS}`,
      params: [],
      why: "Those rows, and why",
      lock: null,
    },
    remove: {
      sql: `with gone as (
  delete from ${table} where ${problem} is not null returning ${problem} ->> 'state' as state
)
select count(*) filter (where state is null) as discarded from gone`,
      params: [],
      why: "They are rejects, or left out as the contract says",
      lock: null,
    },
    tidy: dropOwned(texts, ["staging"], "Every text has been read"),
  };
}

/** Columns as they wait: as text where only Postgres can read them. */
function waitingColumns(layout: Layout): readonly LayoutColumn[] {
  return layout.loaded.map((column) =>
    column.type.name === "other" ? { ...column, type: { name: "text" } } : column
  );
}

function textTable(layout: Layout, texts: TableName): Statement[] {
  const columns = [
    ...waitingColumns(layout).map(({ name, type }) => `  ${quoteIdent(name)} ${sqlType(type)}`),
    `  ${quoteIdent(OFFSET_COLUMN)} bigint not null`,
    `  ${quoteIdent(PROBLEM_COLUMN)} json`,
  ];
  return [
    {
      sql: `create table ${quoteTable(texts)} (\n${columns.join(",\n")}\n)`,
      params: [],
      why:
        "Texts wait here for the input functions of their types, which COPY BINARY does not call",
      lock: null,
    },
    {
      sql: `comment on table ${quoteTable(texts)} is ${quoteLiteral(STAGING_COMMENT)}`,
      params: [],
      why: "Marks the table for later runs",
      lock: null,
    },
    recordTable(nameOf(layout.target), texts, "staging"),
    // Rows that cannot be read are marked, also where every table is published.
    ...identifyStaging(texts, "full"),
  ];
}

function transferStatement(
  layout: Layout,
  texts: TableName,
  to: TableName,
  offsetColumn: boolean,
): Statement {
  const names = [
    ...layout.loaded.map(({ name }) => name),
    ...(offsetColumn ? [OFFSET_COLUMN] : []),
  ];
  const values = [
    ...layout.loaded.map(({ name, type }) =>
      type.name === "other" ? readText(name, type) : `r.${quoteIdent(name)}`
    ),
    ...(offsetColumn ? [`r.${quoteIdent(OFFSET_COLUMN)}`] : []),
  ];
  return {
    sql: `insert into ${quoteTable(to)} (${columnList(names)})
select ${values.join(",\n  ")}
from ${quoteTable(texts)} r`,
    params: [],
    why: `Postgres reads the texts of ${unread(layout).map(({ name }) => name).join(", ")}`,
    lock: null,
  };
}

/** SQL: the value that the type's input function makes of a text of `r`. */
function readText(name: string, { sql, found }: ServerType): string {
  const text = `r.${quoteIdent(name)}`;
  const casts = found?.casts ?? null;
  if (casts !== null) return casts.reduce((value, cast) => `(${value})::${cast}`, text);
  // Calls the input function with the modifiers, as COPY does.
  return `(select j.v from pg_catalog.json_to_record(
    pg_catalog.json_build_object('v', ${text})) as j (v ${sql}))`;
}

/** Types that can say of a text that it is none, without an error, do so for all rows at once. */
function judgeStatement(layout: Layout, texts: TableName): Statement {
  const problem = quoteIdent(PROBLEM_COLUMN);
  const columns = unread(layout).map(({ name, type }) => ({
    name,
    valid: `pg_catalog.pg_input_is_valid(t.${quoteIdent(name)}, ${quoteLiteral(sqlType(type))})`,
    told: `(select pg_catalog.json_build_object('column', ${quoteLiteral(name)}::text,
      'state', e.sql_error_code, 'message', pg_catalog."left"(e.message, ${MESSAGE_LENGTH}),
      'detail', pg_catalog."left"(e.detail, ${MESSAGE_LENGTH}))
    from pg_catalog.pg_input_error_info(t.${quoteIdent(name)}, ${quoteLiteral(sqlType(type))}) e)`,
  }));
  return {
    sql: `update ${quoteTable(texts)} t set ${problem} = case
  ${columns.map(({ valid, told }) => `when not ${valid} then ${told}`).join("\n  ")} end
where ${columns.map(({ valid }) => `not ${valid}`).join("\n  or ")}`,
    params: [],
    why: "Marks the rows of which a type says so, all at once",
    lock: null,
  };
}

/**
 * Some thousand rows are tried at once; where one fails each page is, where one of a page fails each
 * row is, and of that each column. So a bad row costs what it costs Postgres to try its neighbours.
 */
function findBlock(spec: PipelineSpec, layout: Layout, texts: TableName): string {
  const table = quoteTable(texts);
  const problem = quoteIdent(PROBLEM_COLUMN);
  const columns = unread(layout);
  const read = (some: readonly LayoutColumn[]) =>
    `perform ${
      some.map(({ name, type }) => `pg_catalog.count(${readText(name, type as ServerType)})`)
        .join(", ")
    } from ${table} r`;
  const caught = (then: string) =>
    `exception when others then
          get stacked diagnostics sluice_state = returned_sqlstate,
            sluice_message = message_text, sluice_detail = pg_exception_detail;
          if pg_catalog."left"(sluice_state, 2) in (${
      NOT_THE_TEXTS.map(quoteLiteral).join(", ")
    }) then
            raise;
          end if;
          ${then}
        end;`;
  return `#variable_conflict use_column
declare
  sluice_pages bigint := pg_catalog.pg_relation_size(${
    quoteLiteral(table)
  }::pg_catalog.regclass) / pg_catalog.current_setting('block_size')::bigint;
  sluice_page bigint := 0;
  sluice_fails boolean;
  sluice_state text;
  sluice_message text;
  sluice_detail text;
  sluice_column text;
  sluice_row record;
  sluice_place tid;
  sluice_left_out boolean;
begin
  while sluice_page < sluice_pages loop
    sluice_fails := false;
    begin
      ${read(columns)}
      where ${inPages("r", "sluice_page", PAGES)} and r.${problem} is null;
    exception when others then
      sluice_fails := true;
    end;
    for sluice_one in sluice_page .. sluice_page + ${PAGES - 1} loop
      exit when not sluice_fails;
      begin
        ${read(columns)}
        where ${inPages("r", "sluice_one", 1)} and r.${problem} is null;
        continue;
      exception when others then
        null;
      end;
      for sluice_row in select t.ctid as place from ${table} t
        where ${inPages("t", "sluice_one", 1)} and t.${problem} is null
      loop
        sluice_column := null;
        sluice_place := sluice_row.place;
        begin
          ${read(columns)} where r.ctid = sluice_row.place;
          continue;
        exception when others then
          null;
        end;
        ${
    columns.map((column) =>
      `if sluice_column is null then
        begin
          ${read([column])} where r.ctid = sluice_place;
        ${caught(unreadColumn(spec, column.name, table))}
        end if;`
    ).join("\n        ")
  }
        if sluice_column is not null then
          sluice_left_out := ${
    spec.schemaContract.typeChanges === "discard_row" ? IS_TYPE_PROBLEM : "false"
  };
          update ${table} t set ${problem} = pg_catalog.json_build_object(
            'column', sluice_column,
            'state', case when not sluice_left_out then sluice_state end,
            'message', pg_catalog."left"(sluice_message, ${MESSAGE_LENGTH}),
            'detail', pg_catalog."left"(sluice_detail, ${MESSAGE_LENGTH}))
          where t.ctid = sluice_place;
        end if;
      end loop;
    end loop;
    sluice_page := sluice_page + ${PAGES};
  end loop;
end`;
}

/** SQL: a row of `alias` lies in so many pages from one on. */
function inPages(alias: string, from: string, count: number): string {
  return `${alias}.ctid >= pg_catalog.format('(%s,0)', ${from})::pg_catalog.tid
        and ${alias}.ctid < pg_catalog.format('(%s,0)', ${from} + ${count})::pg_catalog.tid`;
}

/** PL/pgSQL: what is done where a column's text cannot be read. */
function unreadColumn(spec: PipelineSpec, name: string, table: string): string {
  const told = `sluice_column := ${quoteLiteral(name)};`;
  const column = spec.columns.find((each) => each.name === name);
  if (spec.schemaContract.typeChanges !== "discard_value" || column === undefined) return told;
  const standIn = column.default;
  if (standIn === null && column.required) return told;
  return `if ${IS_TYPE_PROBLEM} then
            update ${table} t set ${quoteIdent(name)} = ${
    standIn === null ? "null" : quoteLiteral(standIn)
  }
            where t.ctid = sluice_place returning t.ctid into sluice_place;
          else
            ${told}
          end if;`;
}

import { OFFSET_COLUMN, trialIndexName } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { ColumnSpec } from "../spec/pipeline_spec.ts";
import { dropOwned } from "./identity.ts";
import type { Layout } from "./layout.ts";
import type { IsolationPlan, Statement, TableName } from "./load_plan.ts";
import type { Merge } from "./merge/merge.ts";
import type { TrialIndex } from "./preserve/index_work.ts";
import { columnList, keyIn, sameKey } from "./merge/sql.ts";
import { rawTable, rawTableOf } from "./raw_table.ts";

/** What isolation depends on. */
export interface IsolationInput {
  readonly layout: Layout;
  /** Columns that are read, and that neither staging nor the target has. */
  readonly passing: readonly ColumnSpec[];
  readonly staging: TableName;
  /** Makes staging, with its offset column. */
  readonly stage: readonly Statement[];
  /** Everything that rows of staging can break. */
  readonly constraints: readonly Statement[];
  /** Indexes that staging gets later, and that a value may be too long for. */
  readonly indexes: readonly TrialIndex[];
  /** What is left to do at the end. */
  readonly finish: readonly Statement[];
  /** Null where staging itself becomes the partition. */
  readonly merge: Merge | null;
}

/** Compiles the search for rows that only Postgres can refuse. */
export function isolationPlan(input: IsolationInput): IsolationPlan {
  const { layout, staging, merge } = input;
  const raw = rawTableOf(staging);
  const columns = [...layout.loaded.map(({ name }) => name), OFFSET_COLUMN];
  const copy = `insert into ${quoteTable(staging)} (${columnList(columns)})
select ${columnList(columns, "r")} from ${quoteTable(raw)} r`;
  const trials = trialIndexes(staging, input.indexes);
  return {
    raw,
    offsetColumn: true,
    stage: [
      ...rawTable(layout, input.passing, raw, true),
      ...input.stage,
      ...input.constraints,
      ...trials.made,
    ],
    begin: merge === null || !merge.before ? [] : makeRoom(merge, raw),
    attempt: merge === null
      ? [{
        sql: `${copy}\n${inRange("where")} order by r.${quoteIdent(OFFSET_COLUMN)}`,
        params: [],
        why: "Into staging, which has every constraint of the target",
        lock: null,
      }]
      : [{
        // A type of the target may refuse what the merge leaves alone.
        sql: `${copy}\n${inRange("where")}`,
        params: [],
        why: "Into staging, whose columns have the target's types",
        lock: null,
      }, ...rehearsal(merge, raw)],
    keep: merge === null,
    ...searchStatements(raw),
    transfer: merge === null ? null : {
      sql: copy,
      params: [],
      why: "The rows that Postgres takes",
      lock: null,
    },
    tidy: {
      sql: [
        dropOwned(raw, ["staging"], "").sql,
        ...trials.dropped,
      ].join(";\n"),
      params: [],
      why: "Every row has been tried",
      lock: null,
    },
    finish: input.finish,
  };
}

/** Without uniqueness: which of two duplicates stays is decided afterwards. */
function trialIndexes(staging: TableName, indexes: readonly TrialIndex[]) {
  const names = indexes.map((_index, at) => trialIndexName(staging.table, at));
  return {
    made: indexes.map(({ definition, where }, at) => ({
      sql: `create index ${quoteIdent(names[at])}
  on ${quoteTable(staging)} ${definition.replace(/ nulls not distinct$/i, "")}${
        where === null ? "" : `\n  where ${where}`
      }`,
      params: [],
      why: "Finds the rows with a value that is too long for an index",
      lock: null,
    })),
    dropped: names.map((name) => dropIndexOf(staging, name)),
  };
}

/** SQL: drops an index if it is one of the table. */
function dropIndexOf(table: TableName, name: string): string {
  const index = quoteTable({ schema: table.schema, table: name });
  const body = `begin
  if exists (
    select from pg_index
    where indrelid = to_regclass(${quoteLiteral(quoteTable(table))})
      and indexrelid = to_regclass(${quoteLiteral(index)})
  ) then
    drop index ${index};
  end if;
end`;
  return `do ${quoteLiteral(body)}`;
}

function searchStatements(raw: TableName): Pick<IsolationPlan, "bounds" | "split" | "remove"> {
  const table = quoteTable(raw);
  const offset = quoteIdent(OFFSET_COLUMN);
  return {
    bounds: {
      sql: `select min(${offset}) as least, max(${offset}) + 1 as beyond from ${table}`,
      params: [],
      why: "Where the search begins",
      lock: null,
    },
    split: {
      sql: `select count(*) as rows,
  percentile_disc(0.5) within group (order by ${offset}) as middle
from ${table} where ${offset} >= $1::bigint and ${offset} < $2::bigint`,
      params: [],
      why: "Where a range with a refused row is halved",
      lock: null,
    },
    remove: {
      sql: `delete from ${table} where ${offset} in (
  select value::bigint from json_array_elements_text($1::text::json))`,
      params: [],
      why: "The rows that Postgres refuses",
      lock: null,
    },
  };
}

function inRange(word: "where" | "and"): string {
  const offset = `r.${quoteIdent(OFFSET_COLUMN)}`;
  return `${word} ${offset} >= $1::bigint and ${offset} < $2::bigint`;
}

/** Takes away what `full` and `partition` take the place of. */
function makeRoom(merge: Merge, raw: TableName): Statement[] {
  const { target, match, kind, scope, removesVanished } = merge;
  if (kind === "history" || (kind === "keyed" && !removesVanished)) return [];
  const conditions = [
    ...(scope === null ? [] : [`(${scope})`]),
    ...(kind === "rows" ? [] : [`not ${keyIn(match, raw, "r", "t")}`]),
  ];
  return [{
    sql: `delete from ${quoteTable(target)} t${
      conditions.length === 0 ? "" : `\nwhere ${conditions.join(" and ")}`
    }`,
    params: [],
    why: "As the merge would take them away",
    lock: null,
  }];
}

/** What the merge would do with these rows; all of it is taken back when the search is over. */
function rehearsal(merge: Merge, raw: TableName): Statement[] {
  const { target, key, match, columns, kind } = merge;
  const table = quoteTable(target);
  const statements: Statement[] = [];
  const history = kind === "history";
  if (history) {
    statements.push({
      sql: `update ${table} t set "_valid_to" = now(), "_current" = false
from ${quoteTable(raw)} r where ${sameKey(match, "t", "r")} and t."_current" ${inRange("and")}`,
      params: [],
      why: "As the merge would close them",
      lock: null,
    });
  }
  const values = columns.filter((name) => !key.includes(name));
  if (kind === "keyed" && values.length > 0) {
    const assignments = values.map((name) => `${quoteIdent(name)} = r.${quoteIdent(name)}`);
    statements.push({
      sql: `update ${table} t set ${assignments.join(", ")}
from ${quoteTable(raw)} r where ${sameKey(match, "t", "r")} ${inRange("and")}`,
      params: [],
      why: "As the merge would update them",
      lock: null,
    });
  }
  // A later row with the same key is a duplicate, which is dealt with afterwards.
  const fresh = key.length === 0 || history ? "" : ` and not ${keyIn(match, target, "t", "r")}`;
  const first = key.length === 0 ? "" : `distinct on (${columnList(key, "r")}) `;
  statements.push({
    sql: `insert into ${table} (${columnList(columns)}${
      history ? `, "_valid_from", "_valid_to", "_current"` : ""
    }) overriding system value
select ${first}${columnList(columns, "r")}${history ? ", clock_timestamp(), null, true" : ""}
from ${quoteTable(raw)} r ${inRange("where")}${fresh}
order by ${key.length === 0 ? "" : `${columnList(key, "r")}, `}r.${quoteIdent(OFFSET_COLUMN)}`,
    params: [],
    why: "As the merge would insert them",
    lock: null,
  });
  return statements;
}

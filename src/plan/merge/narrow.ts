import { changedRowsName, keptRowsName } from "../../core/names.ts";
import { quoteLiteral, quoteTable } from "../../core/quote.ts";
import { nameOf, recordTable } from "../identity.ts";
import type { CountName, Statement, TableName } from "../load_plan.ts";
import { analyzeMerged } from "../statistics.ts";
import type { Merge } from "./merge.ts";
import { columnList, keyIn, lockTarget, sameKey, sameStored, statement } from "./sql.ts";

/** How staging shrinks to the rows that a merge writes, in three steps. */
export interface Narrowing {
  /** Finds the rows that are left. */
  readonly find: readonly Statement[];
  /** SQL, between the two: the rows of staging that are left, as `s`. */
  readonly left: string;
  /** Counts the others, and takes them out. */
  readonly shrink: readonly Statement[];
}

/**
 * Staging without the rows that meet a row of the target, the `t` of `condition`.
 *
 * One join finds the places of those that are left. Where they are the smaller part they are put
 * aside while staging is emptied: to delete the others one by one takes longer than to load them.
 */
export function narrow(
  merge: Merge,
  condition: string,
  counts: CountName,
  why: string,
): Narrowing {
  const { schema, table } = merge.after;
  const staging = quoteTable(merge.after);
  const changed = quoteTable({ schema, table: changedRowsName(table) });
  return {
    find: [
      ...joinSettings(merge),
      statement(
        `create unlogged table ${changed} as
select s.ctid as place from ${staging} s
where not exists (select from ${quoteTable(merge.target)} t
  where ${condition})`,
        "Where the rows are that this load writes; gone when it is published",
      ),
      ...asBefore(SETTINGS),
    ],
    left: `${changed} c join ${staging} s on s.ctid = c.place`,
    shrink: [
      {
        ...statement(
          `select (select count(*) from ${staging}) - (select count(*) from ${changed}) as n`,
          why,
        ),
        captures: counts,
      },
      removeOthers(merge),
      statement(`drop table ${changed}`, "This transaction has made it, and nobody has seen it"),
    ],
  };
}

/**
 * Finds by key which rows a load changes or removes, keeps them as they are now, and takes out of
 * staging what is there already; then `write` follows.
 *
 * @param among SQL condition of the rows of the target, `t`, that count; null for all
 */
export function mergeChanged(
  merge: Merge,
  among: string | null,
  why: { readonly before: string; readonly unchanged: string },
  write: readonly Statement[],
): readonly Statement[] {
  const { target, after, beforeTable, key, match, compared, likeness, scope } = merge;
  const known = [among, sameKey(match, "s", "t")].filter((part) => part !== null).join(" and ");
  const same = sameStored(compared, likeness, "s", "t");
  const { find, left, shrink } = narrow(
    merge,
    `${known}\n    and ${same}`,
    "rows_unchanged",
    why.unchanged,
  );
  const changed = `select t.* from ${left}
join ${quoteTable(target)} t on ${known}
where not (${same})`;
  // Apart from those: a query with both kinds of rows in one condition would look up each row.
  const vanished = `select t.* from ${quoteTable(target)} t
where ${
    [among, scope === null ? null : `(${scope})`, `not ${keyIn(match, after, "s", "t")}`]
      .filter((part) => part !== null).join(" and ")
  }`;
  return [
    lockTarget(target),
    ...find,
    ...lookingUp(target, [
      statement(
        `create table ${quoteTable(beforeTable)} as
${merge.removesVanished ? `${changed}\nunion all\n${vanished}` : changed}`,
        why.before,
      ),
      recordTable(nameOf(target), beforeTable, "before"),
      ...shrink,
      analyzeMerged(beforeTable, key, merge.columns),
      ...write,
    ]),
  ];
}

/**
 * The statements that write what was found: they look up one row after the other where those are
 * few, in a target that fits into the memory that the server is told to count on.
 */
function lookingUp(
  target: TableName,
  statements: readonly Statement[],
): readonly Statement[] {
  return [
    statement(
      `select set_config('random_page_cost',
  least(current_setting('random_page_cost')::double precision, 1.1)::text, true)
from pg_class t
where t.oid = ${quoteLiteral(quoteTable(target))}::regclass and t.relkind = 'r'
  and pg_relation_size(t.oid) < pg_size_bytes(current_setting('effective_cache_size'))`,
      "Few rows are looked up in a table that is in memory, in place of reading it whole",
    ),
    ...statements,
    ...asBefore(["random_page_cost"]),
  ];
}

function asBefore(settings: readonly string[]): Statement[] {
  return settings.map((name) => statement(`set local ${name} to default`, "As it was"));
}

/** Settings of the search, and what they are set to. */
const SETTINGS = ["parallel_tuple_cost", "enable_hashjoin"] as const;

/** How many times the rows of staging a target may have for both to be read in order. */
const MUCH_LARGER = 4;

/** Lets the planner join as suits this search; it judges by how many rows it thinks to be left. */
function joinSettings({ target, after, key, match }: Merge): Statement[] {
  const cheap = statement(
    "set local parallel_tuple_cost = 0.001",
    "The planner takes nearly all rows for changed, and sending them to one process for dear",
  );
  // Of several columns, or with an equality of no index, nobody knows the order.
  if (key.length !== 1 || match.elsewhere.size > 0) return [cheap];
  const name = ({ schema, table }: TableName) =>
    `(${quoteLiteral(schema)}, ${quoteLiteral(table)})`;
  return [
    cheap,
    statement(
      `select set_config('enable_hashjoin', 'off', true)
from pg_class s, pg_class t
where s.oid = ${quoteLiteral(quoteTable(after))}::regclass
  and t.oid = ${quoteLiteral(quoteTable(target))}::regclass
  and t.relkind = 'r' and t.reltuples < ${MUCH_LARGER} * s.reltuples
  and (select count(*) from pg_stats p
    where (p.schemaname, p.tablename) in (${name(after)}, ${name(target)})
      and p.attname = ${quoteLiteral(key[0])} and abs(p.correlation) > 0.9) = 2`,
      "Where both tables lie in the order of the key, reading them in it is faster than hashing",
    ),
  ];
}

/** Deletes the rows of staging that are not left, or copies those that are. */
function removeOthers({ after, columns }: Merge): Statement {
  const { schema, table } = after;
  const staging = quoteTable(after);
  const changed = quoteTable({ schema, table: changedRowsName(table) });
  const kept = quoteTable({ schema, table: keptRowsName(table) });
  const body = `declare
  remaining bigint := (select count(*) from ${changed});
begin
  if 2 * remaining < (
    select reltuples from pg_class where oid = ${quoteLiteral(staging)}::regclass
  ) then
    begin
      lock table only ${staging} in access exclusive mode nowait;
      create unlogged table ${kept} as
        select ${columnList(columns, "s")} from ${staging} s
        where s.ctid in (select c.place from ${changed} c);
      truncate ${staging};
      insert into ${staging} (${columnList(columns)})
        select ${columnList(columns, "k")} from ${kept} k;
      drop table ${kept};
      return;
    exception when lock_not_available then
      -- Somebody reads it, such as a dump: rows are deleted beside them.
      null;
    end;
  end if;
  if remaining < (select count(*) from ${staging}) then
    delete from ${staging} s
    where not exists (select from ${changed} c where c.place = s.ctid);
  end if;
end`;
  return statement(
    `do ${quoteLiteral(body)}`,
    "What this version keeps for rollback: the rows that it writes",
  );
}

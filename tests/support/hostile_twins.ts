import { quoteIdent } from "../../src/core/quote.ts";
import type { Database } from "../../src/db/database.ts";

/** Where our statements are: the names in them are read from here, none is listed by hand. */
const STATEMENTS = [
  new URL("../../src/", import.meta.url),
  new URL("../../node_modules/graphile-worker/dist/", import.meta.url),
];

/** What a stranger has put in the way of every name that statements may use. */
export interface HostileTwins {
  /** Functions, operators, types and tables that were made. */
  readonly count: number;
  /** How often one of them ran, also where nobody heard of it. */
  hits(): Promise<number>;
}

/**
 * Makes twins of everything in `pg_catalog` in a schema: functions and operators of the same
 * arguments, which win where the schema comes first; of the names in our sources also variants for
 * the types that statements call them with, which win wherever the schema is, since Postgres
 * prefers what needs no cast; domains and tables. Each twin that runs counts itself, and throws.
 *
 * @param db a superuser's, with the path of our own connections
 * @param role the stranger
 * @param schema that stands, in which the stranger may create
 */
export async function makeHostileTwins(
  db: Database,
  role: string,
  schema: string,
): Promise<HostileTwins> {
  await using session = await db.session();
  const settings = { schema, words: JSON.stringify([...statementWords()]) };
  for (const [name, value] of Object.entries(settings)) {
    await session.query(`select set_config('twins.${name}', $1, false)`, [value]);
  }
  await session.query(`set role ${quoteIdent(role)}`);
  await session.query(MAKE);
  const [{ count }] = await session.query<{ count: number }>(
    `select current_setting('twins.count')::int as count`,
  );
  return {
    count,
    async hits() {
      const [{ hits }] = await db.query<{ hits: number }>(
        `select case when is_called then last_value else 0 end as hits from ${
          quoteIdent(schema)
        }.twin_hits`,
      );
      return Number(hits);
    },
  };
}

/** Words before a bracket, and operators between blanks, in the sources of our statements. */
function statementWords(): Set<string> {
  const words = new Set<string>();
  for (const folder of STATEMENTS) {
    for (const text of texts(folder)) {
      for (const [, name] of text.matchAll(/\b([a-z_][a-z0-9_]*)\(/g)) words.add(name);
      for (const [, operator] of text.matchAll(/ ([-+*/<>=~!@#%^&|?]{1,4}) /g)) words.add(operator);
    }
  }
  return words;
}

function* texts(folder: URL): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* texts(new URL(`${entry.name}/`, folder));
    else if (/\.(ts|js|sql)$/.test(entry.name)) {
      yield Deno.readTextFileSync(new URL(entry.name, folder));
    }
  }
}

const MAKE = `
do $do$
declare
  home text := quote_ident(current_setting('twins.schema'));
  words text[] := array(select json_array_elements_text(current_setting('twins.words')::json));
  -- What our statements and their parameters consist of.
  common text[] := array['text', 'varchar', 'name', '"char"', 'int4', 'int8', 'oid', 'numeric',
    'float8', 'bool', 'jsonb', 'json', 'uuid', 'bytea', 'timestamptz', 'regclass', 'text[]',
    'int4[]', 'int8[]', 'oid[]', 'name[]'];
  few text[] := array['text', 'varchar', 'name', 'int4', 'int8', 'oid', 'numeric', 'jsonb',
    '"char"', 'timestamptz', 'regclass'];
  body text;
  made int := 0;
  one record;
begin
  execute format('create sequence %s.twin_hits', home);
  execute format('grant usage on sequence %s.twin_hits to public', home);
  body := format($f$ language plpgsql as $body$ begin
    perform pg_catalog.nextval('%s.twin_hits'::pg_catalog.regclass);
    raise exception 'a hostile twin ran';
  end $body$ $f$, home);
  for one in
    select quote_ident(name) as name, args, result from (
      select p.proname as name, array_to_string(array(
          select format_type(t, null) from unnest(p.proargtypes::oid[]) with ordinality a (t, at)
          order by at), ', ') as args,
        case when p.proretset then 'setof ' else '' end || format_type(p.prorettype, null) as result
      from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
      union
      select name, '', 'text' from unnest(words) name
      where name in (select proname::text from pg_proc)
      union
      select name, type, 'text' from unnest(words) name, unnest(common) type
      where name in (select proname::text from pg_proc)
      union
      select name, a || ', ' || b, 'text' from unnest(words) name, unnest(few) a, unnest(few) b
      where name in (select proname::text from pg_proc where pronargs > 1 or provariadic <> 0)
      union
      select name, array_to_string(array_fill('text'::text, array[n]), ', '), 'text'
      from unnest(words) name, generate_series(3, 6) n
      where name in (select proname::text from pg_proc where pronargs > 2 or provariadic <> 0)
    ) f
  loop
    begin
      execute format('create function %s.%s(%s) returns %s %s',
        home, one.name, one.args, one.result, body);
      made := made + 1;
    exception when others then
      -- Of a type that no function of plpgsql may take, or there already.
      null;
    end;
  end loop;
  for one in
    select name, l, r, result, row_number() over () as at from (
      select oprname as name, case when oprkind = 'b' then format_type(oprleft, null) end as l,
        format_type(oprright, null) as r, format_type(oprresult, null) as result
      from pg_operator where oprnamespace = 'pg_catalog'::regnamespace
      union
      select name, l, r, 'bool' from unnest(words) name, unnest(few) l, unnest(few) r
      where name in (select oprname::text from pg_operator)
    ) o
  loop
    begin
      execute format('create function %s.twin_%s(%s) returns %s %s', home, one.at,
        concat_ws(', ', one.l, one.r), one.result, body);
      execute format('create operator %s.%s (function = %s.twin_%s, %s rightarg = %s)', home,
        one.name, home, one.at, 'leftarg = ' || one.l || ',', one.r);
      made := made + 1;
    exception when others then
      null;
    end;
  end loop;
  execute format('create function %s.twin_holds() returns bool %s', home, body);
  for one in
    select typname as name from pg_type
    where typnamespace = 'pg_catalog'::regnamespace and typtype = 'b' and typcategory <> 'A'
  loop
    execute format('create domain %s.%I as text check (%s.twin_holds())', home, one.name, home);
    made := made + 1;
  end loop;
  for one in
    select relname as name from pg_class where relnamespace = 'pg_catalog'::regnamespace
      and relkind in ('r', 'v') and relname not in (select typname from pg_type where typtype = 'b')
  loop
    begin
      execute format('create view %s.%I as select * from pg_catalog.%I where %s.twin_holds()',
        home, one.name, one.name, home);
      execute format('grant select on %s.%I to public', home, one.name);
      made := made + 1;
    exception when others then
      null;
    end;
  end loop;
  perform set_config('twins.count', made::text, false);
end
$do$`;

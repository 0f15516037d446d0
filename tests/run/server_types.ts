import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";

/** A kind of column that Postgres reads by its input function. */
export interface ServerTypeCase {
  /** As a pipeline file has it. */
  readonly type: string;
  /** As `format_type` prints it; the same where left out. */
  readonly printed?: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

/** What the types of {@link SERVER_TYPES} need. */
export async function createTypes(db: Database): Promise<void> {
  await db.query(`
create schema shop;
create schema "Odd ""schema""";
create extension citext schema shop;
create extension hstore schema shop;
create extension ltree schema shop;
create extension cube schema "Odd ""schema""";
create type shop.mood as enum ('sad', 'ok', 'very happy', 'o''clock');
create type shop."Mood" as enum ('A', 'B');
create type shop.pair as (x integer, label varchar(3));
create domain shop.email as text check (value like '%@%');
create domain shop.code as varchar(3) not null;
create domain shop.even as numeric(6,2) check (value / nullif(value, 7) is not null and value > 0);
create domain shop.odd_mail as shop.email check (length(value) < 8);
create domain shop.doc as jsonb check (jsonb_typeof(value) = 'object');
create domain shop.tags as text[] check (cardinality(value) < 3);
create type shop.floatrange as range (subtype = float8);
-- A type of an extension may have a cast from text that is no input function.
create domain shop.loud as text;
create function shop.loud_mood(text) returns shop."Mood" language sql immutable
  as $$ select 'B'::shop."Mood" $$;
create cast (text as shop."Mood") with function shop.loud_mood(text);
`);
}

export const SERVER_TYPES: readonly ServerTypeCase[] = [
  {
    type: "text[]",
    good: [
      "{}",
      "{a,b}",
      '{"a,b",NULL,"NULL","q\\"q"}',
      "{{a,b},{c,d}}",
      "[0:1]={x,y}",
      "{ä,日本}",
    ],
    bad: ["a,b", "{a", "{{a},{b,c}}", "{a}}", "", " "],
  },
  {
    type: "integer[]",
    good: ["{1,2,NULL}", "{{1},{2}}", "{ 7 }"],
    bad: ["{1,x}", "{99999999999}"],
  },
  { type: "bigint[]", good: ["{9223372036854775807}"], bad: ["{9223372036854775808}", "1"] },
  { type: "boolean[]", good: ["{t,false,NULL,yes}"], bad: ["{maybe}"] },
  {
    type: "numeric(10,2)[]",
    good: ["{1.005,2,NaN}", "{{1.5},{2.255}}", "{}"],
    bad: ["{123456789.1}", "{a}"],
  },
  {
    type: "varchar(3)[]",
    printed: "character varying(3)[]",
    good: ["{abc,de}", '{"abc   "}'],
    bad: ["{abcd}", "{abc,defg}"],
  },
  { type: "char(2)[]", printed: "character(2)[]", good: ["{a,bc}"], bad: ["{abc}"] },
  { type: "date[]", good: ["{2024-01-31,infinity}"], bad: ["{2024-02-30}"] },
  {
    type: "timestamptz[]",
    printed: "timestamp with time zone[]",
    good: ['{"2024-01-31 10:00:00+02",2024-01-31}'],
    bad: ["{2024-13-01}"],
  },
  {
    type: "timestamp(3)",
    printed: "timestamp(3) without time zone",
    good: ["2024-01-31 10:00:00.123456", "Jan 31 2024"],
    bad: ["2024-02-30", "x"],
  },
  { type: "interval(1)", good: ["1 day 02:03:04.567", "P1D"], bad: ["many"] },
  { type: "uuid[]", good: ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"], bad: ["{a0ee}"] },
  { type: "jsonb[]", good: ['{"{\\"a\\": 1}","[1]",NULL}'], bad: ["{[1}", '{"{a}"}'] },
  { type: "json[]", good: ['{"{\\"a\\":  1}"}'], bad: ['{"{a}"}'] },
  { type: "bytea[]", good: ['{"\\\\x0102"}'], bad: ['{"\\\\x0"}'] },
  { type: "shop.mood", good: ["sad", "very happy", "o'clock"], bad: ["Sad", "", "happy"] },
  { type: "shop.mood[]", good: ['{sad,"very happy",NULL}'], bad: ["{sad,glad}"] },
  { type: 'shop."Mood"', good: ["A", "B"], bad: ["a", "C"] },
  { type: "shop.pair", good: ["(1,abc)", "(,)", '(2,"a b")'], bad: ["(x,a)", "(1,abcd)", "(1)"] },
  { type: "shop.pair[]", good: ['{"(1,abc)"}'], bad: ['{"(1,abcd)"}', "{(1}"] },
  { type: "shop.email", good: ["a@b", "@"], bad: ["ab", ""] },
  { type: "shop.odd_mail", good: ["a@b"], bad: ["ab", "abcdefg@h"] },
  { type: "shop.code", good: ["abc", "a", "ab     "], bad: ["abcd"] },
  { type: "shop.even", good: ["1.005", "9999.99"], bad: ["-1", "10000", "7", "x"] },
  { type: "shop.doc", good: ['{"a":  1}'], bad: ["[1]", "{a}", '"x"'] },
  { type: "shop.tags", good: ["{a,b}", "{}"], bad: ["{a,b,c}", "a"] },
  { type: "shop.email[]", good: ["{a@b,c@d}"], bad: ["{a@b,c}"] },
  { type: "shop.citext", good: ["Abc", "", "ÄÖ"], bad: [] },
  { type: "shop.hstore", good: ['a=>1,"b c"=>NULL', ""], bad: ["a", "=>1"] },
  { type: "shop.ltree", good: ["a.b.c"], bad: ["a..b", "a b"] },
  { type: '"Odd ""schema""".cube', good: ["(1,2,3)", "(1),(2)"], bad: ["(1,x)", "1,2,"] },
  {
    type: "inet",
    good: ["10.0.0.1", "10.1.0.0/16", "::1"],
    bad: ["10.0.0.256", "10.0.0.1/33", "x"],
  },
  { type: "cidr", good: ["10.0.0.0/8", "10.1"], bad: ["10.0.0.1/8"] },
  { type: "macaddr", good: ["08:00:2b:01:02:03", "08002b010203"], bad: ["08:00:2b:01:02"] },
  { type: "macaddr8", good: ["08:00:2b:01:02:03:04:05", "08002b010203"], bad: ["08:00"] },
  { type: "money", good: ["$1,234.50", "-7", "(3.5)"], bad: ["1 EUR", "99999999999999999999"] },
  { type: "bit(3)", good: ["101", "b010", "111"], bad: ["10", "1010", "102"] },
  { type: "bit", printed: "bit(1)", good: ["1"], bad: ["10", ""] },
  { type: "varbit(3)", printed: "bit varying(3)", good: ["1", "", "101"], bad: ["1010", "2"] },
  { type: "bit varying", good: ["1", "10101010"], bad: ["12"] },
  { type: "xml", good: ["<a/>", "plain", "<a>é</a>"], bad: ["<a>", "<a></b>"] },
  { type: "int4range", good: ["[1,5)", "empty", "(,3]", "[1,1]"], bad: ["[5,1)", "[1,x)", "1,2"] },
  { type: "numrange", good: ["[1.5,2.5]"], bad: ["[2,1]"] },
  { type: "tstzrange", good: ['["2024-01-01 00:00+02",)'], bad: ["[2024-13-01,)"] },
  { type: "daterange[]", good: ['{"[2024-01-01,2024-02-01)"}'], bad: ["{[2024-01-01}"] },
  { type: "int8multirange", good: ["{[1,3),[5,7)}", "{}"], bad: ["[1,3)", "{[3,1)}"] },
  { type: "shop.floatrange", good: ["[1.5,2)"], bad: ["[2,1)"] },
  {
    type: "timetz",
    printed: "time with time zone",
    good: ["10:11:12+02", "10:11 PST", "24:00Z"],
    bad: ["25:00+00", "x"],
  },
  { type: "point", good: ["(1,2)", "1,2"], bad: ["(1)"] },
  { type: "polygon", good: ["((0,0),(1,1),(1,0))"], bad: ["(0"] },
  { type: "tsvector", good: ["a b:1A", "'it''s'"], bad: ["'a"] },
  { type: "jsonpath", good: ["$.a[*]"], bad: ["$.["] },
  { type: "regclass", good: ["pg_catalog.pg_class", "1259"], bad: ["no_such_table"] },
  { type: "oid", good: ["1", "4294967295"], bad: ["-x", "4294967296"] },
  { type: '"char"', good: ["a", ""], bad: [] },
  { type: "name", good: ["x".repeat(80)], bad: [] },
  { type: "pg_lsn", good: ["16/B374D848"], bad: ["G/1"] },
];

/** What COPY itself makes of each text in a column of that type: its text, or why it refuses it. */
export async function readByCopy(
  db: Database,
  type: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, { value: string } | { message: string; code: string }>> {
  await db.query(`create table public.copied (n integer, v ${type})`);
  const read = new Map<string, { value: string } | { message: string; code: string }>();
  for (const [n, text] of texts.entries()) {
    const copy = await db.copyIn("copy public.copied from stdin (format csv)");
    try {
      await copy.write(new TextEncoder().encode(`${n},${csv(text)}\n`));
      await copy.finish();
      const [{ value }] = await db.query<{ value: string }>(
        "select v::text as value from public.copied where n = $1",
        [n],
      );
      read.set(text, { value });
    } catch (error) {
      await copy.abort("");
      if (!(error instanceof SluiceError)) throw error;
      read.set(text, { message: error.message, code: error.postgres?.code ?? "" });
    }
  }
  await db.query("drop table public.copied");
  return read;
}

/** In quotes, so that an empty text is one. */
export function csv(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

import { parse } from "packages/csv-parse-sync.ts";
import type { Database } from "../../../src/db/database.ts";
import { type CorruptFile, FIELDS } from "./corrupt_file.ts";
import { serverVersion } from "../../support/postgres.ts";

/** What becomes of a record, by nobody's word but csv-parse's and Postgres's. */
export interface Verdict {
  /** Line of its first byte, from 1. */
  readonly line: number;
  readonly offset: number;
  /** `shape`: no row at all; `type`: no value of its type; `rule`: against a rule of the column. */
  readonly fault: "shape" | "type" | "rule" | null;
  /** The first column that is wrong. */
  readonly column: string | null;
  /** How many good rows before it have its key, and how many behind it. */
  readonly twinsBefore: number;
  readonly twinsAfter: number;
}

interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

/** Columns as the pipeline has them, and as conditions of Postgres on the text `v`. */
export const COLUMNS: readonly {
  readonly name: typeof FIELDS[number];
  readonly yaml: string;
  readonly type: string;
  readonly required: boolean;
  /** Texts that Postgres reads and Sluice, by docs/types.md, refuses; or that the options change. */
  readonly reads?: string;
  /** On the value, as `x`. */
  readonly rule?: string;
}[] = [
  {
    name: "id",
    yaml: "{ type: integer, required: true, min: 0 }",
    type: "integer",
    required: true,
    rule: "x >= 0",
  },
  {
    name: "at",
    yaml: '{ type: timestamp, required: true, min: "2021-01-01", max: "2021-12-31" }',
    type: "timestamp",
    required: true,
    reads: String
      .raw`v ~* '^\s*(\d{4,6}-\d\d?-\d\d?(( +|T)\d?\d:\d\d(:\d\d(\.\d*)?)?)?|[+-]?infinity)\s*$'`,
    rule: "x between '2021-01-01' and '2021-12-31'",
  },
  {
    name: "amount",
    yaml: '{ type: "numeric(10,2)", max: 99999999 }',
    type: "numeric(10,2)",
    required: false,
    rule: "x <= 99999999",
  },
  {
    name: "zone",
    yaml: "{ type: smallint, required: true, min: 1, max: 265 }",
    type: "smallint",
    required: true,
    rule: "x between 1 and 265",
  },
  {
    name: "distance",
    yaml: "{ type: double precision, min: 0 }",
    type: "double precision",
    required: false,
    reads: "v !~ '[xX]'",
    rule: "x >= 0",
  },
  {
    name: "flag",
    yaml: "{ type: boolean, true_values: [Y], false_values: [N] }",
    type: "boolean",
    required: false,
    reads: "v in ('Y', 'N')",
  },
  {
    name: "note",
    yaml: "varchar(20)",
    type: "varchar",
    required: false,
    rule: "char_length(rtrim(x, ' ')) <= 20",
  },
  {
    name: "code",
    yaml: String.raw`{ type: text, pattern: '^[ABC]\d*$' }`,
    type: "text",
    required: false,
    rule: String.raw`x ~ '^[ABC]\d*$'`,
  },
];

/** Rows per statement. */
const BATCH = 10_000;

/**
 * Judges each record of the file, slowly: csv-parse splits, Postgres reads the texts.
 *
 * Afterwards `oracle.good` holds the good rows, with their line and their values.
 */
export async function judge(db: Database, file: CorruptFile): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  await makeTables(db);
  // Postgres reads `12:34:56.` since 15; Sluice does for all.
  const dotted = await serverVersion(db) >= 150000;
  let batch: unknown[] = [];
  for (const { fields, line, offset } of records(file)) {
    if (fields.length !== FIELDS.length) {
      verdicts.push({ line, offset, fault: "shape", column: null, twinsBefore: 0, twinsAfter: 0 });
      continue;
    }
    const texts = fields.map(({ text, quoted }) => quoted || text !== "" ? utf8(text) : null);
    batch.push({
      line,
      place: offset,
      values: texts.map((text) =>
        typeof text !== "string" ? null : dotted ? text : text.replace(/(:\d\d)\.(?!\d)/, "$1")
      ),
      broken: texts.map((text) => text === undefined),
    });
    if (batch.length < BATCH) continue;
    await insert(db, batch);
    batch = [];
  }
  await insert(db, batch);
  verdicts.push(...await readVerdicts(db));
  return verdicts.sort((a, b) => a.offset - b.offset);
}

/** Splits a file into records with their places; a text has one character for each byte. */
function* records(
  { bytes, forOracle }: CorruptFile,
): Generator<{ fields: Field[]; line: number; offset: number }> {
  const parsed = parse(forOracle as Parameters<typeof parse>[0], {
    encoding: "latin1",
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    relax_quotes: true,
    info: true,
    cast: (text, { quoting }) => ({ text, quoted: quoting }),
  }) as unknown as { record: Field[]; info: { bytes: number } }[];
  let offset = 0;
  let line = 1;
  let isHeader = true;
  for (const { record, info } of parsed) {
    const isEmptyLine = record.length === 1 && record[0].text === "" && !record[0].quoted;
    if (!isHeader && !isEmptyLine) yield { fields: record, line, offset };
    isHeader = false;
    for (; offset < info.bytes; offset++) {
      if (bytes[offset] === 10) line++;
    }
  }
}

/** The bytes as text; undefined where Postgres has no text for them. */
function utf8(bytes: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (/^[\x01-\x7f]*$/.test(bytes)) return bytes;
  if (bytes.includes("\0")) return undefined;
  try {
    const codes = Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(codes);
  } catch {
    return undefined;
  }
}

async function makeTables(db: Database): Promise<void> {
  await db.query("create schema oracle");
  await db.query(
    `create table oracle.raw (line bigint, place bigint, "values" text[], broken boolean[])`,
  );
  const version = await serverVersion(db);
  const read = version >= 160000
    ? "language sql as 'select pg_input_is_valid($1, $2)'"
    : `language plpgsql as $$ begin
         execute format('select %L::%s', $1, $2);
         return true;
       exception when data_exception then return false;
       end $$`;
  await db.query(`create function oracle.reads(text, text) returns boolean ${read}`);
}

async function insert(db: Database, rows: readonly unknown[]): Promise<void> {
  await db.query(
    `insert into oracle.raw
     select line, place, "values", broken from json_to_recordset($1::text::json) as each
       (line bigint, place bigint, "values" text[], broken boolean[])`,
    [JSON.stringify(rows)],
  );
}

async function readVerdicts(db: Database): Promise<Verdict[]> {
  // The first fault of a row, in the order of its columns; a CASE goes from top to bottom.
  const cases = COLUMNS.flatMap(({ name, type, required, reads, rule }, at) => {
    const text = `"values"[${at + 1}]`;
    const value = type === "boolean" ? `(${text} = 'Y')` : `${text}::${type}`;
    const valid = [
      type === "boolean" ? "true" : `oracle.reads(v, '${type}')`,
      reads ?? "true",
    ].join(" and ").replace(/\bv\b/g, text);
    return [
      `when broken[${at + 1}] then 'type ${name}'`,
      ...(required ? [`when ${text} is null then 'rule ${name}'`] : []),
      `when ${text} is not null and not (${valid}) then 'type ${name}'`,
      ...(rule === undefined
        ? []
        : [`when not (${rule.replace(/\bx\b/g, value)}) then 'rule ${name}'`]),
    ];
  });
  await db.query(
    `create table oracle.judged as select *, case ${cases.join("\n")} end as fault from oracle.raw`,
  );
  const values = COLUMNS.map(({ name, type }, at) =>
    `${type === "boolean" ? `("values"[${at + 1}] = 'Y')` : `"values"[${at + 1}]::${type}`} ${name}`
  );
  await db.query(
    `create table oracle.good as
     select line, place, ${values.join(", ")} from oracle.judged where fault is null`,
  );
  const rows = await db.query<
    { line: number; place: number; fault: string | null; before: number; after: number }
  >(
    `select line::float8 as line, place::float8 as place, fault,
       coalesce("before", 0)::int as before, coalesce("after", 0)::int as after
     from oracle.judged left join (
       select place, row_number() over same - 1 as "before",
         count(*) over (partition by id, at) - row_number() over same as "after"
       from oracle.good window same as (partition by id, at order by place)
     ) twins using (place)`,
  );
  return rows.map(({ line, place, fault, before, after }) => {
    const [kind, column] = fault?.split(" ") ?? [null, null];
    return {
      line,
      offset: place,
      fault: kind as Verdict["fault"],
      column,
      twinsBefore: before,
      twinsAfter: after,
    };
  });
}

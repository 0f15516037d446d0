import type { ParquetColumn } from "../fixtures/parquet.ts";
import { parquetFile } from "../fixtures/parquet.ts";
import { writeFullMonth } from "../fixtures/full_month.ts";
import { xlsxOf } from "../tests/source/xlsx_writer.ts";

/** Rows of a row group, as DuckDB writes them. */
const GROUP_ROWS = 122_880;

const KINDS: Readonly<Record<string, ParquetColumn["kind"]>> = {
  VendorID: "int",
  tpep_pickup_datetime: "time",
  tpep_dropoff_datetime: "time",
  // As the commission has them: integers of which some are missing.
  passenger_count: "double",
  RatecodeID: "double",
  store_and_fwd_flag: "text",
  PULocationID: "int",
  DOLocationID: "int",
  payment_type: "int",
};

/** Paths of the same rows in each format, but for the workbook, which has the first ones. */
export interface FormatFiles {
  readonly csv: string;
  readonly gzip: string;
  readonly ndjson: string;
  readonly json: string;
  readonly parquet: string;
  readonly xlsx: string;
  /** The rows of the workbook as CSV. */
  readonly smallCsv: string;
}

/** Makes so many rows of a month in each format, in a folder of their own; leaves what is there. */
export async function writeFormatFiles(
  parent: string,
  rows: number,
  smallRows: number,
): Promise<FormatFiles> {
  const folder = `${parent}/formats_${rows}_${smallRows}`;
  const path = (end: string) => `${folder}/yellow_tripdata_2021-01.${end}`;
  const { gzip } = await writeFullMonth(folder, "2021-01", { plain: true, rows });
  const files = {
    csv: path("csv"),
    gzip,
    ndjson: path("ndjson"),
    json: path("json"),
    parquet: path("parquet"),
    xlsx: path("xlsx"),
    smallCsv: path("small.csv"),
  };
  // Made last: where it is, all others are.
  const isThere = await Deno.stat(files.smallCsv).then(() => true, () => false);
  if (isThere) return files;
  const [head, ...lines] = (await Deno.readTextFile(files.csv)).trimEnd().split("\n");
  const names = head.split(",");
  const records = lines.map((line) => line.split(","));
  const objectOf = (fields: readonly string[]) =>
    "{" + fields.map((field, f) => `"${names[f]}":${jsonOf(names[f], field)}`).join(",") + "}";
  await Deno.writeTextFile(files.ndjson, pieces(records, objectOf, "", "\n", "\n"));
  await Deno.writeTextFile(files.json, pieces(records, objectOf, "[", ",\n", "]\n"));
  const columns = names.map((name, f): ParquetColumn => {
    const kind = KINDS[name] ?? "double";
    return { name, kind, values: records.map((fields) => parquetValue(kind, fields[f])) };
  });
  await Deno.writeFile(files.parquet, parquetFile(columns, GROUP_ROWS));
  const small = records.slice(0, smallRows);
  const cells = small.map((fields) =>
    fields.map((field, f) =>
      field === "" ? null : (KINDS[names[f]] ?? "double") === "double" ? Number(field) : field
    )
  );
  await Deno.writeFile(
    files.xlsx,
    xlsxOf({ sheets: [{ name: "trips", rows: [names, ...cells] }], inline: true }),
  );
  await Deno.writeTextFile(files.smallCsv, [head, ...lines.slice(0, smallRows), ""].join("\n"));
  return files;
}

/** Records with something before, between and behind them: all of them may be no one string. */
function pieces(
  records: readonly (readonly string[])[],
  textOf: (record: readonly string[]) => string,
  before: string,
  between: string,
  behind: string,
): ReadableStream<string> {
  return ReadableStream.from((function* () {
    yield before;
    for (let at = 0; at < records.length; at += 4096) {
      yield (at === 0 ? "" : between) + records.slice(at, at + 4096).map(textOf).join(between);
    }
    yield behind;
  })());
}

function jsonOf(name: string, field: string): string {
  if (field === "") return "null";
  const kind = KINDS[name] ?? "double";
  return kind === "text" || kind === "time" ? JSON.stringify(field) : String(Number(field));
}

function parquetValue(kind: ParquetColumn["kind"], field: string): number | string | null {
  if (field === "") return null;
  if (kind === "text") return field;
  return kind === "time" ? Date.parse(`${field.replace(" ", "T")}Z`) / 1000 : Number(field);
}

import { fillTemplate, PERIOD_EXAMPLES } from "../../core/period.ts";
import { sqlFault } from "../../core/sql_text.ts";
import { transportOf } from "../../core/transports.ts";
import { readsDatabase } from "../database_source.ts";
import type { PipelineSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Check } from "./check.ts";
import { addressesOf } from "./source_address.ts";
import { tellFault } from "./sql_texts.ts";

/** A database is read by a table or a query, and has nothing of what files have. */
export const databaseSource: Check = ({ source, partitions }, report, input) => {
  const addresses = addressesOf(source);
  const isDatabase = readsDatabase(source);
  for (const { text, path } of addresses) {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1].toLowerCase();
    const isOther = scheme === undefined
      ? !text.startsWith("${")
      : transportOf(scheme) !== "postgres";
    if (isDatabase && isOther) {
      report.value(
        path,
        "spec/contradiction",
        `"${source.query === undefined ? "table" : "query"}" is for a database, and this is none`,
        "Write url: postgres://user:${PASSWORD}@host:5432/database",
      );
    } else if (!isDatabase && !isOther && scheme !== undefined) {
      report.value(
        path,
        "spec/missing_key",
        "The source is a database: which rows it has is not said",
        "Add `table: schema.table`, or `query:` with a SELECT",
      );
    }
  }
  if (!isDatabase) return;
  if (source.table !== undefined && source.query !== undefined) {
    report.key(
      ["source", "query"],
      "spec/contradiction",
      `"table" and "query" both say which rows are read`,
      "Leave one of them out",
    );
  }
  if (source.urls !== undefined) {
    report.value(
      ["source", "url"],
      "spec/contradiction",
      "A database cannot be one of several sources",
      "Write one address; a query can join several tables",
    );
  }
  for (const [key, isGiven] of keysOfFiles(input.source)) {
    if (!isGiven) continue;
    report.key(
      ["source", key],
      "spec/contradiction",
      `"${key}" is for files, and the source is a database`,
      "Leave it out",
    );
  }
  checkTable(source, partitions, report);
  checkQuery(source, report);
};

/** Keys that say something of a file alone, and whether they stand there. */
function keysOfFiles(
  { compression, members, checksum, headers }: Parameters<Check>[2]["source"],
): readonly (readonly [key: string, isGiven: boolean])[] {
  return [
    ["compression", compression !== "auto"],
    ["members", members !== undefined],
    ["checksum", checksum !== undefined],
    ["headers", Object.keys(headers).length > 0],
  ];
}

/** Whatever the partition is called, what it makes of the name is one of a table. */
function checkTable(
  { table }: PipelineSpec["source"],
  partitions: PipelineSpec["partitions"],
  report: Report,
): void {
  if (table === undefined || partitions === null) return;
  const { by, values } = partitions;
  const wrong = (by === "list" ? values : [PERIOD_EXAMPLES[by]])
    .map((partition) => fillTemplate(table, by, partition))
    .find((name) => !/^[^.\0]+(\.[^.\0]+)?$/.test(name));
  if (wrong === undefined) return;
  report.value(
    ["source", "table"],
    "spec/wrong_value",
    `"${wrong}" is no name of a table`,
    "A dot stands between schema and table only: write a query in place of it",
  );
}

function checkQuery({ query }: PipelineSpec["source"], report: Report): void {
  if (query === undefined) return;
  if (query.includes("\0")) {
    report.value(["source", "query"], "spec/wrong_value", `"query" cannot hold NUL`);
  }
  const fault = sqlFault(query);
  if (fault !== null) {
    tellFault("The source has no query", query, fault, ["source", "query"], report);
  }
}

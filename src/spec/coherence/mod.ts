import type { Checked } from "../check_schema.ts";
import { formatReads } from "../formats/mod.ts";
import type { Readers } from "../readers.ts";
import type { Report } from "../report.ts";
import { afterOthers } from "./after.ts";
import type { Check, Draft, PlacedCheck } from "./check.ts";
import { checkColumns, checkComparisons, checkNames, checkSettings } from "./checks.ts";
import { indexColumns, keyColumns, nameClashes, sharedFields } from "./column_names.ts";
import { columnKeys, columnOptions } from "./column_options.ts";
import { columnRules } from "./column_rules.ts";
import { computedColumns } from "./computed_columns.ts";
import { databaseSource } from "./database_source.ts";
import { hookSql } from "./hooks.ts";
import { formatOptions } from "./format.ts";
import { indexTypes } from "./index_types.ts";
import { nameLengths } from "./name_lengths.ts";
import { contradictions, partitionColumn, partitionRange } from "./partitions.ts";
import {
  checkPlaceholders,
  expressionPlaceholders,
  missingPlaceholder,
  placeholders,
  queryPlaceholders,
  rulePlaceholders,
} from "./placeholders.ts";
import { checkSql, expressionSql, ruleSql } from "./sql_texts.ts";
import { scheduleTimes } from "./schedule.ts";
import { sourceAddress } from "./source_address.ts";

const PARTITIONS = ["partitions.by", "partitions.from", "partitions.to", "partitions.values"];
const ADDRESS = ["source.url", "environments"];

/** Every check with the keys it reads: where one of them is wrong, the check would tell untruths. */
export const COHERENCE: readonly (readonly [Check, reads: readonly string[]])[] = [
  [afterOthers, ["pipeline", "after"]],
  [keyColumns, ["idempotency_key"]],
  [
    indexColumns,
    [
      "refresh.mode",
      "target.indexes",
      "target.lineage",
      "target.partition_column",
      "partitions.by",
    ],
  ],
  [sharedFields, formatReads("naming")],
  [
    nameClashes,
    [
      "partitions.by",
      "refresh.mode",
      "target.table",
      "target.partition_column",
      "target.lineage",
    ],
  ],
  [nameLengths, [...PARTITIONS, "target.table", "target.indexes", "idempotency_key"]],
  [
    indexTypes,
    [
      "partitions.by",
      "refresh.mode",
      "idempotency_key",
      "target.indexes",
      "target.partition_column",
    ],
  ],
  [partitionRange, PARTITIONS],
  [placeholders, ["partitions.by", "source.table", ...ADDRESS]],
  [rulePlaceholders, ["partitions.by", "rules"]],
  [ruleSql, ["rules"]],
  [checkSql, []],
  [hookSql, ["hooks"]],
  [missingPlaceholder, [...PARTITIONS, "source.table", "source.query", ...ADDRESS]],
  [sourceAddress, ["partitions.by", "source.headers", ...ADDRESS]],
  [
    databaseSource,
    [
      ...PARTITIONS,
      ...ADDRESS,
      "source.table",
      "source.query",
      "source.compression",
      "source.members",
      "source.checksum",
      "source.headers",
    ],
  ],
  [queryPlaceholders, ["partitions.by", "source.query"]],
  [
    contradictions,
    [
      "partitions.by",
      "refresh.mode",
      "refresh.hard_deletes",
      "refresh.allow_empty",
      "idempotency_key",
      "on_duplicate",
      "target.partition_column",
    ],
  ],
  [partitionColumn, ["partitions.by", "target.partition_column", "idempotency_key"]],
  [checkNames, []],
  [checkColumns, ["partitions.by"]],
  [checkSettings, []],
  [checkComparisons, ["refresh.mode", "refresh.hard_deletes", "idempotency_key"]],
  [checkPlaceholders, ["partitions.by"]],
  [formatOptions, formatReads("check")],
  [computedColumns, ["target.partition_column"]],
  [expressionSql, []],
  [expressionPlaceholders, ["partitions.by"]],
  [columnKeys, []],
  [columnRules, []],
  [columnOptions, []],
  [scheduleTimes, ["schedule"]],
];

/** Runs every check that the rest of the file leaves something to say. */
export function checkCoherence(
  draft: Draft,
  report: Report,
  { input, broken }: Checked,
  readers: Readers,
): void {
  // Without its columns a file cannot be told which of them it names wrongly.
  if (broken.has(["columns"])) return;
  const subject = {
    ...draft,
    columns: draft.columns.filter(({ name }) => !broken.touches(["columns", name])),
    ...(draft.passing === undefined ? {} : {
      passing: draft.passing.filter(({ name }) => !broken.touches(["columns", name])),
    }),
    columnNames: draft.columns.map(({ name }) => name),
    placedChecks: draft.checks.flatMap((check, at): PlacedCheck[] => {
      if (broken.touches(["checks", at])) return [];
      const options = input.checks[at][check.kind] as PlacedCheck["options"];
      return [{ check, path: ["checks", at, check.kind], options }];
    }),
  };
  for (const [check, reads] of COHERENCE) {
    if (reads.some((key) => broken.touches(key.split(".")))) continue;
    check(subject, report, input, readers);
  }
}

import { typeText } from "../column_type.ts";
import { countPeriods, MAX_PARTITIONS, PERIOD_EXAMPLES, resolveBound } from "../../core/period.ts";
import { zoneFault } from "../zone_fault.ts";
import type { Check } from "./check.ts";
import { takesRowsAway } from "../../core/takes_rows_away.ts";

/** `current` is checked against this moment: a file must not be right today and wrong tomorrow. */
export const SOME_DAY = new Date("9000-01-01T00:00:00Z");

/** First and last partition are written right and in order; a list has values. */
export const partitionRange: Check = ({ partitions }, report, input) => {
  if (partitions === null) return;
  const { by, values, timezone } = partitions;
  if (timezone !== undefined) {
    const path = ["partitions", "timezone"];
    const fault = zoneFault(timezone);
    if (fault !== null) report.value(path, ...fault);
    else if (by === "list" || by === "hour") {
      report.key(
        path,
        "spec/contradiction",
        by === "list"
          ? `A list has no "timezone"`
          : `Hours are UTC: clocks skip and repeat those of a zone`,
        by === "list" ? null : `Leave "timezone" out, or write "by: day"`,
      );
    }
  }
  if (by === "list") {
    for (const key of ["from", "to"] as const) {
      if (partitions[key] === null) continue;
      report.key(["partitions", key], "spec/contradiction", `A list has no "${key}"`);
    }
    if (values.length === 0) {
      report.key(["partitions"], "spec/bad_list", `"partitions.values" names no partition`);
    }
    const seen = new Set<string>();
    values.forEach((value, at) => {
      const path = ["partitions", "values", at];
      if (seen.has(value)) {
        report.value(path, "spec/bad_list", `Partition "${value}" occurs twice`);
      } else if (value === "" || value.includes("\0")) {
        report.value(path, "spec/bad_list", "A partition cannot be empty or hold NUL");
      }
      seen.add(value);
    });
    return;
  }
  if (input.partitions?.values !== undefined) {
    report.key(["partitions", "values"], "spec/contradiction", `Only "by: list" has values`);
  }
  const [from, to] = (["from", "to"] as const).map((key) => {
    const text = partitions[key];
    if (text === null) {
      report.key(["partitions"], "spec/missing_key", `"partitions" has no "${key}"`);
      return null;
    }
    const start = resolveBound(by, text, SOME_DAY);
    if (start === null) {
      report.value(
        ["partitions", key],
        "spec/bad_partition",
        `"${text}" is not a valid ${by}`,
        `Write it as ${PERIOD_EXAMPLES[by]}; current and current-2 also work`,
      );
    }
    return start;
  });
  if (from === null || to === null) return;
  const isRelative = (text: string | null) => text?.startsWith("current") ?? false;
  // A fixed period against a relative one depends on the day.
  if (isRelative(partitions.from) !== isRelative(partitions.to)) return;
  const count = countPeriods(by, from, to);
  if (count < 1) {
    report.value(
      ["partitions", "from"],
      "spec/empty_range",
      `"${partitions.from}" lies after "${partitions.to}"`,
    );
  } else if (count > MAX_PARTITIONS) {
    report.value(
      ["partitions", "from"],
      "spec/bad_partition",
      `From "${partitions.from}" to "${partitions.to}" there are ${count} partitions`,
      `At most ${MAX_PARTITIONS} can be loaded`,
    );
  }
};

/** Mode, key and partitions go together. */
export const contradictions: Check = (spec, report, input) => {
  const { partitions, refresh } = spec;
  if (refresh.mode === "full" && partitions !== null) {
    report.value(
      ["refresh", "mode"],
      "spec/contradiction",
      `"full" replaces the whole table, but there are partitions`,
      `Write "partition"`,
    );
  }
  if (refresh.mode === "partition" && partitions === null) {
    report.value(
      ["refresh", "mode"],
      "spec/contradiction",
      `"partition" needs partitions`,
      `Write "full", or add "partitions"`,
    );
  }
  if ((refresh.mode === "upsert" || refresh.mode === "history") && !spec.idempotencyKey.length) {
    report.value(
      ["refresh", "mode"],
      "spec/contradiction",
      `"${refresh.mode}" needs "idempotency_key", which identifies a row`,
    );
  }
  if (input.refresh?.hard_deletes !== undefined && refresh.mode !== "history") {
    report.key(
      ["refresh", "hard_deletes"],
      "spec/contradiction",
      `"hard_deletes" is for "history" only`,
      `"full" and "partition" remove what the source no longer has, "append" and "upsert" never do`,
    );
  }
  if (
    refresh.hardDeletes === "invalidate" && partitions !== null &&
    input.target.partition_column === undefined
  ) {
    report.value(
      ["refresh", "hard_deletes"],
      "spec/contradiction",
      `Each partition would close the rows of all others`,
      `Add "partition_column", which holds the partition of each row, or write "ignore"`,
    );
  }
  if (input.refresh?.allow_empty !== undefined && !takesRowsAway(refresh)) {
    report.key(
      ["refresh", "allow_empty"],
      "spec/contradiction",
      `"allow_empty" is for modes that take rows away`,
      `A load without rows changes nothing here`,
    );
  }
  if (partitions === null && input.target.partition_column !== undefined) {
    report.key(
      ["target", "partition_column"],
      "spec/contradiction",
      `There are no partitions for "partition_column" to hold`,
    );
  }
  if (input.on_duplicate !== undefined && spec.idempotencyKey.length === 0) {
    report.key(
      ["on_duplicate"],
      "spec/contradiction",
      `Without "idempotency_key" no row is a duplicate`,
    );
  }
};

/** A declared partition column has the type and the place that RANGE partitions need. */
export const partitionColumn: Check = (
  { partitions, target, columns, idempotencyKey },
  report,
  input,
) => {
  const column = columns.find(({ name }) => name === target.partitionColumn);
  if (partitions === null || column === undefined) return;
  // `_partition` left out is a clash of names, told elsewhere.
  if (input.target.partition_column === undefined) return;
  const path = ["target", "partition_column"];
  const code = "spec/bad_partition_column";
  if (partitions.by === "list") {
    report.value(
      path,
      code,
      `"${column.name}" is declared, which "by: list" does not take`,
      "Name a column that is none of the columns",
    );
  } else if (!/^(date|timestamp|timestamptz)$/.test(column.type.name)) {
    report.value(
      path,
      code,
      `"${column.name}" is of type "${typeText(column.type)}"`,
      "Only date, timestamp and timestamptz can hold a period",
    );
  } else if (partitions.by === "hour" && column.type.name === "date") {
    report.value(path, code, `"${column.name}" is a date, which has no hours`);
  } else if (idempotencyKey.length > 0 && !idempotencyKey.includes(column.name)) {
    report.value(
      path,
      code,
      `"${column.name}" is not in "idempotency_key"`,
      "A unique index of a partitioned table must hold the partition column",
    );
  }
};

import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { ColumnPlan } from "../../src/plan/load_plan.ts";
import { Frame } from "../../src/rows/frame.ts";
import { compileRules, RULES } from "../../src/rows/rules/mod.ts";
import { compileType } from "../../src/rows/types/mod.ts";
import { parseColumnType } from "../../src/spec/column_type.ts";
import type { ColumnOptions, ColumnRules } from "../../src/spec/pipeline_spec.ts";

function columnOf(type: string, rules: ColumnRules, options: ColumnOptions = {}): ColumnPlan {
  const parsed = parseColumnType(type);
  if (!("name" in parsed)) throw new Error(`"${type}" is no type`);
  return {
    name: "c",
    from: "c",
    aliases: [],
    type: parsed,
    required: false,
    default: null,
    rules,
    options,
  };
}

/** The code of the first broken rule, or null. */
function judge(column: ColumnPlan, text: string): string | null {
  const bytes = new TextEncoder().encode(text);
  const frame = new Frame(256 + bytes.length * 2);
  // A value is not always at the frame's start.
  frame.length = 7;
  const problem = compileType(column.type, column.options)(bytes, 0, bytes.length, frame);
  if (problem !== null) throw new Error(`"${text}" is not ${problem.expected}`);
  for (const check of compileRules(column) ?? []) {
    const broken = check(frame, 7, bytes, 0, bytes.length);
    if (broken !== null) return broken.code;
  }
  return null;
}

Deno.test("RULES: each has a name of its own, and a column without rules has no checks", () => {
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  expect(compileRules(columnOf("integer", {}))).toBe(null);
});

Deno.test("min and max compare values of every ordered type exactly", () => {
  for (
    const [type, limit, equal, below, above] of [
      ["smallint", "-5", "-05", "-6", "-4"],
      ["integer", "0", "-0", "-1", "1"],
      ["integer", "-2147483648", "-2147483648", null, "2147483647"],
      ["bigint", "9007199254740993", "9007199254740993", "9007199254740992", "9007199254740994"],
      ["bigint", "-4294967297", "-4294967297", "-4294967298", "-4294967296"],
      ["real", "0.1", "0.1", "0.0999", "NaN"],
      ["double precision", "-0", "0", "-5e-324", "inf"],
      ["double precision", "1.5", "15e-1", "-Infinity", "1.5000000000000002"],
      ["numeric", "0.5", "0.50000", "0.49999999999999999999", "10000"],
      ["numeric", "-0.5", "-0.5", "-0.51", "-0.49999"],
      ["numeric", "10000", "1e4", "9999.9999", "10000.0001"],
      ["numeric", "0", "-0.00", "-0.0001", "NaN"],
      ["numeric", "0.00001", "1e-5", "-1", "Infinity"],
      ["numeric(10,2)", "1.005", null, "1.00", "1.01"],
      ["date", "2021-02-28", "20210228", "0044-03-15 BC", "infinity"],
      ["time", "12:00", "12:00:00.0000001", "11:59:59.999999", "24:00"],
      ["timestamp", "2021-01-01", "2020-12-31 24:00:00", "-infinity", "2021-01-01 00:00:00.000001"],
      ["timestamptz", "2021-01-01T00:00Z", "2021-01-01 01:00+01", "2020-12-31", "2021-01-01 01:00"],
      ["interval", "1 mon", "30 days", "29 days 23:59:59", "31 days"],
    ] as const
  ) {
    const min = columnOf(type, { min: limit });
    const max = columnOf(type, { max: limit });
    const told = [type, limit];
    if (equal !== null) {
      expect([...told, judge(min, equal), judge(max, equal)]).toEqual([...told, null, null]);
    }
    if (below !== null) {
      expect([...told, judge(min, below), judge(max, below)])
        .toEqual([...told, "below_min", null]);
    }
    expect([...told, judge(min, above), judge(max, above)]).toEqual([...told, null, "above_max"]);
  }
});

Deno.test("one_of: values that Postgres finds equal are equal", () => {
  for (
    const [type, values, good, bad] of [
      ["smallint", ["1", "2", "-3"], ["01", " 2", "-3"], ["3", "0", "-1", "32767"]],
      ["integer", ["1", "2"], ["+1"], ["3"]],
      ["bigint", ["5", "9223372036854775807"], ["9223372036854775807"], ["4"]],
      ["numeric", ["1", "0.1", "-7"], ["1.000", "1e-1", "-7.0"], ["0.11", "7", "NaN"]],
      ["double precision", ["0.1", "NaN"], ["1e-1", "nan"], ["0.10000000000000002"]],
      ["text", ["a", "b", "é"], ["a", "é"], ["A", "a ", "", "ab"]],
      ["char(3)", ["a"], ["a", "a  "], ["b"]],
      ["boolean", ["true"], ["yes"], ["no"]],
      ["date", ["2021-01-01"], ["20210101"], ["2021-01-02"]],
    ] as const
  ) {
    const column = columnOf(type, { one_of: values });
    for (const text of good) expect([type, text, judge(column, text)]).toEqual([type, text, null]);
    for (const text of bad) {
      expect([type, text, judge(column, text)]).toEqual([type, text, "not_one_of"]);
    }
  }
});

Deno.test("one_of: finds each of many values, and nothing between them", () => {
  const values = Array.from({ length: 501 }, (_, i) => String((i * 7919) % 1009 * 2));
  const column = columnOf("integer", { one_of: values });
  for (const value of values) expect(judge(column, value)).toBe(null);
  expect(judge(column, "1")).toBe("not_one_of");
  expect(judge(column, "-2")).toBe("not_one_of");
  expect(judge(column, "999999")).toBe("not_one_of");
});

Deno.test("max_length counts code points, pattern is searched and sees Unicode", () => {
  expect(judge(columnOf("text", { max_length: 2 }), "😀é")).toBe(null);
  expect(judge(columnOf("text", { max_length: 2 }), "😀éx")).toBe("too_long");
  expect(judge(columnOf("text", { max_length: 0 }), "")).toBe(null);
  expect(judge(columnOf("text", { pattern: "b" }), "abc")).toBe(null);
  expect(judge(columnOf("text", { pattern: "^b" }), "abc")).toBe("pattern_mismatch");
  expect(judge(columnOf("text", { pattern: "^.$" }), "😀")).toBe(null);
  // A backtracking engine would need years.
  expect(judge(columnOf("text", { pattern: "^(a+)+$" }), "a".repeat(60) + "!")).toBe(
    "pattern_mismatch",
  );
  expect(judge(columnOf("text", { pattern: "^\ufeff$" }), "\ufeff")).toBe(null);
});

Deno.test("limits are read as Postgres reads them, and else by the column's options", () => {
  const format = { format: "dd/MM/yyyy" };
  expect(judge(columnOf("date", { min: "2021-02-01" }, format), "31/01/2021")).toBe("below_min");
  expect(judge(columnOf("date", { min: "01/02/2021" }, format), "31/01/2021")).toBe("below_min");
  const german = { decimal: ",", thousands: "." };
  expect(judge(columnOf("numeric", { max: "1.5" }, german), "1,6")).toBe("above_max");
});

Deno.test("a limit that is no value of the type is an error that names it", () => {
  for (
    const [type, rules, what] of [
      ["integer", { min: "abc" }, "c, min"],
      ["date", { max: "2021-02-30" }, "c, max"],
      ["smallint", { one_of: ["1", "70000"] }, "c, one_of"],
    ] as const
  ) {
    try {
      compileRules(columnOf(type, rules));
      throw new Error(`${what} was taken`);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      expect(error.code).toBe("rows/invalid_value");
      expect(error.message).toContain(what);
    }
  }
});

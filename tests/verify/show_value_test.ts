import { expect } from "packages/expect.ts";
import { showValue } from "../../src/rows/verify/show_value.ts";
import { parseColumnType } from "../../src/spec/column_type.ts";
import { encodeText } from "../rows/encode_text.ts";

const SHOWN: Readonly<Record<string, readonly (readonly [text: string, shown: string])[]>> = {
  smallint: [["-32768", "-32768"]],
  integer: [["2147483647", "2147483647"]],
  bigint: [["-9223372036854775808", "-9223372036854775808"]],
  real: [["1.5", "1.5"], ["NaN", "NaN"]],
  "double precision": [["-0.1", "-0.1"], ["inf", "Infinity"]],
  numeric: [
    ["0", "0"],
    ["-0.00", "0.00"],
    ["12345678.90", "12345678.90"],
    ["-0.00001", "-0.00001"],
    ["100000000", "100000000"],
    ["NaN", "NaN"],
    ["-Infinity", "-Infinity"],
    ["Infinity", "Infinity"],
    ["9".repeat(200), `${"9".repeat(80)}…`],
  ],
  "numeric(10,2)": [["3", "3.00"], ["-1234.5", "-1234.50"]],
  boolean: [["t", "true"], ["no", "false"]],
  text: [["it's é\n", '"it\'s é\\n"'], ["x".repeat(90), `"${"x".repeat(79)}…`]],
  "char(3)": [["a", '"a  "']],
  uuid: [["A0EEBC999C0B4EF8BB6D6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
  bytea: [["\\x00ff", "\\x00ff"]],
  date: [
    ["2021-02-28", "2021-02-28"],
    ["1999-12-31", "1999-12-31"],
    ["infinity", "infinity"],
    ["-infinity", "-infinity"],
    ["5874897-12-31", "day 2145031948 from 2000-01-01"],
  ],
  time: [["24:00", "24:00:00"], ["01:02:03.45", "01:02:03.45"]],
  timestamp: [
    ["2021-02-28 01:02:03.000001", "2021-02-28T01:02:03.000001"],
    ["1999-12-31 23:59:59.5", "1999-12-31T23:59:59.5"],
    ["infinity", "infinity"],
    ["-infinity", "-infinity"],
  ],
  timestamptz: [["2021-02-28 01:00:00+02", "2021-02-27T23:00:00Z"], ["infinity", "infinity"]],
  interval: [["1 year 2 days 00:00:01", "12 months 2 days 1000000 µs"]],
};

for (const [name, texts] of Object.entries(SHOWN)) {
  Deno.test(`showValue() of ${name}`, () => {
    const type = parseColumnType(name);
    if (!("name" in type)) throw new Error(`"${name}" is no type`);
    for (const [text, shown] of texts) {
      expect(showValue(type, Uint8Array.fromHex(encodeText(name, text)))).toBe(shown);
    }
  });
}

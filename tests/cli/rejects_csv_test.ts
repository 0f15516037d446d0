import { expect } from "packages/expect.ts";
import { rejectsCsv } from "../../src/cli/views/rejects_csv.ts";

function csv(raw: string, reader: { terminal?: boolean; spreadsheet?: boolean } = {}): string {
  const row = {
    partition: null,
    source_url: "a.csv",
    line: 2,
    byte_offset: 8,
    column: "id",
    code: "invalid",
    message: "no number",
    raw,
  };
  return rejectsCsv([row], { terminal: false, spreadsheet: false, ...reader });
}

Deno.test("a field of rejects as CSV is as it was in the file", () => {
  expect(csv("=1+1\x1b[2J")).toBe(",a.csv,2,8,id,invalid,no number,=1+1\x1b[2J\n");
  expect(csv('a,"b"\n')).toBe(',a.csv,2,8,id,invalid,no number,"a,""b""\n"\n');
});

Deno.test("on a terminal no field of rejects as CSV has control characters", () => {
  const all = Array.from({ length: 0x2070 }, (_, code) => String.fromCharCode(code)).join("");
  const shown = csv(all, { terminal: true }).slice(0, -1);
  // deno-lint-ignore no-control-regex
  expect(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(shown)).toBe(false);
});

Deno.test("for a spreadsheet no field of rejects as CSV is a formula", () => {
  for (const raw of ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\n=1", "＝1"]) {
    expect(csv(raw, { spreadsheet: true })).toMatch(/,"?'[^]*\n$/);
  }
  for (const raw of ["a=1", "1-1", "", "x@y"]) {
    expect(csv(raw, { spreadsheet: true })).toBe(csv(raw));
  }
});

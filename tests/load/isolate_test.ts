import { expect } from "packages/expect.ts";
import { type PostgresFields, SluiceError } from "../../src/core/error.ts";
import { isAboutRows } from "../../src/load/refused_rows.ts";

function isAbout(postgres: PostgresFields): boolean {
  return isAboutRows(new SluiceError("db/test", "Postgres refuses it", { postgres }));
}

Deno.test("isAboutRows takes what a row's values break, whichever table of the user's says so", () => {
  const table = { schema: "taxi", table: "trips" };
  for (const code of ["22003", "23505", "23503", "23514", "44000", "P0001", "54000"]) {
    expect(isAbout({ code })).toBe(true);
    expect(isAbout({ code, ...table })).toBe(true);
  }
  expect(isAbout({ code: "23505", schema: "audit", table: "written_by_a_trigger" })).toBe(true);
});

Deno.test("isAboutRows leaves alone what clashes in the catalog or in the ledger", () => {
  const constraint = "pg_type_typname_nsp_index";
  expect(isAbout({ code: "23505", schema: "pg_catalog", table: "pg_type", constraint })).toBe(
    false,
  );
  expect(isAbout({ code: "23505", schema: "sluice", table: "loads" })).toBe(false);
});

Deno.test("isAboutRows leaves alone errors that are not about values", () => {
  for (const code of ["40001", "42P01", "53100", "54023", "57014"]) {
    expect(isAbout({ code, schema: "taxi", table: "trips" })).toBe(false);
  }
  expect(isAboutRows(new SluiceError("source/not_found", "There is no file"))).toBe(false);
});

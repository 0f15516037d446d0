import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { ColumnPlan } from "../../src/plan/load_plan.ts";
import { matchHeader } from "../../src/rows/match_header.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import { CSV } from "../source/support.ts";

function columns(...names: string[]): ColumnPlan[] {
  return names.map((name) => {
    const [column, fields = column] = name.split("<");
    const [from, ...aliases] = fields.split("|");
    return {
      name: column,
      from,
      aliases,
      type: { name: "text" },
      required: false,
      default: null,
      rules: {},
      options: {},
    };
  });
}

function match(
  names: string[],
  header: string[] | null,
  newColumns: "freeze" | "discard_value" = "freeze",
  width = header?.length ?? 0,
  missingColumns: "freeze" | "discard_value" | "discard_row" = "freeze",
) {
  const plan = {
    naming: "header" as const,
    nullValues: [""],
    trim: false,
    columns: columns(...names),
    newColumns,
    missingColumns,
    typeChanges: "freeze" as const,
    lineColumn: false,
    offsetColumn: false,
  };
  try {
    return matchHeader(plan, header, width).columns;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return error;
  }
}

function failure(outcome: readonly number[] | SluiceError): SluiceError {
  if (!(outcome instanceof SluiceError)) throw new Error(`Nothing was thrown: ${outcome}`);
  return outcome;
}

Deno.test("matchHeader finds fields by name in any order", () => {
  expect(match(["a", "b<Other B"], ["Other B", "a"])).toEqual([1, 0]);
  expect(match(["a"], ["x", "a", "x"], "discard_value")).toEqual([1]);
});

Deno.test("matchHeader tells both sides of a mismatch at once, and what was likely meant", () => {
  const error = failure(match(["pickup_at", "fare"], ["Pickup_At", "tip amount", "fare"]));
  expect(error.code).toBe("rows/schema_mismatch");
  expect(error.message).toBe(
    'The file\'s columns are not those of the pipeline: the file lacks "pickup_at"; ' +
      'the pipeline does not know "Pickup_At", "tip amount"',
  );
  expect(error.hint).toContain(
    'Did you mean "Pickup_At"? Give column "pickup_at" the key\n    from: ["pickup_at", "Pickup_At"]',
  );
  expect(error.hint).toContain('"tip_amount": { type: text, from: "tip amount" }');
  expect(error.hint).toContain("schema_contract: { new_columns: discard_value }");
  expect(error.retry).toBe("never");
  // A column that is missing is missed even where new ones are let through.
  expect(failure(match(["a", "c"], ["b", "c"], "discard_value")).message).not.toContain('"b"');
});

Deno.test("matchHeader refuses a name that the header holds twice, if a column reads it", () => {
  expect(failure(match(["a"], ["a", "a"])).code).toBe("rows/duplicate_header");
  expect(match(["a"], ["a", "b", "b"], "discard_value")).toEqual([0]);
});

Deno.test("matchHeader takes any header that a field has had, and refuses two of them at once", () => {
  const names = ["vendor<VendorID|vendor_id|vendor_name", "fare"];
  expect(match(names, ["fare", "VendorID"])).toEqual([1, 0]);
  expect(match(names, ["vendor_name", "fare"])).toEqual([0, 1]);
  const both = failure(match(names, ["vendor_id", "vendor_name", "fare"]));
  expect(both.code).toBe("rows/duplicate_header");
  expect(both.message).toContain('"vendor_id" or "vendor_name"');
});

Deno.test("matchHeader lets columns be missing where the contract does", () => {
  expect(match(["a", "b"], ["a"], "freeze", 1, "discard_value")).toEqual([0, -1]);
  expect(match(["a", "b"], ["a"], "freeze", 1, "discard_row")).toEqual([0, -1]);
  expect(match(["a", "b"], null, "freeze", 1, "discard_value")).toEqual([0, -1]);
  expect(failure(match(["a", "b"], ["a"])).hint).toContain("missing_columns: discard_value");
});

Deno.test("matchHeader takes a number that is no header for a position", () => {
  expect(match(["id<2", "v<3"], ["", "id", "v"], "discard_value")).toEqual([1, 2]);
  expect(match(["row<1", "id", "v"], ["", "id", "v"])).toEqual([0, 1, 2]);
  expect(match(["a<2", "b<3", "id"], ["id", "v", "v"])).toEqual([1, 2, 0]);
  // A header comes before a position, and so do numbers in general where they are headers.
  expect(match(["a<2", "b<1"], ["2", "1"])).toEqual([0, 1]);
  expect(failure(match(["h<24"], ["22", "23"], "discard_value")).message).toContain('lacks "24"');
  expect(failure(match(["h<1"], ["22", "23"], "discard_value")).message).toContain('lacks "1"');
  expect(match(["h<1", "y<2021"], ["", "2021"])).toEqual([0, 1]);
  // A column that is called by a number is looked for by its name.
  expect(failure(match(["1"], ["a"], "discard_value")).message).toContain('lacks "1"');
  expect(failure(match(["a", "b<1"], ["a", "c"], "discard_value")).code).toBe("rows/shared_field");
  expect(failure(match(["a<9"], ["a", "b"], "discard_value")).message).toContain('lacks "9"');
});

Deno.test("matchHeader tells fields without a name, or with the same, by their positions", () => {
  const error = failure(match(["id"], ["id", "", "v", "v", "id 2"]));
  expect(error.message).toContain(
    'does not know field 2, which has no name, "v" (field 3), "v" (field 4), "id 2"',
  );
  expect(error.hint).toContain(`columns:
  "column_2": { type: text, from: 2 }
  "v": { type: text, from: 3 }
  "v_2": { type: text, from: 4 }
  "id_2": { type: text, from: "id 2" }
`);
  expect(failure(match(["v"], ["v", "v"])).hint).toContain("    from: 1\n    from: 2");
});

Deno.test("matchHeader shows what cannot be seen in a name", () => {
  const error = failure(match(["pickup"], ["pickup\u200b", "a\u0085b"]));
  expect(error.message).toContain('does not know "pickup\\u200b", "a\\u0085b"');
  expect(error.hint).toContain('from: ["pickup", "pickup\\u200b"]');
});

Deno.test("matchHeader without a header goes by position", () => {
  expect(match(["a", "b"], null, "freeze", 2)).toEqual([0, 1]);
  expect(match(["a<2", "b<1"], null, "freeze", 2)).toEqual([1, 0]);
  expect(match(["a", "b"], null, "freeze", 0)).toEqual([0, 1]);
  expect(match(["a"], null, "discard_value", 3)).toEqual([0]);
  const few = failure(match(["a", "b", "c"], null, "discard_value", 2));
  expect(few.message).toBe(
    "The file has 2 fields in each record; the pipeline reads 3, up to field 3",
  );
  expect(failure(match(["a"], null, "freeze", 2)).hint).toContain("discard_value");
});

/** Files of which the pipeline reads no column, and what is told of them. */
const WRONG_FILES: readonly (readonly [
  header: string[],
  types: Record<string, string>,
  says: string,
  hint: string,
  delimiter?: string,
])[] = [
  [["id;name;amount"], { id: "integer", name: "text" }, '";"', 'delimiter: ";"'],
  [['"id"\t"name"'], { id: "integer", name: "text" }, '"\\t"', 'delimiter: "\\t"'],
  [["id|name", "x"], { id: "integer", name: "text" }, '"|"', 'delimiter: "|"'],
  [["id,name"], { id: "integer", name: "text" }, '","', 'delimiter: ","', ";"],
  [["id name"], { id: "integer", name: "text" }, '" "', 'delimiter: " "'],
  [["sku;qty"], { id: "integer", name: "text" }, 'may be separated by ";"', 'delimiter: ";"'],
  [["1", "Anna"], { id: "integer", name: "text" }, "no header", "header: false"],
  [["Anna", "2021-01-01"], { name: "text", at: "date" }, "no header", "header: false"],
  [["Anna", "2.5"], { name: "text", note: "text" }, "no header", "header: false"],
  [["<Error>"], { id: "integer" }, "HTML or XML", "browser"],
  [["sku", "qty"], { id: "integer", name: "text" }, '"sku", "qty"', "right file"],
  [["ID", "Full_Name"], { id: "integer", full_name: "text" }, '"ID", "Full_Name"', "Did you mean"],
];

Deno.test("matchHeader refuses a file without any column of the pipeline, whatever the contract", () => {
  const contracts = ["freeze", "discard_value", "discard_row", "evolve"] as const;
  for (const [header, types, says, hint, delimiter = ","] of WRONG_FILES) {
    for (const newColumns of contracts) {
      for (const missingColumns of contracts.slice(0, 3) as ("freeze" | "discard_value")[]) {
        const plan = {
          naming: "header" as const,
          nullValues: [""],
          trim: false,
          columns: columns(...Object.keys(types)).map((column) => ({
            ...column,
            ...(newColumns === "evolve" ? { optional: true as const } : {}),
            type: { name: types[column.name] } as ColumnPlan["type"],
          })),
          newColumns,
          missingColumns,
          typeChanges: "freeze" as const,
          lineColumn: false,
          offsetColumn: false,
        };
        const guess = openReader({ ...CSV, delimiter }).about!.guess!;
        const error = failure(
          outcome(() => matchHeader(plan, header, header.length, guess).columns),
        );
        expect(error.code).toBe("rows/schema_mismatch");
        expect(error.message).toContain("none of the pipeline's columns");
        expect(error.message).toContain(says);
        expect(error.hint).toContain(hint);
      }
    }
  }
});

function outcome(work: () => readonly number[]): readonly number[] | SluiceError {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return error;
  }
}

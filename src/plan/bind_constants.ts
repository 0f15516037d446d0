import type { ConstantColumn, Facts } from "./load_plan.ts";

/** Columns that are the same in each row, with what only the run knows filled in. */
export function bindConstants(
  constants: readonly ConstantColumn[],
  facts: Facts,
): readonly ConstantColumn[] {
  return constants.map((column) => ({
    ...column,
    value: typeof column.value === "object" && column.value !== null
      ? String(facts[column.value.fact])
      : column.value,
  }));
}

import { SluiceError } from "../core/error.ts";
import type { Catalog } from "../db/catalog/catalog.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { isMerging } from "./layout.ts";
import type { TargetShape } from "./target.ts";

/**
 * Refuses a target that a load could not be published into, before anything is loaded.
 *
 * @throws SluiceError `plan/not_exchangeable`, `plan/row_security`
 */
export function requireLoadable(
  spec: PipelineSpec,
  targetKey: string,
  { table }: Catalog,
  { method }: TargetShape,
): void {
  if (table === null) return;
  const { mode } = spec.refresh;
  if ((table.manager ?? null) !== null && !isMerging(mode)) {
    throw new SluiceError(
      "plan/not_exchangeable",
      `"${targetKey}" is ${table.manager}: its rows lie in parts that cannot be exchanged, and "${mode}" would delete and write all of them`,
      {
        hint:
          "Use refresh.mode: append, upsert or history, which write only what is new; or name a plain table as target.table",
      },
    );
  }
  if (method === "merge" && table.rowSecurity === true) {
    throw new SluiceError(
      "plan/row_security",
      `Row-level security of "${targetKey}" applies to this role: the load would not see the rows that it hides, and would add them again`,
      {
        hint:
          "No grant helps. Let the role own the table (and alter table … no force row level security), or give it BYPASSRLS: alter role … bypassrls",
      },
    );
  }
}

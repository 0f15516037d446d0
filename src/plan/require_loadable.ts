import { SluiceError } from "../core/error.ts";
import type { Catalog } from "../db/catalog/catalog.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { isMerging } from "./layout.ts";
import type { TargetShape } from "./target.ts";

/**
 * Refuses a target that a load could not be published into, before anything is loaded.
 *
 * @throws SluiceError `plan/not_exchangeable`, `plan/has_rules`, `plan/row_security`
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
  const rules = table.rules ?? [];
  if (method === "merge" && rules.length > 0) {
    throw new SluiceError(
      "plan/has_rules",
      `"${targetKey}" has rules that change what is written into it: ${
        rules.map((rule) => `"${rule}"`).join(", ")
      }. Postgres cannot count the rows of such a statement`,
      {
        hint:
          `Write it as a trigger (create trigger … on ${targetKey}), or switch it off: alter table ${targetKey} disable rule "${
            rules[0]
          }"`,
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

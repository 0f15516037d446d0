import { looseText } from "./text.ts";
import { z } from "../zod.ts";

const statement = looseText().min(1, "There is no statement");

/** One statement, or several in their order. */
function statements(when: string, words: readonly string[] = []) {
  return z.union([statement, z.array(statement)]).exactOptional().describe(when).meta({ words });
}

/** `hooks:` */
export const hooksSchema = z.strictObject({
  before_load: statements("Before a partition's rows are read, in a transaction of its own"),
  after_load: statements(
    "Once they are staged and checked, before they are published, in a transaction of its own",
  ),
  before_publish: statements(
    "First in the transaction that publishes them, undone with it",
    ["pre_hook", "pre-hook", "pre_sql", "pre_statements"],
  ),
  after_publish: statements(
    "Last in the transaction that publishes them, undone with it",
    ["post_hook", "post-hook", "post_sql", "post_statements"],
  ),
  on_failure: statements(
    "Where a partition is refused or fails, in a transaction of its own; fails nothing itself",
  ),
}).describe("SQL around each load: a statement, or a list of them").meta({
  rows: false,
  standIn: {},
});

export type HooksInput = z.output<typeof hooksSchema>;

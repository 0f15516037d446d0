import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { ColumnUser } from "../db/column_users.ts";
import type { PublicationMember } from "../db/catalog/table_properties.ts";
import type { Layout } from "./layout.ts";
import type { Statement } from "./load_plan.ts";
import { isSame } from "./owned.ts";
import type { Surroundings } from "./plan_input.ts";
import { belongings } from "./preserve/belongings.ts";
import { change } from "./preserve/change.ts";

/**
 * What uses columns whose type changes, and cannot be taken away and made again: Postgres lets no
 * column change its type while such a thing uses it.
 */
export function lastingUsers({ target }: Layout, { parent, users }: Surroundings): string[] {
  const { own } = parent;
  const lasts = ({ table, kind, name }: ColumnUser): boolean => {
    if (kind === "computed column" || !isSame(table, target)) return true;
    if (kind === "publication") {
      return !own.publications.some((each) => each.name === name && each.changeable);
    }
    if (kind === "trigger") {
      return !own.triggers.some((each) => each.name === name && each.tail !== null);
    }
    return false;
  };
  const computed = (user: ColumnUser) => user.kind === "computed column";
  const mine = new Set(
    users.filter((user) => computed(user) && isSame(user.table, target)).map(({ name }) => name),
  );
  return users.filter(lasts)
    // A version computes what the target computes.
    .filter((user) => isSame(user.table, target) || !computed(user) || !mine.has(user.name))
    .map(({ table, kind, name }) => `${kind} "${name}" of ${table.schema}.${table.table}`);
}

/** Takes away what uses the columns, and makes it again as it was; in one transaction. */
export function aroundUsers(
  { target }: Layout,
  { parent, users, table: { rules } }: Surroundings,
): { readonly before: readonly Statement[]; readonly after: readonly Statement[] } {
  const { own } = parent;
  const quoted = quoteTable(target);
  const mine = users.filter(({ table }) => isSame(table, target));
  const named = (kind: ColumnUser["kind"]) =>
    new Set(mine.filter((user) => user.kind === kind).map(({ name }) => name));
  const [policies, triggers, ruleNames, publications] = [
    named("policy"),
    named("trigger"),
    named("rule"),
    named("publication"),
  ];
  const wanted = { ...own, publications: [] };
  const left = {
    ...wanted,
    policies: own.policies.filter(({ name }) => !policies.has(name)),
    triggers: own.triggers.filter(({ name }) => !triggers.has(name)),
  };
  return {
    before: mine.map(({ kind, name }) =>
      change(
        kind === "publication"
          ? `alter publication ${quoteIdent(name)} drop table ${quoted}`
          : `drop ${kind} ${quoteIdent(name)} on ${quoted}`,
        "It uses a column whose type changes: made again below",
      )
    ),
    after: [
      ...belongings(parent, wanted, left, target).publish
        .map((statement) => ({ ...statement, why: "As it was" })),
      ...rules.filter(({ name }) => ruleNames.has(name))
        .flatMap(({ statements }) => statements.map((sql) => change(sql, "As it was"))),
      ...own.publications.filter(({ name }) => publications.has(name))
        .map((member) => addToPublication(member, quoted, "As it was")),
    ],
  };
}

/** Publishes a table in the way it was published. */
export function addToPublication(
  { name, columns, where }: PublicationMember,
  quoted: string,
  why: string,
): Statement {
  return change(
    `alter publication ${quoteIdent(name)} add table ${quoted}${
      columns === null ? "" : ` (${columns.map(quoteIdent).join(", ")})`
    }${where === null ? "" : ` where (${where})`}`,
    why,
  );
}

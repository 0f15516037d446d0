import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { ViewProperties } from "../../db/dependents.ts";
import type { TableProperties } from "../../db/catalog/table_properties.ts";
import type { Statement } from "../load_plan.ts";
import { grantChanges } from "./belongings.ts";
import { change, commentOn, optionList } from "./change.ts";

/** Takes away the views that hold a column's type; they come back in the same transaction. */
export function dropViews(views: readonly ViewProperties[]): Statement[] {
  return views.map(({ kind, name }) =>
    change(`drop ${kind} ${quoteTable(name)}`, "It reads the table: created again below")
  );
}

/** Makes them again, with all that was on them. */
export function createViews(
  views: readonly ViewProperties[],
  { role, newGrants }: Pick<TableProperties, "role" | "newGrants">,
): Statement[] {
  return [...views].reverse().flatMap((view) => {
    const { kind, name, owner, definition, options, populated, tablespace } = view;
    const quoted = quoteTable(name);
    const alter = (action: string) => change(`alter ${kind} ${quoted} ${action}`, "As it was");
    return [
      change(
        `create ${kind} ${quoted}${options.length === 0 ? "" : ` with ${optionList(options)}`}${
          tablespace === null ? "" : ` tablespace ${quoteIdent(tablespace)}`
        } as
${definition}${kind === "view" || populated ? "" : "\nwith no data"}`,
        "The view as it was",
      ),
      ...view.columns.filter((column) => column.default !== null).map((column) =>
        alter(`alter column ${quoteIdent(column.name)} set default ${column.default}`)
      ),
      ...view.statements.map((sql) => change(sql, "As it was")),
      ...commentOn(`${kind} ${quoted}`, view.comment, null),
      ...view.columns.flatMap((column) =>
        commentOn(`column ${quoted}.${quoteIdent(column.name)}`, column.comment, null)
      ),
      ...(owner === role ? [] : [alter(`owner to ${quoteIdent(owner)}`)]),
      ...grantChanges(view, { owner: role, grants: newGrants }, quoted),
    ];
  });
}

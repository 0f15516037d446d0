import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { ColumnInfo, TableInfo } from "../db/catalog/catalog.ts";
import { type Asked, boundNames, keepsNotNull } from "./asked.ts";
import { aroundUsers, lastingUsers } from "./column_users.ts";
import { HISTORY_COLUMNS, type Layout, type LayoutColumn } from "./layout.ts";
import type { Statement, TableName } from "./load_plan.ts";
import type { Surroundings } from "./plan_input.ts";
import { createViews, dropViews } from "./preserve/views.ts";
import { alterKept, rebuildParent, rebuildRefusals } from "./rebuild.ts";
import { recordTarget } from "./record_target.ts";
import { isOfType, sqlType } from "./sql_types.ts";
import { type TypeChange, typeChange } from "./widening.ts";

/** What the table that stands lacks, or has otherwise than the pipeline. */
export interface Evolution {
  readonly statements: readonly Statement[];
  /** What no statement may mend; empty where the pipeline can load. */
  readonly differences: readonly string[];
  /** Differences that `--allow-destructive` would mend. */
  readonly destructive: boolean;
  /** What to do about them, where it is one thing; else null. */
  readonly hint: string | null;
}

/** Tables that must change with the target, so that rollback can use them. */
export interface Evolving {
  readonly layout: Layout;
  readonly table: TableInfo;
  /** Sluice made the table; others are never altered. */
  readonly managed: boolean;
  readonly allowDestructive: boolean;
  /** What the file asked for before: what the table has otherwise is somebody else's. */
  readonly asked: Asked;
  /** Null where no type changes. */
  readonly surroundings: Surroundings | null;
  /** Detached versions, and the tables of merges. */
  readonly kept: readonly TableName[];
}

/** A column whose type changes. */
interface Retype {
  readonly column: LayoutColumn;
  readonly there: ColumnInfo;
  readonly change: TypeChange;
}

/** One column's part of it. */
interface Change {
  readonly retype?: Retype;
  readonly statements?: readonly Statement[];
  readonly difference?: string;
  readonly destructive?: boolean;
  readonly hint?: string;
}

/** Compares the table with the pipeline's columns. Pure. */
export function evolve(input: Evolving): Evolution {
  const { layout, table } = input;
  const present = new Map(table.columns.map((column) => [column.name, column]));
  const named = new Set(layout.columns.map(({ name }) => name));
  const changes: Change[] = [
    ...layout.columns.flatMap((column) => {
      const there = present.get(column.name);
      return there === undefined
        ? [missing(input, column)]
        : [otherType(input, column, there), otherNull(input, column, there)];
    }),
    ...table.columns.filter(({ name }) => !named.has(name))
      .map((column) => beyond(input, column)),
  ];
  const retyped = retype(input, changes.flatMap(({ retype }) => retype ?? []));
  changes.push(retyped);
  const differences = changes.flatMap(({ difference }) => difference ?? []);
  const hints = changes.flatMap(({ hint }) => hint ?? []);
  return {
    statements: [
      ...retyped.statements ?? [],
      ...changes.filter((each) => each !== retyped).flatMap(({ statements }) => statements ?? []),
    ],
    differences,
    destructive: changes.some(({ destructive }) => destructive ?? false),
    hint: hints.length === differences.length ? [...new Set(hints)].join("; ") || null : null,
  };
}

function missing(input: Evolving, column: LayoutColumn): Change {
  if (input.managed && canAdd(input.layout, column)) {
    return { statements: addColumn(input, column) };
  }
  return { difference: `column "${column.name}" is missing in the table` };
}

function otherType(input: Evolving, column: LayoutColumn, there: ColumnInfo): Change {
  const { managed, asked } = input;
  if (there.generated) {
    return {
      difference:
        `column "${column.name}" is computed by the table (generated always as ${there.default}): nothing can be written into it`,
      hint: `Take "${column.name}" out of the columns of the pipeline file`,
    };
  }
  if (isOfType(there, column.type)) return {};
  const change = typeChange(there.type, column.type);
  const difference = `column "${column.name}" is ${there.type} in the table, ${
    sqlType(column.type)
  } in the pipeline`;
  if (!managed) return { difference };
  if (asked.get(column.name)?.type === sqlType(column.type) && !input.allowDestructive) {
    return {
      difference: `${difference}, which has not changed: somebody altered the table`,
      hint:
        "Write the type of the table into the pipeline file, alter the table back, or use --allow-destructive",
    };
  }
  if (change === "destructive" && !input.allowDestructive) {
    return { difference, destructive: true };
  }
  return { retype: { column, there, change } };
}

/** All columns whose types change, at once: what reads them is taken away and made again once. */
function retype(input: Evolving, columns: readonly Retype[]): Change {
  const { layout, surroundings, table } = input;
  if (columns.length === 0) return {};
  const pinned = columns.find(({ column }) => column.name === layout.partitionColumn);
  const dependents = pinned === undefined ? surroundings?.columns : surroundings?.table;
  const refused = [
    ...(dependents?.others ?? []),
    ...(dependents?.views ?? []).filter(({ ownable }) => !ownable)
      .map(({ kind, name, owner }) => `${kind} ${name.schema}.${name.table} of "${owner}"`),
    ...(surroundings === null ? [] : lastingUsers(layout, surroundings)),
    ...(pinned === undefined || surroundings === null ? [] : rebuildRefusals(surroundings.parent)),
  ];
  if (refused.length > 0) {
    const names = columns.map(({ column }) => `"${column.name}"`).join(", ");
    return {
      difference: `the type of ${names} cannot change while these depend on it: ${
        refused.join("; ")
      }`,
      hint: "Drop them, run, and create them again; or change the type in the pipeline file back",
    };
  }
  const views = dependents?.views ?? [];
  const back = surroundings === null ? [] : createViews(views, surroundings.parent);
  if (pinned === undefined || surroundings === null) {
    const { before, after } = surroundings === null
      ? { before: [], after: [] }
      : aroundUsers(layout, surroundings);
    return {
      statements: [
        ...dropViews(views),
        ...before,
        ...columns.flatMap((each) => changeType(input, each)),
        ...after,
        ...back,
      ],
    };
  }
  return {
    statements: [
      ...dropViews(views),
      ...rebuildParent({
        layout,
        table,
        parent: surroundings.parent,
        dependents: surroundings.table,
        alter: columns.map((each) => ({ column: each.column.name, action: alterType(each) })),
        kept: input.kept,
        taken: surroundings.taken,
        why: columns.map(reasonOf).join("; "),
      }),
      recordTarget(layout),
      ...back,
    ],
  };
}

function otherNull(input: Evolving, column: LayoutColumn, there: ColumnInfo): Change {
  const { layout, managed, asked, table } = input;
  if (!there.notNull || column.notNull || there.generated) return {};
  if (!managed) {
    return {
      difference: `column "${column.name}" is NOT NULL in the table, not required in the pipeline`,
    };
  }
  if (!keepsNotNull(there, asked, boundNames(table))) {
    return { statements: [dropNotNull(layout, there, "may be NULL in the pipeline")] };
  }
  return {
    difference: `column "${column.name}" was made NOT NULL, and Sluice writes NULL into it`,
    hint: `alter table ${quoteTable(layout.target)} alter column ${
      quoteIdent(column.name)
    } drop not null`,
  };
}

/** A column that is not in the pipeline. */
function beyond({ layout, managed, asked, table }: Evolving, column: ColumnInfo): Change {
  if (!column.notNull || column.default !== null || column.generated) return {};
  if (managed && !keepsNotNull(column, asked, boundNames(table))) {
    return {
      statements: [
        dropNotNull(layout, column, "is no longer in the pipeline: it stays, as NULL"),
      ],
    };
  }
  const name = quoteIdent(column.name);
  const alter = `alter table ${quoteTable(layout.target)} alter column ${name}`;
  return {
    difference:
      `column "${column.name}" of the table is NOT NULL, has no default and is not in the pipeline`,
    ...(managed
      ? {
        hint:
          `Add "${column.name}" to the columns of the pipeline file, or give it a default (${alter} set default …), or let it be NULL (${alter} drop not null)`,
      }
      : {}),
  };
}

/** What tells rows or versions apart cannot come later: the rows there would have no value. */
function canAdd(layout: Layout, { name }: LayoutColumn): boolean {
  return name !== layout.partitionColumn && !layout.uniqueColumns.includes(name) &&
    !HISTORY_COLUMNS.some((column) => column.name === name);
}

function addColumn({ layout, kept }: Evolving, { name, type }: LayoutColumn): Statement[] {
  return [layout.target, ...kept].map((table) => ({
    // A kept version still has what somebody dropped from the target since.
    sql: `alter table ${quoteTable(table)} add column ${
      table === layout.target ? "" : "if not exists "
    }${quoteIdent(name)} ${sqlType(type)}`,
    params: [],
    why: table === layout.target
      ? `Column "${name}" is new in the pipeline; it is NULL in the rows that are there`
      : "A version kept for rollback must have the same columns",
    lock: table === layout.target ? exclusive(layout, "for milliseconds") : null,
  }));
}

function changeType({ layout, kept }: Evolving, each: Retype): Statement[] {
  const duration = each.change === "relabel" ? "for milliseconds" : "while every row is rewritten";
  return [layout.target, ...kept].map((table) => ({
    sql: table === layout.target
      ? `alter table ${quoteTable(table)} ${alterType(each)}`
      : alterKept(table, each.column.name, alterType(each)),
    params: [],
    why: table !== layout.target
      ? "A version kept for rollback must have the same columns"
      : reasonOf(each),
    lock: table === layout.target ? exclusive(layout, duration) : null,
  }));
}

function reasonOf({ column: { type }, there, change }: Retype): string {
  return change === "destructive"
    ? `--allow-destructive: ${there.type} becomes ${
      sqlType(type)
    }; a value that does not fit stops the run`
    : `${there.type} becomes ${sqlType(type)}, which holds every value of it`;
}

function alterType({ column: { name, type }, there }: Retype): string {
  const collation = there.collation === null || !hasCollation(type)
    ? ""
    : ` collate ${there.collation}`;
  const sql = sqlType(type);
  const column = quoteIdent(name);
  return `alter column ${column} type ${sql}${collation} using ${column}::${sql}`;
}

function hasCollation({ name }: LayoutColumn["type"]): boolean {
  return name === "text" || name === "varchar" || name === "char";
}

function dropNotNull(layout: Layout, { name }: ColumnInfo, why: string): Statement {
  return {
    sql: `alter table ${quoteTable(layout.target)} alter column ${quoteIdent(name)} drop not null`,
    params: [],
    why: `Column "${name}" ${why}`,
    lock: exclusive(layout, "for milliseconds"),
  };
}

function exclusive({ target }: Layout, duration: string): string {
  return `ACCESS EXCLUSIVE on ${target.schema}.${target.table}, ${duration}`;
}

/** Columns of a table of Sluice's own whose type is not the one that is asked for. */
export function otherTypes(layout: Layout, table: TableInfo): string[] {
  const wanted = new Map(layout.columns.map(({ name, type }) => [name, type]));
  return table.columns.filter((column) => {
    const type = wanted.get(column.name);
    return type !== undefined && !isOfType(column, type);
  }).map(({ name }) => name);
}

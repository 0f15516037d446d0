import { quoteIdent, quoteLiteral, quoteTable } from "../../core/quote.ts";
import type {
  ColumnProperties,
  LeafProperties,
  StatisticsProperties,
  TableProperties,
} from "../../db/catalog/table_properties.ts";
import type { Statement, TableName } from "../load_plan.ts";
import { change, commentOn, freeNames, optionChanges, same } from "./change.ts";

/** Storage settings of the table, and its statistics. */
export interface Settings {
  readonly stage: readonly Statement[];
  readonly finish: readonly Statement[];
}

/** Sets what differs. */
export function settings(
  parent: TableProperties,
  wanted: LeafProperties,
  has: LeafProperties,
  table: TableName,
  /** It will be loaded: what identity columns hold comes from the parent's sequences. */
  loads: boolean,
): Settings {
  const quoted = quoteTable(table);
  const why = "As on the partition that it replaces";
  const alter = (action: string) => change(`alter table ${quoted} ${action}`, why);
  const stage: Statement[] = [];
  const finish: Statement[] = [];
  if (wanted.accessMethod !== null && wanted.accessMethod !== has.accessMethod) {
    stage.push(alter(`set access method ${quoteIdent(wanted.accessMethod)}`));
  }
  if (wanted.unlogged !== has.unlogged) {
    stage.push(alter(`set ${wanted.unlogged ? "unlogged" : "logged"}`));
  }
  if (wanted.tablespace !== null && wanted.tablespace !== has.tablespace) {
    stage.push(alter(`set tablespace ${quoteIdent(wanted.tablespace)}`));
  }
  stage.push(...optionChanges(wanted.options, has.options).map(alter));
  for (const column of wanted.columns) {
    const standing = has.columns.find(({ name }) => name === column.name);
    if (standing === undefined) continue;
    const name = quoteIdent(column.name);
    stage.push(
      ...columnChanges(column, standing).map((each) => alter(`alter column ${name} ${each}`)),
    );
    if (column.default !== standing.default) {
      finish.push(alter(
        `alter column ${name} ${
          column.default === null ? "drop default" : `set default ${column.default}`
        }`,
      ));
    }
  }
  for (const { name, sequence, default: fallback } of loads ? parent.own.columns : []) {
    if (sequence === null || fallback !== null) continue;
    const column = quoteIdent(name);
    stage.push(change(
      `alter table ${quoted} alter column ${column} set default nextval(${quoteLiteral(sequence)})`,
      "Numbers come from the identity of the target",
    ));
    finish.push(change(
      `alter table ${quoted} alter column ${column} drop default`,
      "From here on the target numbers its rows",
    ));
  }
  stage.push(...statisticsChanges(wanted.statistics, has.statistics, table));
  if (wanted.replicaIdentity !== "index" && wanted.replicaIdentity !== has.replicaIdentity) {
    finish.push(alter(`replica identity ${wanted.replicaIdentity}`));
  }
  return { stage, finish };
}

function columnChanges(wanted: ColumnProperties, has: ColumnProperties): string[] {
  return [
    ...(wanted.storage === has.storage ? [] : [`set storage ${wanted.storage}`]),
    ...(wanted.compression === has.compression ? [] : [`set compression ${wanted.compression}`]),
    ...(wanted.statistics === has.statistics ? [] : [`set statistics ${wanted.statistics ?? -1}`]),
    ...optionChanges(wanted.options, has.options),
  ];
}

/** Extended statistics: those that the table lacks are made, those it has beyond are dropped. */
function statisticsChanges(
  wanted: readonly StatisticsProperties[],
  has: readonly StatisticsProperties[],
  table: TableName,
): Statement[] {
  const nextName = freeNames(table.table, "s", has.map(({ name }) => name.table));
  const shape = ({ kinds, columns, target, comment }: StatisticsProperties) => ({
    kinds,
    columns,
    target,
    comment,
  });
  const left = [...has];
  const missing = wanted.filter((wish) => {
    const at = left.findIndex((other) => same(shape(wish), shape(other)));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const dropped = left.map(({ name }) =>
    change(`drop statistics ${quoteTable(name)}`, "The partition no longer has them")
  );
  const made = missing.flatMap(({ kinds, columns, target, comment }) => {
    const name = quoteTable({ schema: table.schema, table: nextName() });
    const which = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
    return [
      change(
        `create statistics ${name}${which} on ${columns} from ${quoteTable(table)}`,
        "Extended statistics of the partition",
      ),
      ...(target === null ? [] : [change(
        `alter statistics ${name} set statistics ${target}`,
        "Their statistics target",
      )]),
      ...commentOn(`statistics ${name}`, comment, null),
    ];
  });
  return [...dropped, ...made];
}

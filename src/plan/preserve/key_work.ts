import { quoteIdent, quoteLiteral, quoteTable } from "../../core/quote.ts";
import type {
  ConstraintProperties,
  LeafProperties,
  TableProperties,
} from "../../db/catalog/table_properties.ts";
import type { Statement, TableName } from "../load_plan.ts";
import { change, commentOn } from "./change.ts";
import { BOUNDS_CHECK } from "./like_parent.ts";

/** The lock of another table is asked for this often. */
const ATTEMPTS = 12;

/** What rows may not be, and what they must refer to. */
export interface KeyWork {
  readonly drop: readonly Statement[];
  /** NOT NULL, before a primary key makes one under a name of its own. */
  readonly notNull: readonly Statement[];
  readonly add: readonly Statement[];
}

/**
 * Gives the table the foreign keys and checks of the parent and of the partition.
 *
 * ATTACH adopts a foreign key that stands and is valid; another one it would prove under its lock.
 */
export function keyWork(
  parent: TableProperties,
  wanted: LeafProperties,
  has: LeafProperties,
  table: TableName,
): KeyWork {
  const quoted = quoteTable(table);
  // On a version that was detached nothing says what once came from the parent.
  const wishes = [
    ...parent.own.constraints.filter(({ inherited }) => !inherited),
    ...wanted.constraints.filter(({ inherited, name }) => !inherited && name !== BOUNDS_CHECK),
  ].filter((wish, at, all) => all.findIndex((other) => alike(other, wish)) === at);
  const standing = has.constraints.filter(({ name, inherited, type }) =>
    name !== BOUNDS_CHECK && (type === "check" || !inherited)
  );
  const missing = wishes.filter((wish) => !standing.some((other) => alike(wish, other)));
  const beyond = standing.filter((other) => !wishes.some((wish) => alike(wish, other)));
  return {
    drop: beyond.map(({ name }) =>
      change(
        `alter table ${quoted} drop constraint ${quoteIdent(name)}`,
        "Neither the table nor its partition has it any more",
      )
    ),
    notNull: columnNulls(wanted, has, quoted, true),
    add: [
      ...missing.flatMap((wish) => add(wish, quoted, parent.own.constraints.includes(wish))),
      ...columnNulls(wanted, has, quoted, false),
    ],
  };
}

function alike(a: ConstraintProperties, b: ConstraintProperties): boolean {
  return a.name === b.name && a.definition === b.definition && a.valid === b.valid;
}

function add(wish: ConstraintProperties, quoted: string, ofParent: boolean): Statement[] {
  const { name, definition, references } = wish;
  const object = `constraint ${quoteIdent(name)} on ${quoted}`;
  const adding = `alter table ${quoted} add constraint ${quoteIdent(name)} ${definition}`;
  const comment = ofParent && wish.type === "foreign key"
    ? []
    : commentOn(object, wish.comment, null);
  const why = `As constraint "${name}" has it`;
  if (references === null) return [change(adding, why), ...comment];
  const lock = `SHARE ROW EXCLUSIVE on ${references.schema}.${references.table}, for milliseconds`;
  if (!wish.valid) return [change(steppingAside(adding), why, lock), ...comment];
  return [
    change(steppingAside(`${adding} not valid`), why, lock),
    change(
      `alter table ${quoted} validate constraint ${quoteIdent(name)}`,
      "Proves it while nobody waits; the parent adopts it at the exchange",
      `ROW SHARE on ${references.schema}.${references.table}`,
    ),
    ...comment,
  ];
}

/**
 * Waits for its lock half a second at most, as an exchange does, and tries again later: who writes
 * into the other table would queue up behind it.
 */
function steppingAside(sql: string): string {
  const body = `begin
  for attempt in 1..${ATTEMPTS} loop
    begin
      perform set_config('lock_timeout', '500ms', true);
      ${sql};
      return;
    exception when lock_not_available then
      if attempt = ${ATTEMPTS} then raise; end if;
      perform pg_sleep(least(5, 0.2 * 2 ^ attempt) * random());
    end;
  end loop;
end`;
  return `do ${quoteLiteral(body)}`;
}

function columnNulls(
  wanted: LeafProperties,
  has: LeafProperties,
  quoted: string,
  notNull: boolean,
): Statement[] {
  return wanted.columns.flatMap((column) => {
    const standing = has.columns.find(({ name }) => name === column.name);
    if (standing === undefined || standing.notNull === column.notNull) return [];
    if (column.notNull !== notNull) return [];
    const name = quoteIdent(column.name);
    return [change(
      !column.notNull
        ? `alter table ${quoted} alter column ${name} drop not null`
        : column.notNullName === null
        ? `alter table ${quoted} alter column ${name} set not null`
        : `alter table ${quoted} add constraint ${quoteIdent(column.notNullName)} not null ${name}`,
      "As the partition has it",
    )];
  });
}

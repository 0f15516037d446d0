import type { LeafProperties, TableProperties } from "../../db/catalog/table_properties.ts";

/** What an exchange would lose, in words for the user; empty where nothing would be lost. */
export function refusals(parent: TableProperties, leaf: LeafProperties | null): string[] {
  const { own } = parent;
  return [
    ...own.indexes.filter(({ definition, constraint }) =>
      definition === null && constraint === null
    )
      .map(({ name }) => `index "${name}" (its definition is unreadable)`),
    ...own.constraints
      .filter(({ references }) =>
        references?.schema === own.name.schema && references.table === own.name.table
      )
      .map(({ name }) => `foreign key "${name}" (it points to the table itself)`),
    ...(leaf === null ? [] : ofLeaf(parent, leaf)),
  ];
}

function ofLeaf(parent: TableProperties, leaf: LeafProperties): string[] {
  const { own, role, serverVersion } = parent;
  const identities = new Set(
    own.columns.filter(({ identity }) => identity).map(({ name }) => name),
  );
  return [
    ...(leaf.owner === role || leaf.ownable
      ? []
      : [`owner "${leaf.owner}" ("${role}" cannot give tables to that role)`]),
    ...leaf.rules.map((name) => `rule "${name}"`),
    ...leaf.labels.map((provider) => `security label of "${provider}"`),
    ...leaf.indexes.filter((index) =>
      index.parent === null && index.valid && index.definition === null && index.constraint === null
    ).map(({ name }) => `index "${name}" (its definition is unreadable)`),
    ...leaf.triggers.filter(({ inherited, tail }) => !inherited && tail === null)
      .map(({ name }) => `trigger "${name}" (its definition is unreadable)`),
    ...leaf.policies.filter(({ using, check }) => names(using, leaf) || names(check, leaf))
      .map(({ name }) => `policy "${name}" (it names the partition)`),
    ...leaf.constraints.filter(({ references }) => references?.table === leaf.name.table)
      .map(({ name }) => `foreign key "${name}" (it points to the partition itself)`),
    ...leaf.columns.filter(({ name, identity }) => identity && !identities.has(name))
      .map(({ name }) => `identity of column "${name}"`),
    ...leaf.publications.filter(({ changeable }) => !changeable)
      .map(({ name }) => `publication "${name}" ("${role}" does not own it)`),
    ...(serverVersion < 150000 && leaf.accessMethod !== parent.newAccessMethod
      ? [`access method "${leaf.accessMethod}"`]
      : []),
    ...leaf.dependents.map((dependent) => `${dependent} (it refers to the partition)`),
  ];
}

/** Within a subquery, a policy's own table is written by its name, which will be another one. */
function names(condition: string | null, { name }: LeafProperties): boolean {
  return condition !== null && condition.includes(name.table.replaceAll('"', '""'));
}

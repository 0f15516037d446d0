import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type {
  Grant,
  LeafProperties,
  PolicyProperties,
  TableProperties,
  TriggerProperties,
} from "../../db/catalog/table_properties.ts";
import type { Statement, TableName } from "../load_plan.ts";
import { change, commentOn, same } from "./change.ts";

/** Who owns the table, who may do what, and what happens besides. */
export interface Belongings {
  readonly publish: readonly Statement[];
  readonly attached: readonly Statement[];
}

/** Hands over what must not take effect while the table is loaded. */
export function belongings(
  parent: TableProperties,
  wanted: LeafProperties,
  has: LeafProperties,
  table: TableName,
): Belongings {
  const quoted = quoteTable(table);
  const why = "As on the partition that it replaces";
  const alter = (action: string) => change(`alter table ${quoted} ${action}`, why);
  return {
    publish: [
      ...(wanted.owner === has.owner ? [] : [alter(`owner to ${quoteIdent(wanted.owner)}`)]),
      ...grantChanges(wanted, has, quoted),
      ...policyChanges(wanted.policies, has.policies, quoted),
      ...(wanted.rowSecurity === has.rowSecurity
        ? []
        : [alter(`${wanted.rowSecurity ? "enable" : "disable"} row level security`)]),
      ...(wanted.forcedRowSecurity === has.forcedRowSecurity
        ? []
        : [alter(`${wanted.forcedRowSecurity ? "" : "no "}force row level security`)]),
      ...triggerChanges(localOnes(wanted.triggers), localOnes(has.triggers), quoted),
      ...commentOn(`table ${quoted}`, wanted.comment, has.comment),
      ...wanted.columns.flatMap(({ name, comment }) => {
        const standing = has.columns.find((other) => other.name === name);
        return standing === undefined
          ? []
          : commentOn(`column ${quoted}.${quoteIdent(name)}`, comment, standing.comment);
      }),
      ...moveSequences(wanted, has, quoted),
      ...movePublications(wanted, has, quoted),
    ],
    attached: clonedTriggers(parent, wanted, quoted),
  };
}

/** Gives a table or view the grants that are wanted, and no others. */
export function grantChanges(
  wanted: Pick<LeafProperties, "owner" | "grants">,
  has: Pick<LeafProperties, "owner" | "grants">,
  quoted: string,
): Statement[] {
  const order = (grants: readonly Grant[]) => grants.map((grant) => JSON.stringify(grant)).sort();
  // What the owner had goes to the new owner with the table.
  const standing = has.grants.map((grant) =>
    grant.grantee === has.owner ? { ...grant, grantee: wanted.owner } : grant
  );
  if (same(order(wanted.grants.map(plain)), order(standing.map(plain)))) return [];
  const everybody = new Set([...standing.map(({ grantee }) => grantee), wanted.owner]);
  const groups = new Map<string, { grant: Grant; privileges: string[] }>();
  for (const grant of wanted.grants) {
    const { privilege, ...rest } = plain(grant);
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { grant, privileges: [] };
    group.privileges.push(
      grant.column === null ? privilege : `${privilege} (${quoteIdent(grant.column)})`,
    );
    groups.set(key, group);
  }
  return [
    change(
      `revoke all on table ${quoted} from ${[...everybody].map(roleName).join(", ")} cascade`,
      "What new tables grant by default",
    ),
    ...[...groups.values()].map(({ grant, privileges }) =>
      change(
        `grant ${privileges.join(", ")} on table ${quoted} to ${roleName(grant.grantee)}${
          grant.grantable ? " with grant option" : ""
        }`,
        "Who may do what, as on the partition that it replaces",
      )
    ),
  ];
}

function plain({ grantee, privilege, column, grantable }: Grant): Grant {
  return { grantee, privilege, column, grantable };
}

function roleName(role: string | null): string {
  return role === null ? "public" : quoteIdent(role);
}

function policyChanges(
  wanted: readonly PolicyProperties[],
  has: readonly PolicyProperties[],
  quoted: string,
): Statement[] {
  const { gone, missing } = compare(wanted, has);
  return [
    ...gone.map(({ name }) =>
      change(`drop policy ${quoteIdent(name)} on ${quoted}`, "The partition no longer has it")
    ),
    ...missing.flatMap((policy) => [
      change(
        `create policy ${quoteIdent(policy.name)} on ${quoted}
  as ${policy.permissive ? "permissive" : "restrictive"} for ${policy.command} to ${
          policy.roles === null ? "public" : policy.roles.map(quoteIdent).join(", ")
        }${policy.using === null ? "" : `\n  using (${policy.using})`}${
          policy.check === null ? "" : `\n  with check (${policy.check})`
        }`,
        "A policy of the partition",
      ),
      ...commentOn(`policy ${quoteIdent(policy.name)} on ${quoted}`, policy.comment, null),
    ]),
  ];
}

function triggerChanges(
  wanted: readonly TriggerProperties[],
  has: readonly TriggerProperties[],
  quoted: string,
): Statement[] {
  const { gone, missing } = compare(wanted, has);
  return [
    ...gone.map(({ name }) =>
      change(`drop trigger ${quoteIdent(name)} on ${quoted}`, "The partition no longer has it")
    ),
    ...missing.flatMap((trigger) => [
      change(`${trigger.head} on ${quoted} ${trigger.tail}`, "A trigger of the partition"),
      ...enable(trigger, "origin", quoted),
      ...commentOn(`trigger ${quoteIdent(trigger.name)} on ${quoted}`, trigger.comment, null),
    ]),
  ];
}

/** ATTACH brings the parent's triggers as the parent has them; the partition may have them off. */
function clonedTriggers(
  parent: TableProperties,
  wanted: LeafProperties,
  quoted: string,
): Statement[] {
  return wanted.triggers.filter(({ inherited }) => inherited).flatMap((trigger) => {
    const original = parent.own.triggers.find(({ name }) => name === trigger.name);
    return original === undefined ? [] : enable(trigger, original.enabled, quoted);
  });
}

function enable(
  { name, enabled }: TriggerProperties,
  has: TriggerProperties["enabled"],
  quoted: string,
): Statement[] {
  if (enabled === has) return [];
  const action = {
    origin: "enable",
    disabled: "disable",
    replica: "enable replica",
    always: "enable always",
  }[enabled];
  return [change(
    `alter table ${quoted} ${action} trigger ${quoteIdent(name)}`,
    "When the trigger fires, as on the partition that it replaces",
  )];
}

function moveSequences(wanted: LeafProperties, has: LeafProperties, quoted: string): Statement[] {
  return wanted.sequences
    .filter((sequence) => !has.sequences.some((other) => same(other, sequence)))
    .map(({ name, column }) =>
      change(
        `alter sequence ${quoteTable(name)} owned by ${quoted}.${quoteIdent(column)}`,
        "It would go with the table it belongs to",
      )
    );
}

function movePublications(
  wanted: LeafProperties,
  has: LeafProperties,
  quoted: string,
): Statement[] {
  return wanted.publications
    .filter((member) => !has.publications.some((other) => same(other, member)))
    .flatMap(({ name, columns, where }) => {
      const list = columns === null ? "" : ` (${columns.map(quoteIdent).join(", ")})`;
      const rows = where === null ? "" : ` where (${where})`;
      const publication = `alter publication ${quoteIdent(name)}`;
      return [
        ...(has.publications.some((other) => other.name === name)
          ? [change(`${publication} drop table ${quoted}`, "It is published in another way now")]
          : []),
        change(`${publication} add table ${quoted}${list}${rows}`, "Replication goes on with it"),
        ...(wanted === has ? [] : [change(
          `${publication} drop table ${quoteTable(wanted.name)}`,
          "What it replaces is no longer live",
        )]),
      ];
    });
}

function compare<T extends { readonly name: string }>(
  wanted: readonly T[],
  has: readonly T[],
): { readonly gone: readonly T[]; readonly missing: readonly T[] } {
  return {
    gone: has.filter((other) => !wanted.some((wish) => same(wish, other))),
    missing: wanted.filter((wish) => !has.some((other) => same(wish, other))),
  };
}

function localOnes(triggers: readonly TriggerProperties[]): readonly TriggerProperties[] {
  return triggers.filter(({ inherited }) => !inherited);
}

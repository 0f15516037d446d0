import { expect } from "packages/expect.ts";
import type {
  IndexProperties,
  LeafProperties,
  TableProperties,
} from "../../src/db/catalog/table_properties.ts";
import type { PreserveInput } from "../../src/plan/preserve/input.ts";
import { preserve } from "../../src/plan/preserve/preserve.ts";

const INDEX: IndexProperties = {
  name: "i",
  parent: null,
  unique: false,
  columns: ["id"],
  valid: true,
  definition: "USING btree (id)",
  where: null,
  options: [],
  tablespace: "pg_default",
  constraint: null,
  clustered: false,
  replicaIdentity: false,
  comment: null,
  statistics: [],
};

const LEAF: LeafProperties = {
  name: { schema: "s", table: "t__v1" },
  owner: "me",
  ownable: true,
  grants: [{ grantee: "me", privilege: "SELECT", column: null, grantable: false }],
  comment: null,
  unlogged: false,
  rowSecurity: false,
  forcedRowSecurity: false,
  options: [],
  tablespace: "pg_default",
  accessMethod: "heap",
  replicaIdentity: "default",
  columns: [{
    name: "id",
    notNull: true,
    notNullName: null,
    default: null,
    identity: false,
    sequence: null,
    statistics: null,
    storage: "plain",
    compression: "default",
    options: [],
    comment: null,
  }],
  indexes: [],
  constraints: [],
  statistics: [],
  policies: [],
  triggers: [],
  publications: [],
  sequences: [],
  rules: [],
  labels: [],
  dependents: [],
};

const PARENT: TableProperties = {
  serverVersion: 180000,
  role: "me",
  newGrants: LEAF.grants,
  newAccessMethod: "heap",
  newTablespace: "pg_default",
  own: { ...LEAF, name: { schema: "s", table: "t" }, accessMethod: null },
  leaves: {},
};

const INPUT: PreserveInput = {
  parent: PARENT,
  leaf: LEAF,
  standing: null,
  staging: { schema: "s", table: "t__staging" },
  version: { schema: "s", table: "t__v2" },
  indexesMadeBySluice: {},
  uniqueKey: [],
  identity: null,
};

/** What is done, in order, under the name of the list it stands in. */
function done(input: Partial<PreserveInput>): string[] {
  const { refused: _, trials: __, ...lists } = preserve({ ...INPUT, ...input });
  return Object.entries(lists).flatMap(([name, statements]) =>
    statements.map(({ sql }) => `${name}: ${sql}`)
  );
}

Deno.test("preserve does nothing where nothing differs, or nothing was there", () => {
  expect(done({})).toEqual([]);
  expect(done({ leaf: null })).toEqual([]);
  expect(done({ leaf: null, standing: { ...LEAF, comment: "kept", options: ["fillfactor=9"] } }))
    .toEqual([]);
  expect(preserve(INPUT).refused).toEqual([]);
});

Deno.test("preserve speaks of staging until it is published, and of the version then", () => {
  const leaf = {
    ...LEAF,
    comment: "it's",
    options: ["fillfactor=70", "toast.autovacuum_enabled=off"],
    rowSecurity: true,
    indexes: [{ ...INDEX, replicaIdentity: true }],
  };
  expect(done({ leaf })).toEqual([
    `stage: alter table "s"."t__staging" set ("fillfactor" = '70', "toast"."autovacuum_enabled" = 'off')`,
    `finish: create index "t__staging_p1"\n  on "s"."t__staging" USING btree (id)`,
    `finish: alter table "s"."t__staging" replica identity using index "t__staging_p1"`,
    `publish: alter table "s"."t__v2" enable row level security`,
    `publish: comment on table "s"."t__v2" is 'it''s'`,
  ]);
});

Deno.test("preserve changes the owner before it grants, and grants what the partition grants", () => {
  const grant = { grantee: "you", privilege: "SELECT", column: null, grantable: false };
  const leaf = {
    ...LEAF,
    owner: "you",
    grants: [grant, { ...grant, grantee: null }, {
      ...grant,
      privilege: "UPDATE",
      column: 'a"b',
      grantable: true,
    }],
  };
  expect(done({ leaf })).toEqual([
    `publish: alter table "s"."t__v2" owner to "you"`,
    `publish: revoke all on table "s"."t__v2" from "you" cascade`,
    `publish: grant SELECT on table "s"."t__v2" to "you"`,
    `publish: grant SELECT on table "s"."t__v2" to public`,
    `publish: grant UPDATE ("a""b") on table "s"."t__v2" to "you" with grant option`,
  ]);
});

Deno.test("preserve proves a foreign key before the exchange, and takes no long lock for it", () => {
  const own = {
    ...PARENT.own,
    constraints: [{
      name: "k",
      type: "foreign key" as const,
      definition: "FOREIGN KEY (id) REFERENCES s.zones(id)",
      valid: true,
      inherited: false,
      references: { schema: "s", table: "zones" },
      comment: "of the parent",
    }],
  };
  const { constraints } = preserve({ ...INPUT, parent: { ...PARENT, own } });
  expect(constraints.map(({ lock }) => lock)).toEqual([
    "SHARE ROW EXCLUSIVE on s.zones, for milliseconds",
    "ROW SHARE on s.zones",
  ]);
  const [add, validate] = constraints.map(({ sql }) => sql);
  expect(add).toContain(
    `alter table "s"."t__staging" add constraint "k" FOREIGN KEY (id) REFERENCES s.zones(id) not valid;`,
  );
  expect(add).toContain("lock_timeout");
  expect(validate).toBe(`alter table "s"."t__staging" validate constraint "k"`);
});

Deno.test("preserve leaves alone what Sluice builds, and looks for bad rows with the rest", () => {
  const own = {
    ...PARENT.own,
    indexes: [
      { ...INDEX, name: "t_key", unique: true },
      {
        ...INDEX,
        name: "t_pkey",
        unique: true,
        constraint: { name: "t_pkey", definition: "PRIMARY KEY (id)", comment: null },
      },
      { ...INDEX, name: "t_other", unique: true, columns: [], definition: "USING btree (abs(id))" },
    ],
  };
  const input = {
    parent: { ...PARENT, own },
    indexesMadeBySluice: { t_key: "t__staging_k" },
    uniqueKey: ["id"],
  };
  expect(done(input)).toEqual([
    `constraints: create unique index "t__staging_p1"\n  on "s"."t__staging" USING btree (abs(id))`,
    // Follows from the key: duplicates are dealt with before it is built.
    `finish: alter table "s"."t__staging" add constraint "t__staging_p2" PRIMARY KEY (id)`,
  ]);
});

Deno.test("preserve cuts long names where Postgres would, and keeps them apart", () => {
  const own = { ...PARENT.own, indexes: [INDEX, { ...INDEX, name: "j" }] };
  const names = [`${"ä".repeat(31)}x`, `${"ä".repeat(31)}y`].flatMap((table) =>
    done({ parent: { ...PARENT, own }, staging: { schema: "s", table } })
      .map((sql) => sql.match(/index "(.*)"/)![1])
  );
  expect(new Set(names).size).toBe(4);
  for (const name of names) {
    expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(63);
  }
});

Deno.test("preserve names each thing that it cannot keep", () => {
  const unreadable = { ...INDEX, definition: null };
  const leaf: LeafProperties = {
    ...LEAF,
    owner: "boss",
    ownable: false,
    rules: ["r"],
    labels: ["selinux"],
    indexes: [unreadable],
    triggers: [{
      name: "g",
      inherited: false,
      head: null,
      tail: null,
      enabled: "origin",
      comment: null,
    }],
    columns: [{ ...LEAF.columns[0], identity: true }],
    publications: [{ name: "p", changeable: false, columns: null, where: null }],
    accessMethod: "columnar",
    dependents: ["view s.v"],
  };
  const parent = {
    ...PARENT,
    serverVersion: 140000,
    own: { ...PARENT.own, indexes: [{ ...unreadable, name: "j" }] },
  };
  expect(preserve({ ...INPUT, parent, leaf }).refused).toEqual([
    `index "j" (its definition is unreadable)`,
    `owner "boss" ("me" cannot give tables to that role)`,
    `rule "r"`,
    `security label of "selinux"`,
    `index "i" (its definition is unreadable)`,
    `trigger "g" (its definition is unreadable)`,
    `identity of column "id"`,
    `publication "p" ("me" does not own it)`,
    `access method "columnar"`,
    `view s.v (it refers to the partition)`,
  ]);
});

import { expect } from "packages/expect.ts";
import type { Catalog, TableInfo } from "../../src/db/catalog/catalog.ts";
import type { SluiceError } from "../../src/core/error.ts";
import type { Slot } from "../../src/db/slots.ts";
import type { Ledger, LoadRecord } from "../../src/ledger/ledger.ts";
import type { OwnedTable } from "../../src/ledger/tables.ts";
import { compilePlan } from "../../src/plan/compile.ts";
import { compileRollback, type RollbackRequest } from "../../src/plan/compile_rollback.ts";
import type { PlanInput } from "../../src/plan/plan_input.ts";
import { stepsOf } from "../../src/plan/steps.ts";
import { quoteTable } from "../../src/core/quote.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { CSV } from "../support/csv_options.ts";

const SPEC: PipelineSpec = {
  file: "trips.yaml",
  folder: "/data",
  pipeline: "trips",
  description: null,
  environment: null,
  vars: {},
  partitions: {
    by: "month",
    from: "2021-01",
    to: "2021-02",
    values: [],
    concurrency: 2,
    publish: "each",
    missing: "fail",
  },
  source: {
    url: "trips_{month}.csv?key=${KEY}",
    format: { ...CSV, maxRecordBytes: 1000 },
    naming: "header",
    compression: "auto",
    headers: {},
    retries: 1,
    timeoutSeconds: 1,
  },
  target: {
    schema: "s",
    table: "t",
    partitionColumn: "m",
    versions: 1,
    indexes: [{ columns: ["name"], method: "brin" }],
    lineage: false,
    shared: false,
  },
  refresh: { mode: "partition", hardDeletes: "ignore", allowEmpty: false },
  idempotencyKey: ["id"],
  onDuplicate: "keep_last",
  columns: [
    column("id", { name: "bigint" }),
    column("name", { name: "varchar", length: 10 }),
  ],
  rejects: { limit: { kind: "rows", rows: 0 }, keepDays: null },
  rules: [],
  checks: [],
  notify: [],
  expect: null,
  schemaContract: { newColumns: "freeze", missingColumns: "freeze", typeChanges: "freeze" },
  hash: "h",
};

function column(name: string, type: PipelineSpec["columns"][number]["type"]) {
  return {
    name,
    from: name,
    aliases: [],
    type,
    required: false,
    default: null,
    rules: {},
    options: {},
  };
}

const TABLE: TableInfo = {
  oid: 1,
  kind: "partitioned",
  comment: null,
  columns: [
    {
      name: "id",
      type: "bigint",
      fullType: "bigint",
      notNull: false,
      collation: null,
      default: null,
      generated: false,
    },
    {
      name: "name",
      type: "character varying(10)",
      fullType: "character varying(10)",
      notNull: false,
      collation: null,
      default: null,
      generated: false,
    },
    {
      name: "m",
      type: "date",
      fullType: "date",
      notNull: true,
      collation: null,
      default: null,
      generated: false,
    },
  ],
  partitionKey: { strategy: "list", columns: ["m"] },
  partitions: [{ oid: 103, name: { schema: "s", table: "t__2021_01__v3" }, bound: "" }],
  indexes: [],
  incomingKeys: [],
  estimatedRows: null,
  unidentified: [],
};

const CATALOG: Catalog = {
  serverVersion: 180004,
  schemaExists: true,
  isTypeName: false,
  published: false,
  table: TABLE,
};
const EMPTY: Catalog = {
  serverVersion: 180004,
  schemaExists: false,
  isTypeName: false,
  published: false,
  table: null,
};

function version(n: number, state: LoadRecord["state"]): LoadRecord {
  return {
    pipeline: "trips",
    partition: "2021-01",
    version: n,
    schema: "s",
    table: `t__2021_01__v${n}`,
    sourceUrl: "u",
    etag: null,
    lastModified: null,
    bytes: 1,
    sha256: "x",
    rows: 1,
    specHash: "h",
    state,
    merge: null,
    basedOn: null,
    targetOid: 1,
  };
}

/** The newest that is live is attached, as `CATALOG` has it; the others stand alone. */
function ledgerOf(loads: readonly LoadRecord[]): Ledger {
  return {
    migration: 2,
    loads,
    madeTarget: true,
    asked: [],
    renamedTarget: null,
    tables: loads.filter(({ state }) => state !== "dropped").map((load) => ({
      oid: 100 + load.version,
      kind: "version",
      made: { schema: load.schema, table: load.table },
      now: { schema: load.schema, table: load.table },
      parent: load.state === "live" ? { oid: 1, schema: "s", table: "t" } : null,
      proven: true,
    })),
    pipelines: [],
  };
}

/** What `CATALOG` has where the partition goes. */
const OCCUPIED: ReadonlyMap<string, Slot> = new Map([["2021-01", {
  partitions: TABLE.partitions.map((partition) => ({ ...partition, exact: true })),
  inDefault: null,
}]]);

function input(change: Partial<PlanInput> = {}): PlanInput {
  const probe = { url: "u", etag: null, lastModified: null, bytes: 2, sha256: null };
  return {
    spec: SPEC,
    catalog: CATALOG,
    ledger: ledgerOf([]),
    migrations: [],
    names: [],
    slots: new Map(),
    emptied: new Set(),
    partitions: ["2021-01"],
    probes: [probe],
    force: false,
    allowDestructive: false,
    ...change,
  };
}

/** Every SQL text anywhere in a plan. */
function allSql(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "sql" ? [inner as string] : allSql(inner)
  );
}

const sqlOf = (statements: readonly { sql: string }[]) => statements.map(({ sql }) => sql);

Deno.test("compilePlan makes the parent with its indexes where nothing stands", () => {
  const plan = compilePlan(input({ catalog: EMPTY }));
  expect(sqlOf(plan.setup)).toEqual([
    expect.stringContaining("pg_advisory_xact_lock"),
    `create schema if not exists "s"`,
    `create table "s"."t" (
  "id" bigint,
  "name" varchar(10),
  "m" date not null
) partition by list ("m")`,
    expect.stringContaining("insert into sluice.targets"),
    expect.stringContaining("insert into sluice.target_columns"),
    `create unique index "t_key"
  on "s"."t" using btree ("id", "m") nulls not distinct`,
    `create index "t_name_idx"
  on "s"."t" using brin ("name")`,
  ]);
  const [partition] = plan.partitions;
  expect(sqlOf(partition.publish).at(-1)).toBe(
    `alter table "s"."t" attach partition "s"."t__2021_01__v1" for values in ('2021-01-01'::date)`,
  );
  expect(partition.replaces).toBe(null);
});

Deno.test("compilePlan says in words what its set-up makes and alters", () => {
  const table = (change: Partial<TableInfo>) =>
    compilePlan(input({ catalog: { ...CATALOG, table: { ...TABLE, ...change } } })).changes;
  const indexes = ["t_key", "t_name_idx"].map((name) => ({
    name,
    columns: [],
    unique: false,
    method: "btree",
    primary: false,
    valid: true,
    partial: false,
  }));
  expect(compilePlan(input({ catalog: EMPTY })).changes).toEqual([
    "creates the schema s",
    "creates s.t",
  ]);
  expect(table({ indexes })).toEqual([]);
  expect(table({ indexes, columns: TABLE.columns.filter(({ name }) => name !== "name") })).toEqual([
    'alters s.t (add column "name" varchar(10))',
  ]);
  expect(table({ indexes: indexes.slice(0, 1) })).toEqual(["creates the index t_name_idx"]);
});

Deno.test("stepsOf shows each table that rows go through made before they come into it", () => {
  const computed = { ...column("twice", { name: "bigint" }), expression: "id * 2" };
  const read = column("place", { name: "other", sql: "point" });
  for (
    const [columns, through] of [
      [[], []],
      [[computed], ["raw"]],
      [[read], ["texts"]],
      [[read, computed], ["texts", "raw"]],
    ] as const
  ) {
    const spec = { ...SPEC, columns: [...SPEC.columns, ...columns] };
    const plan = compilePlan(input({ spec, catalog: EMPTY }));
    const [{ staging, conversion, compute }] = plan.partitions;
    const tables = { raw: compute?.raw, texts: conversion?.texts };
    const way = [...through.map((name) => tables[name]!), staging].map(quoteTable);
    const steps = stepsOf(plan).map(({ sql }) => sql);
    const made = way.map((table) =>
      steps.findIndex((sql) => sql.startsWith(`create table ${table}`))
    );
    const filled = way.map((table, at) =>
      steps.findIndex((sql) => sql.startsWith(`${at === 0 ? "copy" : "insert into"} ${table} (`))
    );
    expect(made.includes(-1)).toBe(false);
    expect(filled[0]).toBeGreaterThan(Math.max(...made));
    expect(filled).toEqual(filled.toSorted((a, b) => a - b));
    // A row that is read by the type's own function is found again by its place.
    const copied = /\((.*)\)/.exec(steps[filled[0]])![1].split(", ");
    const names = [...plan.rows.columns, ...plan.partitions[0].constants].map(({ name }) => name);
    const offset = conversion !== null || plan.rows.offsetColumn ? ["_sluice_offset"] : [];
    expect(copied).toEqual([...names, ...offset].map((name) => `"${name}"`));
  }
});

Deno.test("compilePlan keeps secrets as references and is plain JSON", () => {
  const plan = compilePlan(input());
  expect(plan.partitions[0].source.url).toBe("/data/trips_2021-01.csv?key=${KEY}");
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

Deno.test("compilePlan exchanges the live version and drops what is beyond target.versions", () => {
  const loads = [version(1, "dropped"), version(2, "retained"), version(3, "live")];
  const { partitions: [partition] } = compilePlan(
    input({ ledger: ledgerOf(loads), slots: OCCUPIED }),
  );
  expect(partition.version).toBe(4);
  const publish = sqlOf(partition.publish);
  expect(publish.slice(-6)).toEqual([
    `lock table only "s"."t" in access exclusive mode`,
    expect.stringContaining("c.oid = coalesce("),
    `lock table only "s"."t__2021_01__v3" in access exclusive mode`,
    expect.stringContaining("where c.oid = $1::oid"),
    `alter table "s"."t" detach partition "s"."t__2021_01__v3"`,
    `alter table "s"."t" attach partition "s"."t__2021_01__v4" for values in ('2021-01-01'::date)`,
  ]);
  expect(partition.publish[0].params).toEqual(["s.t", "2021-01", 3, "retained"]);
  expect(partition.retain.map(({ version }) => version)).toEqual([2]);
});

Deno.test("compilePlan does not detach a live version whose table is gone", () => {
  const catalog = { ...CATALOG, table: { ...TABLE, partitions: [] } };
  const ledger = { ...ledgerOf([version(3, "live")]), tables: [] };
  const { partitions: [partition] } = compilePlan(input({ catalog, ledger }));
  expect(sqlOf(partition.publish).some((sql) => sql.includes("detach"))).toBe(false);
  expect(partition.publish[0].params).toEqual(["s.t", "2021-01", 3, "dropped"]);
  expect(partition.reason).toBe("the table of version 3 is gone");
});

Deno.test("compilePlan sweeps staging that the ledger knows, and only under its own name", () => {
  const staging = (table: string, change: Partial<OwnedTable> = {}): OwnedTable => ({
    oid: 200,
    kind: "staging",
    made: { schema: "s", table },
    now: { schema: "s", table },
    parent: null,
    proven: true,
    ...change,
  });
  const ledger = ledgerOf([version(3, "live")]);
  const { sweep, notes, partitions } = compilePlan(input({
    ledger: {
      ...ledger,
      tables: [
        ...ledger.tables,
        staging("t__2021_01__v4"),
        staging("t__2021_02__v1", { parent: { oid: 9, schema: "s", table: "other" } }),
        staging("t__2021_02__v2", { proven: false }),
        staging("t__2021_02__v3", { oid: 201, now: { schema: "s", table: "mine" } }),
      ],
    },
    names: ["t__2021_01__v4", "t__2021_01__v4_k", "t__2021_01__v5_b"],
    slots: OCCUPIED,
  }));
  expect(sqlOf(sweep)).toEqual([
    expect.stringContaining('drop table "s"."t__2021_01__v4"'),
    expect.stringMatching(/delete from sluice\.tables where table_oid = \$1::oid$/),
    expect.stringContaining("not exists (select from pg_class"),
  ]);
  expect(notes).toEqual([
    "s.t__2021_02__v3 is s.mine now: s.mine stays as it is, and Sluice no longer touches it",
  ]);
  // What is swept is free again.
  expect(partitions[0].version).toBe(4);
});

Deno.test("compilePlan goes around names that are taken, by anything that is made of them", () => {
  const version = (names: string[]) => compilePlan(input({ names })).partitions[0].version;
  expect(version([])).toBe(1);
  expect(version(["t__2021_01__v1", "t__2021_01__v2_b", "t__2021_01__v3_k", "t__2021_01__v33"]))
    .toBe(4);
  expect(version(["t__2021_02__v1", "t_key"])).toBe(1);
  const indexes = compilePlan(input({ names: ["t_key", "t_key1", "t_name_idx"] })).setup;
  expect(sqlOf(indexes).join()).toContain('create unique index "t_key2"');
  expect(sqlOf(indexes).join()).toContain('create index "t_name_idx1"');
});

Deno.test("compilePlan refuses what others have put where a partition goes", () => {
  const refusal = (slot: Slot) => {
    try {
      compilePlan(input({ slots: new Map([["2021-01", slot]]) }));
    } catch (error) {
      return error as SluiceError;
    }
    throw new Error("it was accepted");
  };
  const theirs = {
    oid: 77,
    name: { schema: "s", table: "t_p202101" },
    bound: "FOR VALUES IN ('2021-01-01')",
    exact: true,
  };
  expect(refusal({ partitions: [theirs], inDefault: null })).toMatchObject({
    code: "plan/partition_taken",
    message: expect.stringContaining(`"s.t_p202101" for values in ('2021-01-01') is there`),
    hint: expect.stringContaining("alter table s.t detach partition s.t_p202101"),
  });
  expect(refusal({ partitions: [], inDefault: { schema: "s", table: "rest" } })).toMatchObject({
    code: "plan/partition_taken",
    message: expect.stringContaining('the default partition "s.rest" holds rows of it'),
  });
});

Deno.test("compilePlan counts duplicates first where an index cannot see NULLs as equal", () => {
  const old = compilePlan(input({ catalog: { ...CATALOG, serverVersion: 140010 } }));
  expect(old.partitions[0].deduplicate).toMatchObject({ countFirst: true });
  expect(old.partitions[0].deduplicate?.prove.sql).not.toContain("nulls not distinct");
  const now = compilePlan(input());
  expect(now.partitions[0].deduplicate).toMatchObject({ countFirst: false });
});

Deno.test("compilePlan refuses a target of another shape, naming each difference", () => {
  const catalog = (change: Partial<TableInfo>) => ({ ...CATALOG, table: { ...TABLE, ...change } });
  const failure = (change: Partial<TableInfo>) => {
    try {
      compilePlan(input({ catalog: catalog(change) }));
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error("it was accepted");
  };
  expect(failure({ kind: "view", partitionKey: null })).toMatchObject({
    code: "plan/target_not_a_table",
    message: '"s.t" is a view',
  });
  expect(failure({ partitionKey: { strategy: "range", columns: ["m"] } }).message).toBe(
    '"s.t" is partitioned by range (m), the pipeline needs list (m)',
  );
  const [id, name, m] = TABLE.columns;
  const other = {
    name: "other",
    type: "text",
    fullType: "text",
    notNull: true,
    collation: null,
    default: null,
    generated: false,
  };
  expect(failure({ columns: [{ ...id, type: "text" }, name, other] }).message).toBe(
    'Table "s.t" does not have the columns of the pipeline: column "id" is text in the table, ' +
      'bigint in the pipeline; column "m" is missing in the table; column "other" of the table ' +
      "is NOT NULL, has no default and is not in the pipeline",
  );
  // A column the user added, that needs no value, stays the user's own.
  compilePlan(
    input({ catalog: catalog({ columns: [id, name, m, { ...other, notNull: false }] }) }),
  );
});

Deno.test("compilePlan quotes nasty names everywhere", () => {
  const nasty = 'a"; drop table x; --';
  const spec = {
    ...SPEC,
    target: { ...SPEC.target, schema: nasty, table: nasty, partitionColumn: nasty },
    columns: [column(nasty + "1", { name: "text" })],
    idempotencyKey: [nasty + "1"],
    partitions: { ...SPEC.partitions!, by: "list" as const, values: ["it's"] },
  };
  const plan = compilePlan(input({ spec, catalog: EMPTY, partitions: ["it's"] }));
  const statements = allSql(plan);
  expect(statements.length).toBeGreaterThan(10);
  for (const sql of statements) expect(sql.replaceAll('""', "")).not.toContain('"; drop');
  expect(sqlOf(plan.partitions[0].publish).at(-1)).toContain("for values in ('it''s'::text)");
});

function rollbackInput(loads: LoadRecord[]) {
  return {
    spec: SPEC,
    ledger: ledgerOf(loads),
    catalog: CATALOG,
    columns: new Map(
      loads.map(({ table }) => [table, TABLE.columns.map(({ name, type }) => ({ name, type }))]),
    ),
    slots: OCCUPIED,
  };
}

Deno.test("compileRollback goes to the version before, or to the one asked for", () => {
  const loads = [
    version(1, "dropped"),
    version(2, "retained"),
    version(3, "retained"),
    version(4, "live"),
    version(5, "rolled_back"),
  ];
  const steps = (request: RollbackRequest) =>
    compileRollback(rollbackInput(loads), request).map(({ from, to }) => [from, to]);
  expect(steps({})).toEqual([[4, 3]]);
  const [first] = compileRollback(rollbackInput(loads), {});
  expect([first, first.statements, ...first.statements].every(Object.isFrozen)).toBe(true);
  expect(steps({ to: 2 })).toEqual([[4, 2]]);
  expect(steps({ partition: "2021-01", to: 5 })).toEqual([[4, 5]]);
  const refusal = (request: RollbackRequest, given = loads) => {
    try {
      compileRollback(rollbackInput(given), request);
    } catch (error) {
      return (error as { code: string }).code;
    }
    return null;
  };
  expect(refusal({ to: 1 })).toBe("plan/unknown_version");
  expect(refusal({ to: 4 })).toBe("plan/unknown_version");
  expect(refusal({ partition: "2020-01" })).toBe("plan/unknown_partition");
  expect(refusal({}, [version(1, "live")])).toBe("plan/nothing_to_roll_back");
});

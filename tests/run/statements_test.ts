import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { breakingProxy } from "../support/breaking_proxy.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { countingDatabase } from "../support/counting_database.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer, name: text }
refresh: { mode: full }
`;

/** Questions that take Postgres as long to plan as all others together, by what only they ask. */
const LONG = {
  "what the ledger calls": /pg_describe_object[^]*row_security_active/,
  "tables that only their names tell":
    /cross join lateral \(values[^]*sluice\.loads|sluice\.loads l\s+cross join lateral/,
  "foreign keys": /'onDelete'/,
  "published tables": /pg_partition_ancestors/,
  "what belongs to partitions": /'replicaIdentity'/,
};

const asked = (statements: readonly string[]) =>
  Object.entries(LONG).flatMap(([what, pattern]) =>
    statements.some((sql) => pattern.test(sql)) ? [what] : []
  );

Deno.test("a run with nothing to do asks few questions, and long ones only where they matter", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const spec = specOf(YAML, files.folder);
  await test.db.query("create schema shop");
  const first = countingDatabase(test.db);
  expect((await run(first.db, spec)).status).toBe("succeeded");
  expect(asked(first.statements)).toEqual([]);

  const again = countingDatabase(test.db);
  expect((await run(again.db, spec)).status).toBe("unchanged");
  expect(asked(again.statements)).toEqual([]);
  expect(again.statements.length).toBeLessThanOrEqual(32);
  // What is asked outside of transactions is asked once.
  const looks = again.statements.filter((sql) => /^\s*(with|select)[^]*pg_class/.test(sql));
  expect(looks.length).toBe(new Set(looks).size);

  const planned = countingDatabase(test.db);
  await planPipeline(spec, ALL, testContext(planned.db).context);
  expect(asked(planned.statements)).toEqual([]);
  expect(planned.statements.length).toBeLessThanOrEqual(20);

  files.write("things.csv", "id,name\n2,b\n");
  const changed = countingDatabase(test.db);
  expect((await run(changed.db, spec)).status).toBe("succeeded");
  expect(asked(changed.statements)).toEqual(["what belongs to partitions"]);
  // This table has no index.
  expect(changed.statements.filter((sql) => /pg_get_indexdef\(i\.oid\)/.test(sql))).toEqual([]);

  // A database of which others have a part.
  const stranger = `stranger_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(`create role ${stranger};
alter table shop.things add unique (id);
create table shop.theirs (thing integer references shop.things (id));
alter table shop.theirs owner to ${stranger};
create publication everything for all tables;
update sluice.loads set ledger_oid = null`);
  try {
    const shared = countingDatabase(test.db);
    await expect(planPipeline(spec, ALL, testContext(shared.db).context)).rejects
      .toMatchObject({ message: expect.stringContaining("foreign keys point to it") });
    expect(asked(shared.statements)).toEqual(Object.keys(LONG).slice(0, -1));
  } finally {
    await test.db.query(`drop owned by ${stranger}; drop role ${stranger}`);
  }
});

Deno.test("plan opens one connection, a run with nothing to do a second, and neither waits often", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const spec = specOf(YAML, files.folder);
  await test.db.query("create schema shop");
  expect((await run(test.db, spec)).status).toBe("succeeded");
  /** Connections that were opened, and pieces that were sent: the client waits for an answer to each. */
  const counted = async (work: (db: Database) => Promise<void>) => {
    const sent: string[] = [];
    await using proxy = breakingProxy(test.url, (piece) => (sent.push(piece), null));
    await using db = await connect({ url: proxy.url });
    await work(db);
    const connections = sent.filter((piece) => piece.includes("client_encoding\0")).length;
    return { connections, pieces: sent.length };
  };
  const plan = await counted(async (db) => {
    await planPipeline(spec, ALL, testContext(db).context);
  });
  const unchanged = await counted(async (db) => {
    expect((await run(db, spec)).status).toBe("unchanged");
  });
  expect(plan.connections).toBe(1);
  expect(unchanged.connections).toBe(2);
  expect(plan.pieces).toBeLessThanOrEqual(44);
  expect(unchanged.pieces).toBeLessThanOrEqual(74);
});

import { AsyncLocalStorage } from "node:async_hooks";
import {
  ledgerDatabase as databaseWithLedger,
  type TestDatabase,
  testDatabase as emptyDatabase,
} from "./postgres.ts";

/** What a database can be like without the loads noticing, by what a test's name says of it. */
const DATABASES: Readonly<Record<string, string>> = {
  "": "",
  // What tools for change data capture set up: Postgres then refuses to update and to delete in
  // tables whose rows nothing tells apart.
  " (all tables published)": "create publication everything for all tables",
};

const setup = new AsyncLocalStorage<string>();

/** How many kinds there are. */
export const KINDS = Object.keys(DATABASES).length;

/**
 * Registers a test once for each kind of database, which its {@link testDatabase} or {@link ledgerDatabase} makes.
 *
 * @param work gets the place of the kind among all, from 0 on
 */
export function it(
  what: string | { readonly name: string; readonly ignore: boolean },
  work: (kind: number) => Promise<void>,
): void {
  const { name, ignore } = typeof what === "string" ? { name: what, ignore: false } : what;
  for (const [kind, [suffix, sql]] of Object.entries(DATABASES).entries()) {
    Deno.test({ name: `${name}${suffix}`, ignore }, () => setup.run(sql, () => work(kind)));
  }
}

/** A fresh, empty database of the kind that this test is about. */
export async function testDatabase(): Promise<TestDatabase> {
  return await ofKind(await emptyDatabase());
}

/** One that has a ledger already. */
export async function ledgerDatabase(): Promise<TestDatabase> {
  return await ofKind(await databaseWithLedger());
}

async function ofKind(test: TestDatabase): Promise<TestDatabase> {
  const sql = setup.getStore() ?? "";
  if (sql !== "") await test.db.query(sql);
  return test;
}

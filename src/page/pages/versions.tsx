import { isError } from "../../db/sqlstate.ts";
import { type Ask, numberOf, optionOf, requireLedger, type Shown, textOf } from "../ask.ts";
import {
  type ColumnSum,
  PARTITION_PAGE,
  readPartitions,
  readSums,
  readVersionColumns,
  readVersions,
  type Version,
} from "../queries/versions.ts";
import { type Comparison, PartitionsView, VersionsView } from "../views/versions.tsx";
import { canRun } from "./run.tsx";

/** `/pipeline/<name>/versions`: its partitions, or the versions of one of them. */
export async function versionsPage(ask: Ask, pipeline: string): Promise<Shown> {
  const month = textOf(ask.query, "month");
  const asked = optionOf(ask.query, "partition");
  const title = `${pipeline}: versions`;
  const found = await requireLedger(ask, async (tx) => {
    const listed = asked !== null
      ? null
      : await readPartitions(tx, pipeline, month, optionOf(ask.query, "before"));
    const isWhole = listed?.length === 1 && listed[0].partition === null;
    if (listed !== null && !isWhole) return { listed };
    return { versions: await readVersions(tx, pipeline, asked) };
  });
  const mayAct = canRun(ask, pipeline);
  if (found.versions === undefined) {
    const { listed } = found;
    const data = {
      pipeline,
      month,
      partitions: listed.slice(0, PARTITION_PAGE),
      more: listed.length > PARTITION_PAGE,
      mayAct,
    };
    return { title, view: <PartitionsView data={data} now={ask.frame.now} /> };
  }
  const { versions } = found;
  const comparison = await compare(ask, versions);
  const data = { pipeline, partition: asked, versions, comparison, mayAct };
  return { title, view: <VersionsView data={data} now={ask.frame.now} /> };
}

/** What differs between the two versions of the address, else between the newest two. */
async function compare(ask: Ask, versions: readonly Version[]): Promise<Comparison | null> {
  if (versions.length < 2) return null;
  const live = versions.find(({ state }) => state === "live") ?? versions[0];
  const other = versions.find(({ version }) => version < live.version) ??
    versions.find((each) => each !== live)!;
  const chosen = (name: string, fallback: Version) => {
    const version = numberOf(ask.query.get(name), fallback.version, 2 ** 31 - 1);
    return versions.find((each) => each.version === version) ?? fallback;
  };
  const [a, b] = [chosen("a", other), chosen("b", live)];
  const columns = await requireLedger(ask, async (tx) => ({
    a: a.table_oid === null ? null : await readVersionColumns(tx, a.table_oid),
    b: b.table_oid === null ? null : await readVersionColumns(tx, b.table_oid),
  }));
  const both = { a, b, columns };
  if (!ask.query.has("sums") || columns.a === null || columns.b === null) {
    return { ...both, sums: null, tooSlow: false };
  }
  try {
    const sums = await requireLedger(ask, async (tx) => ({
      a: await readSums(tx, a, columns.a!),
      b: await readSums(tx, b, columns.b!),
    }));
    return {
      ...both,
      sums: sums as Record<"a" | "b", ReadonlyMap<string, ColumnSum>>,
      tooSlow: false,
    };
  } catch (error) {
    // By the limit of a look at the page.
    if (!isError(error, "canceled")) throw error;
    return { ...both, sums: null, tooSlow: true };
  }
}

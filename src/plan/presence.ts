import { quoteTable } from "../core/quote.ts";
import type { TableInfo } from "../db/catalog/catalog.ts";
import type { Ledger, LoadRecord } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { columnList, keyIn, keyOf } from "./merge/sql.ts";
import { standingTable } from "./owned.ts";
import { scopeCondition } from "./staging.ts";
import { chainOf, tableOf, versionsOf } from "./versions.ts";

/** Tell the rows of loads apart, where `target.lineage` is on. */
const LOAD_COLUMNS = ["_run_id", "_source_file"];

/**
 * A condition that holds while rows of a live load are left in the target.
 *
 * A column tells its rows from others', or what the merges wrote does, which the ledger keeps.
 *
 * @returns null where nothing tells them: all rows of the target are taken for it then
 */
export function presenceOf(
  spec: PipelineSpec,
  table: TableInfo,
  ledger: Ledger,
  load: LoadRecord,
): { readonly sql: string; readonly isScan: boolean } {
  const layout = layoutOf(spec);
  const target = `${quoteTable(layout.target)} t`;
  const scope = scopeCondition(spec, layout, load.partition);
  const any = (condition: string | null) =>
    `exists (select from ${target}${condition === null ? "" : ` where ${condition}`})`;
  if (table.partitionKey !== null) return { sql: any(scope), isScan: false };
  // Nothing keeps partitions apart: a look for each of them could take as long as the load.
  if (scope !== null) return { sql: any(scope), isScan: true };
  const written = load.partition === null ? null : writtenRows(table, ledger, layout, load);
  return written === null ? { sql: any(null), isScan: false } : { sql: written, isScan: true };
}

/** Rows that a live version has put into the target: what `append` adds comes on top of those below. */
export function rowsHeld(versions: readonly LoadRecord[], load: LoadRecord): number {
  const adds = load.merge !== null && load.merge.kind === "rows" && !load.merge.before;
  return adds ? chainOf(versions, load).reduce((sum, { rows }) => sum + rows, 0) : load.rows;
}

/** Whether a row that the load or those below it have written is in the target, as a condition. */
function writtenRows(
  table: TableInfo,
  ledger: Ledger,
  { target }: Layout,
  load: LoadRecord,
): string | null {
  const versions = versionsOf(ledger, load.partition);
  const chain = chainOf(versions, load);
  const kept = chain.map((each) => standingTable(ledger, tableOf(each), "version"));
  const last = chain.at(-1)!;
  const isWhole = last.merge !== null && last.basedOn === null;
  if (!isWhole || kept.some((each) => each === null || !each.proven)) return null;
  const has = (name: string) => table.columns.some((column) => column.name === name);
  const looks = kept.map((each, at) => {
    const from = `${quoteTable(each!.now)} w`;
    const key = chain[at].merge?.key ?? [];
    if (key.length > 0 && key.every(has)) {
      return `exists (select from ${from} where ${
        keyIn(keyOf(key, table.columns), target, "t", "w")
      })`;
    }
    // Values alone do not tell a row that was changed from one that is gone.
    if (!LOAD_COLUMNS.every(has)) return null;
    return `exists (select from ${quoteTable(target)} t where (${columnList(LOAD_COLUMNS, "t")})
    in (select ${columnList(LOAD_COLUMNS, "w")} from ${from}))`;
  });
  return looks.includes(null) ? null : looks.join("\n  or ");
}

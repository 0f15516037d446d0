import type { QualifiedName } from "../core/quote.ts";
import { SluiceError } from "../core/error.ts";
import { readCatalog } from "../db/catalog/catalog.ts";
import type { Queryable } from "../db/database.ts";
import { choosePartitions } from "../plan/choose_partitions.ts";
import type { SourceContext } from "../source/context.ts";
import { describeRows } from "../source/read_table.ts";
import type { PipelineSpec, RefreshMode } from "../spec/pipeline_spec.ts";
import { nameOf } from "./address.ts";
import { pipelineFromDatabase, type RowsWanted } from "./from_database.ts";
import { pipelineFromTable } from "./from_table.ts";
import { inspectSource, type SourceProfile } from "./inspect_source.ts";
import { type Preview, previewSource } from "./preview.ts";
import { sourceOf } from "./source_of.ts";
import { writePipeline } from "./write_pipeline.ts";

export type { Preview } from "./preview.ts";

/** What a pipeline is wanted for. */
export interface DraftRequest {
  /** A path or a URL; null: the file is still to be named, and a table says what its columns are. */
  readonly address: string | null;
  /** Absolute: where a relative address starts. */
  readonly folder: string;
  /** The address as the pipeline file shall have it. */
  readonly url: string;
  /** All of the file is read. */
  readonly isFull: boolean;
  readonly variables: Readonly<Record<string, string>>;
  /** `schema.table` to load into; left out: one that is called like the file. */
  readonly target?: string;
  readonly mode?: RefreshMode;
  readonly key?: readonly string[];
  /** Of a database in place of files. */
  readonly wanted?: RowsWanted;
  /** A table that is there and says what the columns are. */
  readonly from?: { readonly table: QualifiedName; readonly db: Queryable };
}

/**
 * Finds out what is in a file, and writes a pipeline for it.
 *
 * @throws SluiceError `source/…`; `db/no_such_table` where the table is not there
 */
export async function draftPipeline(
  request: DraftRequest,
  context: SourceContext,
): Promise<string> {
  const { address, folder, url, target, from, mode, key } = request;
  if (request.wanted !== undefined) {
    return await draftFromDatabase(request, request.wanted, context);
  }
  const table = from === undefined ? null : await readTable(from);
  let profile: SourceProfile | undefined;
  if (address !== null) {
    const source = sourceOf(address, folder, request.variables);
    profile = await inspectSource(source, address, request.isFull, context);
  }
  const [schema, name] = splitName(target ?? nameOf(address ?? url));
  if (from !== undefined && table !== null) {
    return pipelineFromTable({
      pipeline: nameOf(from.table.table),
      table: from.table,
      url,
      ...(profile === undefined ? {} : { profile }),
    }, table);
  }
  return writePipeline({
    pipeline: nameOf(name),
    table: `${schema}.${name}`,
    url,
    ...(mode === undefined ? {} : { mode }),
    ...(key === undefined ? {} : { key }),
  }, profile!);
}

async function draftFromDatabase(
  { address, folder, url, variables, target }: DraftRequest,
  wanted: RowsWanted,
  context: SourceContext,
): Promise<string> {
  const source = sourceOf(address!, folder, variables, wanted);
  const rows = await describeRows(source, context);
  const [schema, name] = splitName(target ?? ("table" in wanted ? wanted.table : "data"));
  return pipelineFromDatabase(
    { pipeline: nameOf(name), target: `${schema}.${name}`, url, wanted },
    rows,
  );
}

/** The first rows of a partition, or of a whole table; that of the first partition left out. */
export async function previewPartition(
  spec: PipelineSpec,
  partition: string | undefined,
  most: number,
  context: SourceContext,
): Promise<Preview> {
  const [chosen] = choosePartitions(
    spec,
    { partitions: partition === undefined ? [] : [partition] },
    context.clock.now(),
  );
  return await previewSource(spec, chosen, most, context);
}

/** `schema.table`, or a table in `public`. */
export function splitName(text: string): [schema: string, table: string] {
  const at = text.indexOf(".");
  return at === -1 ? ["public", text] : [text.slice(0, at), text.slice(at + 1)];
}

async function readTable({ table, db }: NonNullable<DraftRequest["from"]>) {
  const { table: found } = await readCatalog(db, table);
  if (found !== null) return found;
  throw new SluiceError("db/no_such_table", `There is no table "${table.schema}.${table.table}"`, {
    hint: "Write it as schema.table, in the letters that Postgres has",
  });
}

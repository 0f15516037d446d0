import type { SourceEvidence } from "../plan/evolve_spec.ts";
import type { PartitionPlan, RowsPlan } from "../plan/load_plan.ts";
import type { Evidence, EvidenceCollector } from "../rows/evidence.ts";
import { collectEvidence } from "../rows/evidence.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import type { SourceContext } from "../source/context.ts";
import { openReader, type RecordReader } from "../source/formats/mod.ts";
import { openSource, type SourceFile } from "../source/open.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";

/**
 * Reads a source without loading it, for a contract that lets columns evolve.
 *
 * It is read once more to load it: what the columns are must be known before the first row.
 *
 * @param declared the pipeline file's types by column
 */
export async function examineSource(
  rows: RowsPlan,
  { partition, source }: Pick<PartitionPlan, "partition" | "source">,
  context: SourceContext,
  declared: ReadonlyMap<string, ColumnType>,
): Promise<readonly SourceEvidence[]> {
  await using open = await openSource(source, context);
  const found: SourceEvidence[] = [];
  for await (const file of open.files) {
    const reader = openReader(source.format, {
      columns: rows.columns,
      others: rows.newColumns === "evolve" ? "read" : "skip",
      announced: file.announced,
    });
    const evidence = await examineFile(rows, file, reader, context, declared);
    found.push({ partition, ...evidence });
  }
  return found;
}

async function examineFile(
  rows: RowsPlan,
  file: SourceFile,
  reader: RecordReader,
  context: SourceContext,
  declared: ReadonlyMap<string, ColumnType>,
): Promise<Evidence> {
  let collector: EvidenceCollector | null = null;

  function take(batch: RecordBatch | null): void {
    if (batch === null) return;
    collector ??= collectEvidence(rows, {
      header: reader.header,
      width: batch.width,
      ...reader.about,
      declared,
    });
    collector.take(batch, reader.header);
  }

  if (reader.batches !== undefined) {
    const input = await file.whole();
    for await (const batch of reader.batches(input)) {
      context.signal.throwIfAborted();
      take(batch);
    }
    await input.confirm();
  } else {
    for await (const chunk of file.chunks) {
      context.signal.throwIfAborted();
      take(reader.push(chunk));
    }
    take(reader.finish());
  }
  // A header without records shows its fields all the same.
  collector ??= collectEvidence(rows, {
    header: reader.header,
    width: reader.header?.length ?? 0,
    ...reader.about,
    declared,
  });
  return (collector as EvidenceCollector).result();
}

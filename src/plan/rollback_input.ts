import type { Catalog, NamedColumn } from "../db/catalog/catalog.ts";
import type { Slot } from "../db/slots.ts";
import type { TableProperties } from "../db/catalog/table_properties.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** What a rollback depends on. */
export interface RollbackInput {
  readonly spec: PipelineSpec;
  readonly ledger: Ledger;
  readonly catalog: Catalog;
  /** Columns of the versions' tables that stand, by table. */
  readonly columns: ReadonlyMap<string, readonly NamedColumn[]>;
  /** What stands where each partition goes. */
  readonly slots: ReadonlyMap<string | null, Slot>;
  /** What belongs to the target, its partitions and its versions. */
  readonly properties?: TableProperties | null;
}

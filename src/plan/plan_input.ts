import type { Catalog, IncomingKey } from "../db/catalog/catalog.ts";
import type { ColumnUser } from "../db/column_users.ts";
import type { Dependents } from "../db/dependents.ts";
import type { Slot } from "../db/slots.ts";
import type { TableProperties } from "../db/catalog/table_properties.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Migration } from "../ledger/migrations.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { EvolvedColumn, KeptColumn, TableName } from "./load_plan.ts";
import type { ProbedSource } from "./decide_partition.ts";

/** The target and what refers to it, as far as a change of its columns' types touches them. */
export interface Surroundings {
  readonly parent: TableProperties;
  /** Of the columns that change. */
  readonly columns: Dependents;
  /** Of the whole table, which is made anew where the partition's own column changes. */
  readonly table: Dependents;
  /** What belongs to the target, its partitions or its versions and uses the columns that change. */
  readonly users: readonly ColumnUser[];
  /** Names in the schema that helpers of a rebuild cannot have. */
  readonly taken: readonly string[];
}

/** Everything a plan depends on; nothing else is looked at. */
export interface PlanInput {
  readonly spec: PipelineSpec;
  /** As the pipeline file has it, before it follows the sources or the table; `spec` if left out. */
  readonly file?: PipelineSpec;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly migrations: readonly Migration[];
  /** Names in the target's schema that begin as its own does, and cannot be given any more. */
  readonly names: readonly string[];
  /** Tables that look like staging of ours and that the ledger does not know. */
  readonly strays?: readonly TableName[];
  /** What stands where each partition goes, by partition; nothing where the target does not stand. */
  readonly slots: ReadonlyMap<string | null, Slot>;
  /** Partitions of which no row is left in the target. */
  readonly emptied: ReadonlySet<string | null>;
  /** What belongs to the target and its partitions; nothing where it is not there yet. */
  readonly properties?: TableProperties | null;
  /** Partitions to look at, in order; `[null]` for a whole table. */
  readonly partitions: readonly (string | null)[];
  /** What each partition's source looks like now; null where it does not exist. */
  readonly probes: readonly (ProbedSource | null)[];
  readonly force: boolean;
  /** Columns may be changed in ways that values may not survive. */
  readonly allowDestructive: boolean;
  /** How `spec` differs from the pipeline file, where its contract lets it follow the sources. */
  readonly evolved?: readonly EvolvedColumn[];
  /** Where `spec` is stricter than the file because the table is. */
  readonly kept?: readonly KeptColumn[];
  /** What stands in the way of changing the target's columns; left out where nothing changes. */
  readonly surroundings?: Surroundings | null;
  /** Keys to the target that rows of other tables refer by, as far as the mode may conflict. */
  readonly referring?: readonly IncomingKey[];
  /** Overrides the pipeline's own. */
  readonly concurrency?: number;
  /** Partitions offered to workers at once; left out: this process loads them. */
  readonly offered?: number;
  /** Rejected rows are loaded: those that fail again are rejects already, and refuse no load. */
  readonly replays?: boolean;
  /** Verify, whatever the pipeline says. */
  readonly verify?: boolean;
}

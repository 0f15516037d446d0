import type { RowsPlan } from "../plan/load_plan.ts";
import { matchKeys } from "./match_header.ts";
import { MISSING, type RecordBatch } from "./record_batch.ts";

/** Which columns the records of a file have had a key of, where records name their fields. */
export class SeenKeys {
  readonly #plan: RowsPlan;
  readonly #byField: ReadonlyMap<number, string>;
  /** Fields that no record has had. */
  #unseen: readonly number[];
  #others: readonly string[] = [];
  #records = 0;

  /** @param fields of each column of the plan */
  constructor(plan: RowsPlan, fields: readonly number[]) {
    this.#plan = plan;
    this.#byField = new Map(plan.columns.map(({ name }, c) => [fields[c], name]));
    this.#unseen = [...this.#byField.keys()];
  }

  /** @throws SluiceError `rows/schema_mismatch` where a key of no column is not allowed */
  note(batch: RecordBatch): void {
    this.#records += batch.count;
    this.#others = batch.others?.names ?? [];
    if (this.#others.length > 0 && this.#plan.newColumns === "freeze") {
      matchKeys(this.#plan, null, this.#others);
    }
    const { flags, width } = batch;
    for (let r = 0; r < batch.count && this.#unseen.length > 0; r++) {
      this.#unseen = this.#unseen.filter((field) => (flags[r * width + field] & MISSING) !== 0);
    }
  }

  /** @throws SluiceError `rows/schema_mismatch` where no record had the key of a column */
  end(): void {
    if (this.#records === 0) return;
    const missing = new Set(this.#unseen);
    const seen = [...this.#byField].filter(([field]) => !missing.has(field));
    matchKeys(this.#plan, new Set(seen.map(([, name]) => name)), this.#others);
  }
}

import { SluiceError } from "../core/error.ts";
import { mapConcurrently } from "../core/map_concurrently.ts";
import type { Database, Queryable } from "../db/database.ts";
import { type Catalog, listNames, readCatalog } from "../db/catalog/catalog.ts";
import { requireEncodable } from "../db/encodable.ts";
import { readColumnUsers } from "../db/column_users.ts";
import { readDependents } from "../db/dependents.ts";
import { findReferring } from "../db/referring.ts";
import type { Slot } from "../db/slots.ts";
import { isError, missingNameHint } from "../db/sqlstate.ts";
import { withUserPath } from "../db/user_path.ts";
import { readTableProperties } from "../db/catalog/table_properties.ts";
import {
  type Ledger,
  listStrays,
  type LoadRecord,
  pendingMigrations,
  readLedger,
  storedSource,
} from "../ledger/mod.ts";
import type { ProbedSource } from "../plan/decide_partition.ts";
import { decideLoads } from "../plan/decide_loads.ts";
import type { LoadDecisions } from "../plan/partition_input.ts";
import { checkProbes } from "../plan/compile_checks.ts";
import { askedBefore } from "../plan/asked.ts";
import { rowsPlan } from "../plan/rows_plan.ts";
import { type ConformedSpec, conformSpec, readByTable } from "../plan/conform.ts";
import { otherTypes } from "../plan/evolve.ts";
import { evolveSpec, type SourceEvidence } from "../plan/evolve_spec.ts";
import { hookProbes } from "../plan/hooks.ts";
import { conflictingKeys } from "../plan/incoming_keys.ts";
import { layoutOf } from "../plan/layout.ts";
import { expressionProbes } from "../plan/computed.ts";
import { STAGING_COMMENT } from "../plan/staging.ts";
import { ASIDE } from "../plan/rebuild.ts";
import { ruleProbes } from "../plan/rules.ts";
import { choosePartitions } from "../plan/choose_partitions.ts";
import { compilePlan } from "../plan/compile.ts";
import type { PlanInput, Surroundings } from "../plan/plan_input.ts";
import type { LoadPlan, Probe, RowsPlan } from "../plan/load_plan.ts";
import { isOurs, targetKeyOf } from "../plan/target.ts";
import { statementTexts } from "../plan/statement_texts.ts";
import { sourcePlan } from "../plan/source_plan.ts";
import type { TableTypes } from "../plan/server_types.ts";
import { requireOtherTable } from "./own_source.ts";
import { lookAtPartitions } from "./look_at_partitions.ts";
import { readTableTypes, resolveTypes } from "./resolve_types.ts";
import { type RunContext, type RunOptions, sourceContext } from "./context.ts";
import { probeSource } from "../source/probe.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** Sources looked at side by side. */
const PROBES = 8;

/**
 * Gathers what a plan depends on, and compiles it. Writes nothing.
 *
 * @throws SluiceError where the database, a source or the choice of partitions is wrong
 */
export async function planPipeline(
  spec: PipelineSpec,
  options: RunOptions & Pick<PlanOptions, "migration">,
  context: RunContext,
): Promise<LoadPlan> {
  const partitions = choosePartitions(spec, options, context.clock.now());
  await requireOtherTable(spec, partitions, context.db, sourceContext(context));
  return await compileFor(
    spec,
    partitions,
    {
      ...options,
      ...(context.elsewhere === undefined ? {} : { offered: context.elsewhere.concurrency }),
    },
    context,
    {
      probe: (partition, known) =>
        probeSource(sourcePlan(spec, partition), sourceContext(context), known ?? null),
      examine: (loading, rows, declared) =>
        examineSources(loading, rows, declared, options, context),
    },
  );
}

/** How a plan learns of the sources. */
export interface SourceInspection {
  /** Without reading it; null where there is none. */
  probe(partition: string | null, known?: LoadRecord): Promise<ProbedSource | null>;
  /**
   * By reading those of the partitions to be loaded, where the contract lets columns follow them.
   *
   * @param rows as far as is known before
   * @param declared the pipeline file, as strict as the table
   */
  examine(
    loading: readonly (string | null)[],
    rows: RowsPlan,
    declared: PipelineSpec,
  ): Promise<readonly SourceEvidence[]>;
}

/** What a plan is asked for, beyond the pipeline file. */
export type PlanOptions =
  & Pick<RunOptions, "force" | "allowDestructive" | "concurrency" | "verify">
  & Pick<PlanInput, "offered" | "replays">
  & {
    /** Of the ledger, where it has been asked for already under the target's lock. */
    readonly migration?: number;
  };

/** Compiles a plan for these partitions: decides, reads what that depends on, compiles once. */
export async function compileFor(
  written: PipelineSpec,
  partitions: readonly (string | null)[],
  options: PlanOptions,
  { db }: RunContext,
  { probe, examine }: SourceInspection,
): Promise<LoadPlan> {
  await requireEncodable(db, statementTexts(written, partitions));
  const spec = await resolveTypes(written, db);
  const target = { schema: spec.target.schema, table: spec.target.table };
  // Names first: a table that another run makes meanwhile is the target then, and in nobody's way.
  const names = await listNames(db, target.schema, target.table);
  const catalog = await readCatalog(db, target);
  const ledger = await readLedger(db, targetKeyOf(spec), options.migration);
  await probeSql(spec, partitions[0], ledger.migration > 0, db);
  const newest = new Map(ledger.loads.map((load) => [load.partition, load]));
  // Postgres looks at its tables while the files are looked at here.
  const [probes, standing] = await allSettled([
    mapConcurrently(
      partitions,
      PROBES,
      async (partition) => {
        const found = await probe(partition, newest.get(partition));
        return found === null ? null : await storedSource(db, found);
      },
    ),
    lookAtPartitions(db, spec, catalog, ledger, partitions),
  ]);
  const input = {
    catalog,
    ledger,
    strays: await listStrays(
      db,
      ledger.migration,
      target.schema,
      `${target.table}__`,
      STAGING_COMMENT,
    ),
    migrations: pendingMigrations(ledger.migration),
    names,
    ...standing,
    partitions,
    probes,
    ...askedOf(options),
    referring: catalog.table === null
      ? []
      : await findReferring(db, conflictingKeys(spec, catalog.table)),
  };
  const types = await readTableTypes(catalog.table, db);
  const { spec: conformed, kept } = conformTo(spec, catalog.table, types, ledger);
  const known = {
    ...input,
    file: spec,
    kept,
    spec: evolveSpec(conformed, [], catalog.table, types).spec,
  };
  const decided = decideLoads(known);
  const loading = decided.partitions.filter(({ action }) => action === "load")
    .map(({ partition }) => partition);
  const replaced = replacedTables(decided, loading, known.slots, catalog);
  const properties = replaced === null ? null : await readTableProperties(db, target, replaced);
  const { newColumns, typeChanges } = spec.schemaContract;
  let followed: Pick<PlanInput, "spec" | "evolved"> = { spec: known.spec };
  if (newColumns === "evolve" || typeChanges === "evolve") {
    const evidence = await examine(loading, rowsPlan(known.spec), conformed);
    followed = evolveSpec(conformed, evidence, catalog.table, types);
    await requireEncodable(db, statementTexts(followed.spec, []));
  }
  const surroundings = await readSurroundings(followed.spec, catalog.table, ledger, db);
  return compilePlan({ ...known, ...followed, properties, surroundings });
}

/** As `Promise.all`, but nothing is under way any more when the first error in their order is thrown. */
async function allSettled<A, B>(work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

function askedOf({ force, allowDestructive, concurrency, verify, offered, replays }: PlanOptions) {
  return {
    force,
    allowDestructive,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(offered === undefined ? {} : { offered }),
    ...(replays === undefined ? {} : { replays }),
    verify: verify ?? false,
  };
}

/** What a change of types touches; null where no type of a table of Sluice's own changes. */
async function readSurroundings(
  spec: PipelineSpec,
  table: Catalog["table"],
  ledger: Ledger,
  db: Queryable,
): Promise<Surroundings | null> {
  if (table === null || !isOurs(table, ledger)) return null;
  const layout = layoutOf(spec);
  const changed = otherTypes(layout, table);
  if (changed.length === 0) return null;
  const target = { schema: spec.target.schema, table: spec.target.table };
  const tables = [table.oid, ...table.partitions, ...ledger.tables]
    .map((each) => typeof each === "number" ? each : each.oid);
  // A rebuild puts the indexes of the partitions under those of the table.
  const rebuilt = changed.some((column) => column === layout.partitionColumn);
  const parent = await readTableProperties(db, target, rebuilt ? null : []);
  const columns = await readDependents(db, target, changed);
  const whole = await readDependents(db, target, null);
  const users = await readColumnUsers(db, [...new Set(tables)], changed);
  const taken = await listNames(db, target.schema, ASIDE);
  return parent === null ? null : { parent, columns, table: whole, users, taken };
}

/** What others made stricter in a table of Sluice's own holds for the load as well. */
function conformTo(
  spec: PipelineSpec,
  table: Catalog["table"],
  types: TableTypes,
  ledger: Ledger,
): ConformedSpec {
  if (table === null) return { spec, kept: [] };
  if (!isOurs(table, ledger)) return readByTable(spec, table, types, null);
  const asked = askedBefore(spec, layoutOf(spec), table, ledger);
  const conformed = conformSpec(spec, table, asked);
  const read = readByTable(conformed.spec, table, types, asked);
  return { spec: read.spec, kept: [...conformed.kept, ...read.kept] };
}

/** Partitions that loads will take the place of; null where nothing is exchanged. */
function replacedTables(
  { shape }: LoadDecisions,
  loading: readonly (string | null)[],
  slots: ReadonlyMap<string | null, Slot>,
  { table }: Catalog,
): readonly string[] | null {
  if (shape.method === "merge" || table === null || loading.length === 0) return null;
  return loading.flatMap((partition) =>
    slots.get(partition)?.partitions.map(({ name }) => name.table) ?? []
  );
}

/** What the sources that would be loaded show; where one cannot be read, its load tells why. */
async function examineSources(
  loading: readonly (string | null)[],
  rows: RowsPlan,
  spec: PipelineSpec,
  { concurrency = spec.partitions?.concurrency ?? 1 }: Pick<RunOptions, "concurrency">,
  context: RunContext,
): Promise<readonly SourceEvidence[]> {
  const declared = new Map(spec.columns.map(({ name, type }) => [name, type]));
  const { examineSource } = await import("./examine.ts");
  const found = await mapConcurrently(loading, concurrency, async (partition) => {
    try {
      const source = sourcePlan(spec, partition);
      return await examineSource(rows, { partition, source }, sourceContext(context), declared);
    } catch (error) {
      if (!(error instanceof SluiceError) || context.signal.aborted) throw error;
      return [{ partition, added: [], widened: [] }];
    }
  });
  return found.flat();
}

/**
 * Lets Postgres read the SQL of the pipeline file, on no rows.
 *
 * @throws SluiceError `plan/bad_sql` with the line of the file
 */
export async function probeSql(
  spec: PipelineSpec,
  partition: string | null,
  hasLedger: boolean,
  db: Database,
): Promise<void> {
  const layout = layoutOf(spec);
  const probes = [
    ...expressionProbes(spec, layout, partition),
    ...ruleProbes(spec, layout, partition),
    ...checkProbes(spec, layout, partition, hasLedger),
  ];
  await probeHooks(spec, db);
  for (const { what, line, sql, params } of probes) {
    try {
      await withUserPath(db, (tx) => tx.query(sql, params));
    } catch (error) {
      if (!(error instanceof SluiceError) || error.postgres === undefined) throw error;
      throw badSql(
        spec,
        { what, line },
        error,
        missingNameHint(error.postgres) ?? error.postgres.hint ??
          "Expressions and rules are about the columns of one row; checks return one number",
      );
    }
  }
}

/** What hooks name may be made by then: only what Postgres cannot read is wrong for certain. */
async function probeHooks(spec: PipelineSpec, db: Database): Promise<void> {
  for (const { what, line, sql } of hookProbes(spec)) {
    try {
      await db.transaction((tx) => tx.query(sql));
    } catch (error) {
      if (isError(error, "syntax")) {
        throw badSql(spec, { what, line }, error, "A hook is one statement of SQL");
      }
      // Without PL/pgSQL the hook itself will tell.
      if (!isError(error, "query")) throw error;
    }
  }
}

function badSql(
  { file }: PipelineSpec,
  { what, line }: Pick<Probe, "what" | "line">,
  error: SluiceError,
  hint: string,
): SluiceError {
  return new SluiceError(
    "plan/bad_sql",
    `${file}:${line}: ${what} is not SQL that Postgres understands: ${error.message}`,
    { hint, cause: error, details: { file, line } },
  );
}

import { copyStatement } from "./copy_place.ts";
import type { LoadPlan, PartitionPlan, Statement } from "./load_plan.ts";

/** A statement of a plan as people look it up later. */
export interface PlannedStep {
  /** What it is a part of: `stage 2021-01`. */
  readonly step: string;
  readonly why: string;
  readonly lock: string | null;
  /** Of a long one the beginning. */
  readonly sql: string;
}

/** UTF-16 units of a statement, and statements, that are kept. */
const LONGEST = 10_000;
const MOST = 100;

/**
 * What a run is about to do, in its order: for the target, and for the first partition that loads.
 * The others differ in their names only.
 */
export function stepsOf(plan: LoadPlan): PlannedStep[] {
  const first = plan.partitions.find(({ action }) => action === "load");
  return [
    ...steps("tidy up", plan.sweep),
    ...steps("set up the target", plan.setup),
    ...(first === undefined ? [] : partitionSteps(plan, first)),
    ...(first === undefined ? [] : hookSteps(plan)),
  ].slice(0, MOST);
}

function partitionSteps(plan: LoadPlan, partition: PartitionPlan): PlannedStep[] {
  const name = partition.partition ?? "the whole table";
  const { conversion, compute } = partition;
  return [
    ...steps(`stage ${name}`, [
      ...partition.stage,
      ...(compute?.stage ?? []),
      ...(conversion?.stage ?? []),
    ]),
    ...steps(`copy ${name}`, [copyStatement(plan.rows, partition, "The rows of the source")]),
    ...steps(
      `read ${name}`,
      conversion === null ? [] : [
        compute === null ? conversion.transfer : conversion.transferRaw,
        conversion.tidy,
      ],
    ),
    ...steps(`compute ${name}`, compute === null ? [] : [compute.fill, compute.tidy]),
    ...steps(`finish ${name}`, partition.finish),
    ...partition.checks.map(({ sql, checks }) => ({
      step: `check ${name}`,
      why: checks.map((check) => check.name).join(", "),
      lock: null,
      sql: sql.slice(0, LONGEST),
    })),
    ...steps(`publish ${name}`, partition.publish),
    ...partition.retain.flatMap(({ version, statements }) =>
      steps(`drop version ${version} of ${name}`, statements)
    ),
  ];
}

function hookSteps({ hooks, file }: LoadPlan): PlannedStep[] {
  return Object.entries(hooks).flatMap(([hook, statements]) =>
    statements.map(({ sql, line }) => ({
      step: `hook ${hook}`,
      why: `${file}:${line}`,
      lock: null,
      sql: sql.slice(0, LONGEST),
    }))
  );
}

function steps(step: string, statements: readonly Statement[]): PlannedStep[] {
  return statements.map(({ why, lock, sql }) => ({ step, why, lock, sql: sql.slice(0, LONGEST) }));
}

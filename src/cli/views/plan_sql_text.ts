import { sourceName } from "../../core/source_name.ts";
import { formatPlural } from "../../core/format_text.ts";
import { type HookFact, type HookName, HOOKS } from "../../core/hooks.ts";
import { copyPlace, copyStatement } from "../../plan/copy_place.ts";
import type {
  CheckPass,
  LoadPlan,
  Param,
  PartitionPlan,
  Statement,
  TableName,
} from "../../plan/load_plan.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";
import type { Screen } from "./screen.ts";
import { leftText, shorten } from "./shorten.ts";

/** Every statement of a plan with its reason and its lock; those of the ledger's set-up are counted. */
export function planSqlText(plan: LoadPlan, screen: Screen): string {
  const { paint } = screen;
  const loads = plan.partitions.filter(({ action }) => action === "load");
  // One has some hundred lines, and those of the others differ in their names.
  const part = shorten(loads, screen);
  return [
    section("Drop staging tables of runs that died", plan.sweep, paint),
    section(
      "Set up the target, in one transaction",
      plan.setup.filter(({ migration }) => migration === undefined),
      paint,
    ),
    ...(loads.length === 0 ? [] : hookSections(plan, paint)),
    ...part.shown.map((partition) => partitionText(plan, partition, paint)),
    leftText(part, screen),
  ].filter((part) => part !== "").join("\n");
}

/** When a hook runs, and what undoes it. */
const WHEN: Readonly<Record<HookName, string>> = {
  before_load: "before each load, in a transaction of its own",
  after_load: "after each load, in a transaction of its own",
  before_publish: "first in the transaction that publishes",
  after_publish: "last in the transaction that publishes",
  on_failure: "only after a failure, in a transaction of its own",
};

/** The same for each partition: told once. */
function hookSections({ hooks }: LoadPlan, paint: Paint): string[] {
  return HOOKS.map((hook) => {
    const statements = (hooks[hook] ?? []).map(({ sql, params, line }): HookStatement => ({
      sql,
      params: params.map((fact) => ({ fact })),
      why: `Line ${line} of the pipeline file`,
      lock: null,
    }));
    return section(`Hook ${hook}, ${WHEN[hook]}`, statements, paint);
  });
}

function partitionText(plan: LoadPlan, partition: PartitionPlan, paint: Paint): string {
  const { compute, deduplicate, isolation, conversion, verify } = partition;
  return [
    `${paint("strong", `Load ${nameOf(partition)}`)} into ${
      paint("name", dotted(partition.staging))
    }\n`,
    section(
      "Stage, in one transaction",
      [...partition.stage, ...(compute?.stage ?? []), ...(conversion?.stage ?? [])],
      paint,
    ),
    copyText(plan, partition, paint),
    section(
      "Verify",
      verify?.[copyPlace(partition, null).kind]
        .map(({ statement }) => statement) ?? [],
      paint,
    ),
    conversion === null ? "" : [
      section(
        "Read the texts, in one transaction",
        [compute === null ? conversion.transfer : conversion.transferRaw, conversion.tidy],
        paint,
      ),
      section(
        "Only if a text cannot be read, then once more",
        [
          ...(conversion.judge === null ? [] : [conversion.judge]),
          conversion.find,
          conversion.found,
          conversion.remove,
        ],
        paint,
      ),
    ].join("\n"),
    computeText(partition, paint),
    rulesText(partition, paint),
    deduplicate === null ? "" : [
      section("Deduplicate", [deduplicate.prove], paint),
      section(
        `Only if it finds duplicates (on_duplicate: ${plan.onDuplicate}), then once more`,
        [deduplicate.count, ...(deduplicate.remove === null ? [] : [deduplicate.remove])],
        paint,
      ),
    ].filter((part) => part !== "").join("\n"),
    section("Finish", partition.finish, paint),
    section("Check, reading only", partition.checks.map(checkStatement), paint),
    section("Publish, in one transaction", partition.publish, paint),
    ...partition.retain.map((old) =>
      section(`Retain: version ${old.version} is dropped`, old.statements, paint)
    ),
    section(
      "Only if Postgres refuses rows: finds them in ever smaller ranges",
      isolation === null ? [] : [
        ...isolation.stage.filter(({ sql }) => !partition.stage.some((each) => each.sql === sql)),
        ...isolation.begin,
        ...isolation.attempt,
        ...(isolation.transfer === null ? [] : [isolation.remove, isolation.transfer]),
        isolation.tidy,
      ],
      paint,
    ),
    section("Only after a failure", partition.cleanup, paint),
  ].filter((part) => part !== "").join("\n");
}

function computeText({ compute }: PartitionPlan, paint: Paint): string {
  if (compute === null) return "";
  const { extent, fill, evaluate, evaluateEach, failed, tidy, index, few, drop } = compute;
  return [
    section("Compute columns", [extent, fill, ...(failed === null ? [] : [failed]), tidy], paint),
    section(
      "Only if rows cannot be computed: finds them in ever smaller ranges",
      [index, evaluate, few, evaluateEach, drop],
      paint,
    ),
  ].join("\n");
}

function rulesText({ rules }: PartitionPlan, paint: Paint): string {
  if (rules === null) return "";
  const statements = [rules.count, rules.reject].filter((each) => each !== null);
  return section("Rules", statements, paint);
}

function checkStatement({ checks, sql, params }: CheckPass): Statement {
  const words = checks.map(({ name, severity }) =>
    `${name}: if it fails, ${severity === "error" ? "nothing is published" : "it is reported"}`
  );
  return { sql, params, why: words.join("; "), lock: null };
}

function copyText({ rows, copyConnections }: LoadPlan, partition: PartitionPlan, paint: Paint) {
  const over = formatPlural(copyConnections, "connection");
  const why = `The rows of ${sourceName(partition.source)}, over ${over}`;
  return section("Copy", [copyStatement(rows, partition, why)], paint);
}

/** A statement, or one with facts that only hooks ask for. */
type HookStatement = Omit<Statement, "params"> & {
  readonly params: readonly (Param | { readonly fact: HookFact })[];
};

function section(name: string, statements: readonly HookStatement[], paint: Paint): string {
  if (statements.length === 0) return "";
  return title(name, paint) + statements.map((each) => statementText(each, paint)).join("");
}

function title(name: string, paint: Paint): string {
  return `${paint("strong", name)}\n`;
}

function statementText({ sql, params, why, lock }: HookStatement, paint: Paint): string {
  const comments = [why, ...(lock === null ? [] : [`lock: ${lock}`])];
  const values = params.map((param, at) => `$${at + 1} = ${paramText(param)}`);
  if (values.length > 0) comments.push(values.join(", "));
  const body = printableLines(sql).replaceAll("\n", "\n  ");
  return comments.map((text) => `  ${paint("faint", `-- ${printable(text)}`)}\n`).join("") +
    `  ${body};\n`;
}

function paramText(param: HookStatement["params"][number]): string {
  if (typeof param === "object" && param !== null) {
    return `<${"count" in param ? param.count : param.fact}>`;
  }
  return typeof param === "string" ? `'${param.replaceAll("'", "''")}'` : String(param);
}

function nameOf({ partition }: PartitionPlan): string {
  return partition === null ? "whole table" : printable(partition);
}

function dotted({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

import { sourceName } from "../../core/source_name.ts";
import { formatPlural } from "../../core/format_text.ts";
import type { LoadPlan, PartitionPlan } from "../../plan/load_plan.ts";
import type { Paint } from "./paint.ts";
import { planSqlText } from "./plan_sql_text.ts";
import { printable } from "./printable.ts";
import { type Screen, wrap } from "./screen.ts";
import { leftText, shorten } from "./shorten.ts";
import { renderTable, type TableCell } from "./table.ts";

/** A plan for people: what would happen in a few lines, then each partition and why. */
export function planText(
  plan: LoadPlan,
  screen: Screen,
  { sql = false }: { readonly sql?: boolean } = {},
): string {
  const { paint, width } = screen;
  const wrapped = (text: string) =>
    text === ""
      ? ""
      : text.trimEnd().split("\n").map((line) => `${wrap(line, width, 4)}\n`).join("");
  const head = `${headline(plan, paint)}${locksLine(plan)}${settingsLine(plan)}${hooksLine(plan)}`;
  return [
    wrapped(head),
    partitionsTable(plan, screen),
    wrapped(notesText(plan, screen)),
    ...[cautionsText, computedText, evolvedText, keptText].map((textOf) =>
      wrapped(textOf(plan, paint))
    ),
    sql ? planSqlText(plan, screen) : "",
  ].filter((part) => part !== "").join("\n");
}

/** `3 to load, 1 unchanged; sets up the ledger, creates ny.trips`. */
function headline(plan: LoadPlan, paint: Paint): string {
  const environment = plan.environment === null ? "" : ` (environment ${plan.environment})`;
  const changes = changesOf(plan).map(printable);
  return `${paint("strong", plan.pipeline)}${environment}: ${countsText(plan)}` +
    `${changes.length === 0 ? "" : `; ${changes.join(", ")}`}\n`;
}

function countsText({ partitions }: LoadPlan): string {
  const loads = partitions.filter(({ action }) => action === "load").length;
  const skipped = Map.groupBy(
    partitions.filter(({ action }) => action === "skip"),
    ({ skipStatus }) => skipStatus ?? "skipped",
  );
  return [
    loads === 0 ? "nothing to load" : `${loads} to load`,
    ...[...skipped].map(([status, group]) => `${group.length} ${status}`),
  ].join(", ");
}

function changesOf(plan: LoadPlan): string[] {
  const migrations = plan.setup.flatMap(({ migration }) => migration ?? []);
  const ledger = migrations[0] === 1 ? "sets up the ledger" : "brings the ledger up to date";
  const dropped = plan.partitions.flatMap(({ action, partition, retain }) =>
    action === "load" ? retain.map(({ version }) => ({ partition, version })) : []
  );
  const [first, ...others] = dropped;
  return [
    ...(migrations.length === 0 ? [] : [`${ledger} (schema sluice)`]),
    ...plan.changes,
    ...(plan.sweep.length === 0 ? [] : ["tidies up after runs that died"]),
    ...(first === undefined ? [] : [
      `drops version ${first.version}${first.partition === null ? "" : ` of ${first.partition}`}${
        others.length === 0 ? "" : ` and ${others.length} more`
      }`,
    ]),
  ];
}

/** Tables of the same lock that are named. */
const NAMED = 2;

/** What a plain query takes as well blocks nobody. */
const HARMLESS = "ACCESS SHARE";

/** The locks that readers or writers can notice, each kind once. */
function locksLine(plan: LoadPlan): string {
  const loads = plan.partitions.filter(({ action }) => action === "load");
  const statements = [
    ...plan.setup,
    ...loads.flatMap(({ stage, finish, publish, retain }) => [
      ...stage,
      ...finish,
      ...publish,
      ...retain.flatMap((old) => old.statements),
    ]),
  ];
  const kinds = new Map<string, Set<string>>();
  for (const lock of new Set(statements.flatMap(({ lock }) => lock ?? []))) {
    const { mode = lock, tables = "", rest = "" } =
      /^(?<mode>.+?) on (?<tables>.+?)(?<rest>, .*)?$/s.exec(lock)?.groups ?? {};
    if (mode === HARMLESS) continue;
    const kind = `${mode}\n${rest}`;
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(tables));
  }
  if (kinds.size === 0) return "";
  const texts = [...kinds].map(([kind, tables]) => {
    const [mode, rest] = kind.split("\n");
    const names = [...tables];
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    return printable(`${mode} on ${names.slice(0, NAMED).join(", ")}${more}${rest}`);
  });
  return `locks: ${texts.join("; ")}\n`;
}

function settingsLine(plan: LoadPlan): string {
  const limit = plan.rejectLimit.kind === "rows"
    ? formatPlural(plan.rejectLimit.rows, "row")
    : `${plan.rejectLimit.percent}%`;
  const facts = [
    `refresh ${plan.mode} by ${plan.method}${
      plan.methodReason === null ? "" : ` (${plan.methodReason})`
    }`,
    `${formatPlural(plan.concurrency, "partition")} at once`,
    `${formatPlural(plan.copyConnections, "COPY connection")} each`,
    `rejects up to ${limit}`,
    ...(plan.partitions.some(({ action, source }) => action === "load" && source.byRanges)
      ? ["only wanted columns read where the server can"]
      : []),
    ...(plan.together ? ["published together"] : []),
    `${formatPlural(plan.versions, "earlier version")} kept`,
  ];
  return `${facts.join(", ")}\n`;
}

function hooksLine({ hooks }: LoadPlan): string {
  const each = Object.entries(hooks).map(([hook, { length }]) =>
    length === 1 ? hook : `${hook} (${length})`
  );
  return each.length === 0 ? "" : `hooks: ${each.join(", ")}\n`;
}

function partitionsTable({ partitions }: LoadPlan, screen: Screen): string {
  const part = shorten(partitions, screen, ({ action }) => action === "load" ? 0 : 1);
  const rows = part.shown.map((partition): TableCell[] => [
    nameOf(partition),
    { text: partition.action, style: partition.action === "load" ? "good" : "faint" },
    partition.action === "load" ? String(partition.version) : "-",
    printable(partition.reason),
    printable(screen.path(sourceName(partition.source))),
  ]);
  const columns = [
    { title: "partition", cut: "end" as const, least: 12 },
    { title: "action" },
    { title: "version", align: "right" as const },
    { title: "reason", cut: "end" as const, least: 16 },
    { title: "source", cut: "start" as const, least: 16, drop: 1 },
  ];
  const kindOf = ({ action, skipStatus }: PartitionPlan) =>
    action === "load" ? "to load" : skipStatus ?? "skipped";
  return renderTable(columns, rows, screen) + leftText(part, screen, kindOf);
}

function notesText({ notes }: LoadPlan, screen: Screen): string {
  const part = shorten(notes, screen);
  return listText("Changes that others made", part.shown, screen.paint) + leftText(part, screen);
}

function cautionsText({ cautions }: LoadPlan, paint: Paint): string {
  return listText("What may stop the load", cautions, paint);
}

function computedText({ partitions }: LoadPlan, paint: Paint): string {
  const compute = partitions.find(({ action }) => action === "load")?.compute ?? null;
  const lines = compute?.columns.map(({ name, type, expression }) =>
    `${name} ${type}: ${expression}`
  );
  return listText("Columns computed in Postgres", lines ?? [], paint);
}

function evolvedText({ evolved }: LoadPlan, paint: Paint): string {
  const lines = evolved.map(({ column, change, type, evidence }) =>
    `${column} ${type} (${change}): ${evidence}`
  );
  return listText("Columns that change with the sources", lines, paint);
}

function keptText({ kept }: LoadPlan, paint: Paint): string {
  return listText(
    "Stricter in the table than in the file: rows that break it are rejects",
    kept.map(({ column, what }) => `${column} is ${what}`),
    paint,
  );
}

function listText(title: string, lines: readonly string[], paint: Paint): string {
  if (lines.length === 0) return "";
  return `${paint("strong", title)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`;
}

function nameOf({ partition }: PartitionPlan): string {
  return partition === null ? "whole table" : printable(partition);
}

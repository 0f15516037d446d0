import type { ScheduleSpec } from "../../spec/pipeline_spec.ts";
import { type Ask, askLedger, numberOf, olderLedger, type Shown, textOf } from "../ask.ts";
import { type Cell, readCells, readStandings, type Standing } from "../queries/grid.ts";
import { Grid, type GridQuery, type GridRow } from "../views/grid.tsx";

/** Pipelines and months of one page: more is a click away, and nobody waits for it. */
const ROWS = 50;
const MONTHS = 24;

/** `/` */
export async function gridPage(ask: Ask): Promise<Shown> {
  const { host, frame } = ask;
  const served = new Map(host.pipelines().map((each) => [each.spec.pipeline, each]));
  const query = queryOf(ask.query);
  const found = await askLedger(ask, async (tx) => {
    const standings = new Map((await readStandings(tx)).map((each) => [each.pipeline, each]));
    const all = [...new Set([...served.keys(), ...standings.keys()])].sort();
    const taken = all.filter((name) => takes(query, name, standings.get(name)));
    const pages = Math.max(1, Math.ceil(taken.length / ROWS));
    const page = Math.min(query.page, pages);
    const shown = taken.slice((page - 1) * ROWS, page * ROWS);
    const { cells, ...known } = await readCells(tx, shown, query.to, MONTHS);
    return { standings, all, taken, pages, page, shown, span: spanOf(known, query.to), cells };
  });
  if (found === "older") throw olderLedger();
  const { standings, all, taken, pages, page, shown, span, cells } = found === "none"
    ? withoutLedger([...served.keys()].sort(), query)
    : found;
  const nextOf = (pipeline: string, schedule: ScheduleSpec | null) =>
    schedule === null
      ? null
      : ask.starts.around(pipeline, schedule, frame.now).next[0]?.at.toISOString() ?? null;
  const byPipeline = Map.groupBy(cells, ({ pipeline }) => pipeline);
  const rows = shown.map((pipeline): GridRow => ({
    pipeline,
    standing: standings.get(pipeline) ?? null,
    next: host.keepsSchedules ? nextOf(pipeline, served.get(pipeline)?.schedule ?? null) : null,
    cells: new Map((byPipeline.get(pipeline) ?? []).map((cell) => [cell.month, cell])),
  }));
  const data = {
    query: { ...query, page },
    rows,
    months: span.months,
    newer: span.newer,
    older: span.older,
    pages,
    found: taken.length,
    all: all.length,
    broken: [...host.files()].flatMap(([file, { served, fault }]) =>
      fault === null ? [] : { file, kept: served !== null, message: fault }
    ),
    keepsSchedules: host.keepsSchedules,
  };
  return { title: "Pipelines", at: "/", view: <Grid data={data} now={frame.now} /> };
}

function queryOf(search: URLSearchParams): GridQuery {
  const to = textOf(search, "to");
  return {
    q: textOf(search, "q").trim(),
    state: textOf(search, "state"),
    page: numberOf(search.get("page"), 1, 10_000),
    to: /^\d{4}-(0[1-9]|1[0-2])$/.test(to) ? to : null,
  };
}

function takes({ q, state }: GridQuery, name: string, standing: Standing | undefined): boolean {
  return name.toLowerCase().includes(q.toLowerCase()) &&
    (state === "" || state === (standing?.status ?? "never run"));
}

function withoutLedger(all: string[], query: GridQuery) {
  const taken = all.filter((name) => takes(query, name, undefined));
  const pages = Math.max(1, Math.ceil(taken.length / ROWS));
  const page = Math.min(query.page, pages);
  return {
    standings: new Map<string, Standing>(),
    all,
    taken,
    pages,
    page,
    shown: taken.slice((page - 1) * ROWS, page * ROWS),
    span: spanOf({ first: null, last: null }, null),
    cells: [] as readonly Cell[],
  };
}

/** Months from the newest back: without holes, so that one that is missing is seen. */
function spanOf(
  { first, last }: { readonly first: string | null; readonly last: string | null },
  to: string | null,
): {
  readonly months: readonly string[];
  readonly newer: string | null;
  readonly older: string | null;
} {
  if (first === null || last === null) return { months: [], newer: null, older: null };
  const [from, end] = [ordinal(first), ordinal(last)];
  const newest = Math.max(from, to === null ? end : Math.min(ordinal(to), end));
  const oldest = Math.max(from, newest - MONTHS + 1);
  return {
    months: Array.from({ length: newest - oldest + 1 }, (_, at) => monthOf(newest - at)),
    newer: newest < end ? monthOf(Math.min(end, newest + MONTHS)) : null,
    older: oldest > from ? monthOf(oldest - 1) : null,
  };
}

/** Months since the year 0. */
function ordinal(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1;
}

function monthOf(ordinal: number): string {
  const year = String(Math.floor(ordinal / 12)).padStart(4, "0");
  return `${year}-${String(ordinal % 12 + 1).padStart(2, "0")}`;
}

import { textWidth } from "../../core/text_width.ts";
import type { Style } from "./paint.ts";
import { fit, type Screen } from "./screen.ts";

/** A column of a table for people. */
export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Which end of its text may be cut, down to {@link least} columns; left out: it is never cut. */
  readonly cut?: "start" | "end";
  /** 8 when left out. */
  readonly least?: number;
  /** It may be left out where there is no room: those with the smallest number go first. */
  readonly drop?: number;
}

/** A cell: its text, or its text and a style. */
export type TableCell = string | { readonly text: string; readonly style: Style };

type Rows = readonly (readonly TableCell[])[];

/**
 * Lines of aligned columns under their titles, two spaces apart; each line ends in a newline.
 *
 * Where the terminal is too narrow, long texts are cut, then columns are left out, and at last each
 * row is shown as a list, as `\x auto` of psql does. A number is never cut; with `--verbose` nothing.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: Rows,
  screen: Pick<Screen, "paint" | "width" | "verbose">,
): string {
  const { width, verbose } = screen;
  let shown = columns.map(({ title, align = "left", ...narrow }, at): Placed => ({
    title,
    align,
    at,
    ...(verbose ? {} : narrow),
  }));
  for (;;) {
    const widths = fitWidths(shown, rows, width);
    if (widths !== null) return lines(shown, rows, widths, screen);
    const [first] = shown.filter(({ drop }) => drop !== undefined)
      .sort((a, b) => a.drop! - b.drop!);
    if (first === undefined) return records(shown, rows, screen);
    shown = shown.filter((column) => column !== first);
  }
}

interface Placed extends TableColumn {
  /** Its cell in each row. */
  readonly at: number;
}

/** Widths that fit together; null where even the least do not. */
function fitWidths(columns: readonly Placed[], rows: Rows, width: number): number[] | null {
  const widths = columns.map(({ title, at }) =>
    rows.reduce((most, row) => Math.max(most, textWidth(textOf(row[at]))), textWidth(title))
  );
  const least = columns.map(({ cut, least = 8, title }, at) =>
    cut === undefined ? widths[at] : Math.min(widths[at], Math.max(least, textWidth(title)))
  );
  let over = sum(widths) + 2 * (columns.length - 1) - width;
  if (sum(widths) - sum(least) < over) return null;
  // From the widest, so that what is short stays whole.
  for (; over > 0; over--) {
    let widest = -1;
    for (let at = 0; at < widths.length; at++) {
      if (widths[at] > least[at] && (widest === -1 || widths[at] > widths[widest])) widest = at;
    }
    widths[widest]--;
  }
  return widths;
}

function lines(
  columns: readonly Placed[],
  rows: Rows,
  widths: readonly number[],
  { paint, width }: Pick<Screen, "paint" | "width">,
): string {
  const last = columns.length - 1;
  const line = (cells: readonly TableCell[]) =>
    columns.map(({ align, cut, at }, place) => {
      const cell = cells[at];
      const text = cut === undefined || width === Infinity
        ? textOf(cell)
        : fit(textOf(cell), widths[place], cut);
      const space = " ".repeat(Math.max(0, widths[place] - textWidth(text)));
      const painted = typeof cell === "string" ? text : paint(cell.style, text);
      if (align === "right") return space + painted;
      return place === last ? painted : painted + space;
    }).join("  ").trimEnd() + "\n";
  const titles: TableCell[] = [];
  for (const { title, at } of columns) titles[at] = { text: title, style: "faint" };
  return line(titles) + rows.map(line).join("");
}

/** Each row as a list of its cells, with an empty line between rows. */
function records(
  columns: readonly Placed[],
  rows: Rows,
  { paint, width }: Pick<Screen, "paint" | "width">,
): string {
  const names = Math.max(...columns.map(({ title }) => textWidth(title)));
  return rows.map((row) =>
    columns.map(({ title, cut, at }) => {
      const cell = row[at];
      const text = cut === undefined ? textOf(cell) : fit(textOf(cell), width - names - 2, cut);
      const painted = typeof cell === "string" ? text : paint(cell.style, text);
      const name = paint("faint", title) + " ".repeat(names - textWidth(title));
      return `${name}  ${painted}`.trimEnd() + "\n";
    }).join("")
  ).join("\n");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function textOf(cell: TableCell): string {
  return typeof cell === "string" ? cell : cell.text;
}

import { textWidth } from "../../core/text_width.ts";
import type { Paint, Style } from "./paint.ts";

/** A column of a table for people. */
export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** A cell: its text, or its text and a style. */
export type TableCell = string | { readonly text: string; readonly style: Style };

/** Lines of aligned columns under their titles, two spaces apart; each line ends in a newline. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  paint: Paint,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(textOf(row[at]))))
  );
  const line = (cells: readonly TableCell[]) =>
    cells.map((cell, at) => {
      const text = textOf(cell);
      const space = " ".repeat(widths[at] - textWidth(text));
      const painted = typeof cell === "string" ? text : paint(cell.style, text);
      if (columns[at].align === "right") return space + painted;
      return at === columns.length - 1 ? painted : painted + space;
    }).join("  ").trimEnd() + "\n";
  const titles = columns.map(({ title }): TableCell => ({ text: title, style: "faint" }));
  return line(titles) + rows.map(line).join("");
}

function textOf(cell: TableCell): string {
  return typeof cell === "string" ? cell : cell.text;
}

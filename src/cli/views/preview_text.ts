import type { Preview } from "../../inspect/mod.ts";
import { printable } from "./printable.ts";
import { fit, type Screen, wrap } from "./screen.ts";
import { renderTable, type TableCell } from "./table.ts";

/** Columns of a terminal that a value takes; JSON output has it whole. */
const LONGEST = 40;

/** Columns with their types and values below, then what would be rejected. */
export function previewText({ columns, rows, rejects }: Preview, screen: Screen): string {
  const { paint, width, verbose } = screen;
  const numbers = /^(smallint|integer|bigint|real|double precision|numeric)/;
  const table = renderTable(
    columns.map(({ name, type }) => ({
      title: printable(name),
      ...(numbers.test(type) ? { align: "right" } : { cut: "end", least: 12 }),
    })),
    [
      columns.map(({ type }): TableCell => ({ text: type, style: "faint" })),
      ...rows.map((row) =>
        row.map((value): TableCell =>
          value === null
            ? { text: "NULL", style: "faint" }
            : verbose
            ? printable(value)
            : fit(printable(value), LONGEST)
        )
      ),
    ],
    screen,
  );
  return table +
    rejects.map(({ line, column, message }) =>
      wrap(
        `line ${line}  ${paint("bad", "rejected")}: ${
          column === null ? "" : `${printable(column)}: `
        }${printable(message)}`,
        width,
        2,
      ) + "\n"
    ).join("");
}

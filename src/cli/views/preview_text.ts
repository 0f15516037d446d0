import type { Preview } from "../../inspect/mod.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { renderTable, type TableCell } from "./table.ts";

/** Characters of a value that are shown; JSON output has it whole. */
const LONGEST = 40;

/** Columns with their types and values below, then what would be rejected. */
export function previewText({ columns, rows, rejects }: Preview, paint: Paint): string {
  const numbers = /^(smallint|integer|bigint|real|double precision|numeric)/;
  const table = renderTable(
    columns.map(({ name, type }) => ({
      title: printable(name),
      align: numbers.test(type) ? "right" : "left",
    })),
    [
      columns.map(({ type }): TableCell => ({ text: type, style: "faint" })),
      ...rows.map((row) =>
        row.map((value): TableCell =>
          value === null ? { text: "NULL", style: "faint" } : cut(value)
        )
      ),
    ],
    paint,
  );
  return table +
    rejects.map(({ line, column, message }) =>
      `line ${line}  ${paint("bad", "rejected")}: ${
        column === null ? "" : `${printable(column)}: `
      }${printable(message)}\n`
    ).join("");
}

function cut(value: string): string {
  const text = printable(value);
  const characters = [...text];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : text;
}

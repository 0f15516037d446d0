import type { Diagnostic } from "./diagnostic.ts";
import { textWidth } from "./text_width.ts";

/** The role of a piece of a rendered diagnostic; the painter chooses the color. */
export type DiagnosticRole = "error" | "warning" | "code" | "caret" | "hint" | "position";

/** Longest part of the source line that is shown, columns of a terminal. */
const SHOWN = 160;

/** Columns of it that stand before the place, where the line is longer. */
const BEFORE = 40;

/**
 * A diagnostic as text: where and what, the line with the place underlined, what to do.
 *
 * @param width columns of the terminal: the caret stands under its place only where no line is
 *   broken
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  paint: (text: string, role: DiagnosticRole) => string = (text) => text,
  width = Infinity,
): string {
  const { file, start, end, severity, code, message, hint, source } = diagnostic;
  const place = paint(printable(`${file}:${start.line}:${start.column}:`), "position");
  const head = `${place} ${paint(severity, severity)}[${paint(code, "code")}]: ${
    printable(message)
  }`;
  const number = String(start.line);
  const margin = " ".repeat(number.length);
  const column = start.column - 1;
  // Of a long line, such as a flow mapping, the part around the place is shown.
  const room = Math.max(20, Math.min(SHOWN, width - number.length - 5));
  const lead = Math.min(BEFORE, room >> 1);
  const from = textWidth(source.slice(0, column)) < room - lead
    ? 0
    : column - unitsOf(source.slice(0, column), lead, true);
  const to = from + unitsOf(source.slice(from), room, false);
  const shown = [from > 0 ? "…" : "", source.slice(from, to), to < source.length ? "…" : ""];
  const last = end.line === start.line ? end.column - 1 : source.length;
  const before = shown[0] + source.slice(from, column);
  const marked = source.slice(column, Math.min(Math.max(last, column), to));
  const carets = "^".repeat(Math.max(1, textWidth(marked)));
  // A tab stays one, so that the caret stands under its place whatever a tab is worth.
  const indent = before.replace(/[^\t]+/g, (text) => " ".repeat(textWidth(text)));
  const lines = [
    head,
    `${paint(`${margin} |`, "position")}`,
    `${paint(`${number} |`, "position")} ${printable(shown.join(""))}`,
    `${paint(`${margin} |`, "position")} ${indent}${paint(carets, "caret")}`,
  ];
  if (hint !== undefined) {
    lines.push(`${paint(`${margin} =`, "position")} ${paint("help", "hint")}: ${printable(hint)}`);
  }
  return lines.join("\n");
}

/** UTF-16 units of the characters that take so many columns, from the start or the end. */
function unitsOf(text: string, columns: number, fromEnd: boolean): number {
  // Longer ones take more columns, except for what takes none.
  const near = fromEnd ? text.slice(-4 * columns) : text.slice(0, 4 * columns);
  const characters = [...near];
  let left = columns;
  let units = 0;
  for (const character of fromEnd ? characters.reverse() : characters) {
    // A tab takes up to eight.
    left -= character === "\t" ? 8 : textWidth(character);
    if (left < 0) break;
    units += character.length;
  }
  return units;
}

/** Control characters would let a file write to the terminal; so would turning its direction. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

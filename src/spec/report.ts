import type { Diagnostic, Position } from "../core/diagnostic.ts";
import type { SpecCode } from "./codes.ts";
import { keyRangeAt, LineCounter, nodeAt, type Path, type Range, type Tree } from "./yaml_tree.ts";

/** Collects the mistakes of one file. */
export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  /** Marks a range of the text. */
  range(
    range: Range,
    code: SpecCode,
    message: string,
    hint?: string | null,
    severity?: Diagnostic["severity"],
  ): void;
  /** Marks the value at a path. */
  value(path: Path, code: SpecCode, message: string, hint?: string | null): void;
  /** Marks a part of the value at a path; the whole value where it is written otherwise. */
  part(
    path: Path,
    part: string,
    code: SpecCode,
    message: string,
    hint?: string | null,
    severity?: Diagnostic["severity"],
  ): void;
  /** Line of the key that a path ends with, from 1. */
  lineOf(path: Path): number;
  /** Marks the key that a path ends with. */
  key(path: Path, code: SpecCode, message: string, hint?: string | null): void;
}

/** A report on a text; without a tree everything with a path stands at its start. */
export function reportOn(text: string, file: string, tree: Tree | null): Report {
  const diagnostics: Diagnostic[] = [];
  const said = new Set<string>();
  const lines = linesOf(text);
  const none: Range = { start: 0, end: 0 };
  const report: Report = {
    diagnostics,
    range(range, code, message, hint, severity = "error") {
      const start = positionOf(range.start);
      const source = sourceLine(start);
      // An alias or a merge key brings one fault into several columns.
      const key = [code, range.start, message.replace(/"columns\.[^"]*"/, "")].join(" ");
      if (said.has(key)) return;
      said.add(key);
      // A mapping is marked at its first line: the whole of it says less.
      const lineEnd = start.offset - start.column + 1 + source.length;
      const end = positionOf(Math.min(Math.max(range.end, start.offset), lineEnd));
      diagnostics.push({
        code,
        severity,
        message,
        ...(hint ? { hint } : {}),
        file,
        start,
        end,
        source,
      });
    },
    value(path, code, message, hint) {
      report.range(tree === null ? none : nodeAt(tree, path), code, message, hint);
    },
    part(path, part, code, message, hint, severity) {
      const whole = tree === null ? none : nodeAt(tree, path);
      const at = text.slice(whole.start, whole.end).indexOf(part);
      const start = whole.start + at;
      const range = at < 0 ? whole : { start, end: start + part.length };
      report.range(range, code, message, hint, severity);
    },
    lineOf(path) {
      return positionOf(tree === null ? 0 : keyRangeAt(tree, path).start).line;
    },
    key(path, code, message, hint) {
      report.range(tree === null ? none : keyRangeAt(tree, path), code, message, hint);
    },
  };
  return report;

  function positionOf(at: number): Position {
    const offset = Math.min(Math.max(at, 0), text.length);
    const { line, col: column } = lines.linePos(offset);
    return { line, column, offset };
  }

  function sourceLine({ line }: Position): string {
    const { lineStarts } = lines;
    const rest = text.slice(lineStarts[line - 1], lineStarts[line] ?? text.length);
    return rest.replace(/\r?\n$/, "");
  }
}

/** All lines of a text: the parser, where it counts them itself, misses some of a broken file. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return lines;
}

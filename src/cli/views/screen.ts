import { relative } from "node:path";
import { wrapAnsi as wrapText } from "fast-wrap-ansi";
import { textWidth } from "../../core/text_width.ts";
import type { Output } from "../output.ts";
import { type Paint, paintFor } from "./paint.ts";

/** What a view needs to know of where its text is shown. */
export interface Screen {
  readonly paint: Paint;
  /** Columns of the terminal; `Infinity` elsewhere: lines of a file or a pipe have any length. */
  readonly width: number;
  /** Nothing is shortened: ids, paths and texts are whole. */
  readonly verbose: boolean;
  /** What the user types before the name of a command. */
  readonly typed: string;
  /** A path as the user would type it; anything else as it is. */
  path(path: string): string;
  /** The paths below the user's folder that a text names, without that folder. */
  text(text: string): string;
}

/**
 * The screen behind an output.
 *
 * @param folder where the user stands, absolute
 * @param typed what the user types before the name of a command
 */
export function screenFor(
  out: Pick<Output, "isTerminal" | "colors" | "columns">,
  folder: string,
  verbose = false,
  typed = "sluice",
): Screen {
  return {
    paint: paintFor(out),
    // As it is when the text is written: a terminal may have changed its size meanwhile.
    get width() {
      return out.isTerminal ? out.columns() : Infinity;
    },
    verbose,
    typed,
    path: (path) => verbose ? path : nearer(path, folder),
    text: (text) => verbose ? text : withoutFolder(text, folder),
  };
}

/** A screen that shortens nothing: for logs. */
export function plainScreen(paint: Paint = (_style, text) => text): Screen {
  const same = (text: string) => text;
  return { paint, width: Infinity, verbose: false, typed: "sluice", path: same, text: same };
}

/** A text of so many columns at the most, without colors; `…` in place of what is cut. */
export function fit(text: string, width: number, cut: "start" | "end" = "end"): string {
  if (textWidth(text) <= width) return text;
  // A record may have megabytes, and few characters have as many units.
  const near = cut === "end" ? text.slice(0, 16 * width) : text.slice(-16 * width);
  const characters = [...CHARACTERS.segment(near)].map(({ segment }) => segment);
  if (cut === "start") characters.reverse();
  const kept: string[] = [];
  let left = width - 1;
  for (const character of characters) {
    left -= textWidth(character);
    if (left < 0) break;
    kept.push(character);
  }
  return cut === "end" ? `${kept.join("")}…` : `…${kept.reverse().join("")}`;
}

/** As a person counts them: a family of emoji is one. */
const CHARACTERS = new Intl.Segmenter();

/** Text in lines of so many columns, those after the first indented; broken between words. */
export function wrap(text: string, width: number, indent = 0): string {
  // In a strip too narrow to read, the terminal may break lines where it likes.
  if (width - indent < 20 || textWidth(text) <= width - indent) return text;
  const [lead] = /^ */.exec(text)!;
  const lines = wrapText(text.slice(lead.length), width - indent - lead.length, { hard: true });
  return lead + lines.replaceAll("\n", `\n${" ".repeat(indent)}`);
}

/** Relative where that is shorter: `../../../../tmp/a.csv` tells less than `/tmp/a.csv`. */
function nearer(path: string, folder: string): string {
  if (!path.startsWith("/") && !/^[A-Za-z]:\\/.test(path)) return path;
  const shorter = relative(folder, path);
  return shorter !== "" && shorter.length < path.length ? shorter : path;
}

/** A path ends where nobody knows; it begins where no other path goes on. */
function withoutFolder(text: string, folder: string): string {
  const prefix = /[\\/]$/.test(folder) ? folder : `${folder}${folder.includes("\\") ? "\\" : "/"}`;
  if (prefix.length < 2) return text;
  let rest = text;
  let result = "";
  for (;;) {
    const at = rest.indexOf(prefix);
    if (at === -1) return result + rest;
    const isStart = !/[\w/\\.~:-]/.test(at === 0 ? result.at(-1) ?? " " : rest[at - 1]);
    result += rest.slice(0, at) + (isStart ? "" : prefix);
    rest = rest.slice(at + prefix.length);
  }
}

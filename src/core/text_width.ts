import stringWidth from "fast-string-width";

/** Columns that a text takes on a terminal; codes of colors take none. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

import { type FormatTraits, type Kind, markupKind, pointerKind } from "../../recognise.ts";

/** What JSON looks like. */
export const JSON_TRAITS: FormatTraits = {
  label: "JSON file",
  controls: [],
  separators: [0x0a, 0x22, 0x2c, 0x3a],
  other: (text) => pointerKind(text) ?? markupKind(text) ?? linesKind(text) ?? textKind(text),
};

/** Two objects, each on its line. */
function linesKind(text: string): Kind | null {
  const lines = /^\uFEFF?\s*(\{.*\})\s*?\r?\n\s*(\{.*)/.exec(text);
  if (lines === null || !isObject(lines[1])) return null;
  return { what: "JSON lines: an object on each line", hint: "Say so:\nsource:\n  format: ndjson" };
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** What begins as no JSON does. */
function textKind(text: string): Kind | null {
  if (
    /^\uFEFF?\s*(?:[[{"]|-?\d|true|false|null|$)/.test(text) &&
    !/^\uFEFF?\s*"[^"\n]*"[,;\t|]/.test(text)
  ) {
    return null;
  }
  return {
    what: "something else, by its first characters",
    hint: "If it is CSV, say so:\nsource:\n  format: csv",
  };
}

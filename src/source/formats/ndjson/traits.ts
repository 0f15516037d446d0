import { type FormatTraits, type Kind, markupKind, pointerKind } from "../../recognise.ts";

/** What JSON lines look like. */
export const NDJSON_TRAITS: FormatTraits = {
  label: "file of JSON lines",
  controls: [],
  separators: [0x0a, 0x22, 0x2c, 0x3a],
  other: (text) => pointerKind(text) ?? markupKind(text) ?? jsonKind(text) ?? csvKind(text),
};

/** JSON that is one document. */
function jsonKind(text: string): Kind | null {
  if (/^\uFEFF?\s*\[/.test(text)) {
    return {
      what: "one JSON list",
      hint: "Say so:\nsource:\n  format: json",
    };
  }
  if (/^\uFEFF?\s*\{\s*\r?\n/.test(text)) {
    return {
      what: "JSON with line breaks inside its objects",
      hint: "If it is a document with a list of records, say where the list stands:\n" +
        "source:\n  format: { type: json, path: $.items }\n" +
        "Else write each object on one line, for example with `jq -c .`",
    };
  }
  return null;
}

/** A first line of names, of which none is JSON. */
function csvKind(text: string): Kind | null {
  const [line] = text.split(/\r?\n/, 1);
  if (!/^\uFEFF?["\w][^{}[\]]*[,;\t|]/.test(line)) return null;
  return {
    what: "perhaps CSV, by its first line",
    hint: "If it is, say so:\nsource:\n  format: csv",
  };
}

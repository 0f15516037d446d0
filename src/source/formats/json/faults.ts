import { SluiceError } from "../../../core/error.ts";
import type { Walker } from "./walker.ts";

/** A place in a document. */
export interface Faulty {
  readonly line: number;
  /** Offset in the decompressed file. */
  readonly byte: number;
  /** Which item it is at or behind, in words; null outside of the list. */
  readonly item: string | null;
}

/** The document is no JSON. */
export function corrupt(at: Faulty, what: string): SluiceError {
  const item = at.item === null ? "" : `, ${at.item}`;
  return new SluiceError(
    "source/corrupt_json",
    `The JSON is broken on line ${at.line}, byte ${at.byte}${item}: ${what}`,
    {
      details: { line: at.line, byte: at.byte },
      hint: 'A document for each line is JSON lines: write "format: ndjson" for it. ' +
        "Else have the file written again: nothing of it was loaded",
    },
  );
}

/**
 * The document ends too early.
 *
 * @param inside what is not complete; null: there is no document
 */
export function cutShort(at: Faulty, inside: string | null): SluiceError {
  if (inside === null) {
    return new SluiceError("source/empty_file", "The file ends before its JSON begins", {
      hint: "Check that the source was written completely; a list without items is `[]`",
    });
  }
  const item = at.item === null ? "" : `, ${at.item}`;
  return new SluiceError(
    "source/corrupt_json",
    `The JSON ends on line ${at.line}, at byte ${at.byte}${item}, inside ${inside}`,
    {
      details: { line: at.line, byte: at.byte },
      hint: "The file was cut, or is still being written: get all of it. Nothing of it was loaded",
    },
  );
}

/**
 * The path leads to no list.
 *
 * @param found what stands there; null for nothing
 */
export function noList(
  path: string,
  { names, reached }: Walker,
  at: Faulty,
  found: string | null,
): SluiceError {
  const what = found === null
    ? `Nothing stands at "${path}" of the document`
    : `At "${path}" of the document, on line ${at.line}, stands ${found}: expected a list`;
  const known = found !== null || names.length === 0
    ? ""
    : ` The names ${reached === 0 ? "at its top" : `after ${reached} steps`} are ${
      names.map((name) => JSON.stringify(name.slice(0, 60))).join(", ")
    }.`;
  return new SluiceError("source/no_json_list", what, {
    details: { line: at.line, byte: at.byte },
    hint: `Say where the list of records stands:${known}\nsource:\n` +
      "  format: { type: json, path: $.data.items }\n" +
      "Objects one after the other, each on its line, are `format: ndjson`",
  });
}

/** A name of the path occurs twice, so that there may be two lists. */
export function repeatedStep(path: string, name: string, at: Faulty): SluiceError {
  return new SluiceError(
    "source/corrupt_json",
    `"${path}" is not one place: ${JSON.stringify(name)} stands twice in its object, again on ` +
      `line ${at.line}, byte ${at.byte}`,
    {
      details: { line: at.line, byte: at.byte },
      hint: "Have the document written with each name once: nothing of it was loaded",
    },
  );
}

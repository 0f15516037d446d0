import type { CsvOptions } from "../../../spec/formats/csv.ts";
import {
  type FormatTraits,
  type Kind,
  markupKind,
  pointerKind,
  WEB_PAGE,
} from "../../recognise.ts";

const JSON_TEXT = /^\s*(?:\{\s*"|\[\s*[{["])/;
const JSON_LINE = /^\s*\{\s*"[^\n]*\}\s*(?:\n|$)/;
const SEPARATOR = /^sep=(.)\r?\n/i;

/** Content types of another kind than CSV, and how such a text begins. */
const CONTENT_TYPES: readonly (readonly [type: RegExp, what: string, begins: RegExp])[] = [
  [/^(?:text\/html|application\/xhtml\+xml)$/, "an HTML page", /^\s*</],
  [/^(?:text|application)\/xml$|\+xml$/, "XML", /^\s*</],
  [/^(?:text|application)\/(?:json|x-ndjson|jsonl)$|\+json$/, "JSON", /^\s*[{[]/],
];

/** What a CSV file of these options looks like. */
export function csvTraits(options: CsvOptions): FormatTraits {
  const { delimiter, quote, escape } = options;
  const codes = (text: string | null) => [...text ?? ""].map((each) => each.charCodeAt(0));
  return {
    label: "CSV file",
    encoding: options.encoding,
    controls: [delimiter, quote, escape].flatMap(codes),
    separators: [0x0a, 0x0d, ...codes(delimiter).slice(0, 1).filter((code) => code < 128)],
    other: (text, type) => textKind(text, options) ?? announcedKind(text, options, type),
  };
}

function textKind(text: string, { header, quote, skipLines, delimiter }: CsvOptions): Kind | null {
  // What is skipped may be anything.
  if (skipLines > 0) return null;
  const pointer = pointerKind(text);
  if (pointer !== null) return pointer;
  // Lines that are taken as they are, without names and quotes, may be lines of anything.
  if (!header && quote === null) return null;
  const markup = markupKind(text);
  if (markup !== null) return markup;
  if (header && JSON_TEXT.test(text)) return jsonKind(text);
  const separator = SEPARATOR.exec(text)?.[1];
  if (separator !== undefined && separator.charCodeAt(0) < 128) {
    return {
      what: `CSV behind a line for Excel, \`sep=${separator}\``,
      hint: "Skip that line:\nsource:\n  format: { type: csv, " +
        `delimiter: ${JSON.stringify(separator)}, skip_lines: 1 }` +
        (separator === delimiter ? "" : `\nThe pipeline has ${JSON.stringify(delimiter)} now`),
    };
  }
  return null;
}

function jsonKind(text: string): Kind {
  return JSON_LINE.test(text)
    ? {
      what: "JSON",
      hint: "If each line is an object, write `format: ndjson`; if it is one document, " +
        "`format: json`",
    }
    : {
      what: "JSON",
      hint: "If it is one list, say so:\nsource:\n  format: json\n" +
        "A list within a document has a path: `format: { type: json, path: $.items }`",
    };
}

/**
 * What the server says, where the text does not speak against it: many servers call any text HTML.
 * Without a header nothing in the file can prove that it is the right one, so the server's word counts.
 */
function announcedKind(text: string, format: CsvOptions, type: string): Kind | null {
  const found = CONTENT_TYPES.find(([pattern]) => pattern.test(type));
  if (found === undefined || text === "") return null;
  const [, what, begins] = found;
  const begun = begins.test(text) && !isBracketed(text, format.delimiter);
  if (format.header && !begun) return null;
  return {
    what: `${what}, by its Content-Type`,
    hint: begun
      ? WEB_PAGE
      : "If it is CSV all the same, have the server send it as `text/csv`, or load it from a file",
  };
}

/** A header such as `<DATE>,<CLOSE>`, as programs for stock prices write it. */
function isBracketed(text: string, delimiter: string): boolean {
  const names = text.split(/\r?\n|\r/)[0].split(delimiter);
  return names.length > 1 && names.every((name) => /^\s*(?:<[^<>]*>|\[[^[\]]*\])\s*$/.test(name));
}

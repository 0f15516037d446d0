import { byteLength } from "../../core/names.ts";
import type { Check } from "./check.ts";

/** The characters of a CSV file are single bytes and differ from each other. */
export const csvCharacters: Check = ({ source: { format } }, report) => {
  const { delimiter, quote, escape, comment } = format;
  const path = (key: string) => ["source", "format", key];
  for (const [key, value] of Object.entries({ delimiter, quote, escape, comment })) {
    if (value === null) continue;
    if (value.length !== 1 || byteLength(value) !== 1) {
      report.value(
        path(key),
        "spec/bad_csv_option",
        `"${key}" must be one ASCII character`,
        value === "\\t" ? 'Write "\\t" in double quotes' : null,
      );
    } else if (value === "\n" || value === "\r" || value === "\0") {
      report.value(path(key), "spec/bad_csv_option", `"${key}" cannot be a line break or NUL`);
    }
  }
  // The escape may be the quote: that is how RFC 4180 writes a quote.
  const pairs = [
    ["quote", quote, delimiter],
    ["escape", escape, delimiter],
    ["comment", comment, delimiter],
    ["comment", comment, quote],
    ["comment", comment, escape],
  ] as const;
  for (const [key, value, other] of pairs) {
    if (value === null || value !== other) continue;
    report.value(path(key), "spec/bad_csv_option", `"${key}" is "${value}", which has another use`);
  }
  if (quote === null && escape !== null) {
    report.value(path("escape"), "spec/contradiction", `Without "quote" there is no "escape"`);
  }
};

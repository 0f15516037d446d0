import { fillTemplate, PERIOD_EXAMPLES } from "../../core/period.ts";
import { schemeList, transportOf } from "../../core/transports.ts";
import type { Check } from "./check.ts";

/** Schemes that a later version will read. */
const LATER = /^(s3|gs|gcs|az|azure|abfss?|sftp|ftp|ftps)$/;

/** The names that shells and systems have for standard input and other open files. */
const STANDARD_INPUT = /^(-|(file:\/\/)?\/dev\/(stdin|fd\/\d+)|(file:\/\/)?\/proc\/self\/fd\/\d+)$/;

/** `file:a.csv` and `file://a.csv`, whose name would be taken for a host. */
function isRelativeFileUrl(url: string): boolean {
  return /^file:/i.test(url) && !/^file:\/[^/]|^file:\/\/(localhost)?\//i.test(url);
}

/** The source can be looked for: a path or an address, and headers that HTTP can carry. */
export const sourceAddress: Check = ({ source, partitions }, report) => {
  const path = ["source", "url"];
  const by = partitions?.by;
  const example = by === undefined
    ? source.url
    : fillTemplate(source.url, by, by === "list" ? "a" : PERIOD_EXAMPLES[by]);
  // What a secret holds is not known here; a scheme is hardly one.
  const url = example.replace(/\$\{[^}]*\}/g, "x");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1].toLowerCase();
  if (url.includes("\0")) {
    report.value(path, "spec/wrong_value", `"source.url" cannot hold NUL`);
  } else if (scheme !== undefined && LATER.test(scheme)) {
    report.value(path, "spec/not_available_yet", `"${scheme}://" is not available yet`);
  } else if (scheme !== undefined && transportOf(scheme) === null) {
    report.value(
      path,
      "spec/wrong_value",
      `"${scheme}://" is not known`,
      `Schemes: ${schemeList()}; a path needs none`,
    );
  } else if (STANDARD_INPUT.test(url)) {
    report.value(
      path,
      "spec/not_available_yet",
      "Standard input cannot be a source yet: a load may have to read it again",
      "Save it to a file first, and name that",
    );
  } else if (isRelativeFileUrl(url)) {
    report.value(
      path,
      "spec/wrong_value",
      "A file URL is absolute: it starts with `file:///`",
      `Write a path relative to this file: ${source.url.replace(/^file:(\/\/)?/i, "")}`,
    );
  } else if (scheme !== undefined && !URL.canParse(url)) {
    // The address itself may hold a password that `--set` gave.
    report.value(path, "spec/wrong_value", "This is not a valid address");
  }
  for (const [name, value] of Object.entries(source.headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      report.key(["source", "headers", name], "spec/bad_name", `"${name}" cannot name a header`);
    }
    // deno-lint-ignore no-control-regex
    if (/[\0\r\n]|[^\x00-\xff]/.test(value)) {
      report.value(
        ["source", "headers", name],
        "spec/wrong_value",
        `The value of "${name}" holds what no header can`,
        "Expected one line of Latin-1 characters",
      );
    }
  }
};

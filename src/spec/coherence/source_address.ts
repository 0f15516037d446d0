import { fillTemplate, PERIOD_EXAMPLES } from "../../core/period.ts";
import { isStandardInput, schemeList, transportOf } from "../../core/transports.ts";
import type { PipelineSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import { type PlacedUrl, placedUrls } from "../variables.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";

/** Schemes that a later version will read. */
const LATER = /^(ftp|ftps)$/;

/** Schemes with the account of Azure in the address, as Hadoop writes them. */
const HADOOP_AZURE = /^(abfss?|wasbs?|adls?)$/;

/** The names that systems have for files that a process has open. */
const OPEN_FILE = /^(file:\/\/)?(\/dev\/fd\/\d+|\/proc\/self\/fd\/\d+)$/;

/** `file:a.csv` and `file://a.csv`, whose name would be taken for a host. */
function isRelativeFileUrl(url: string): boolean {
  return /^file:/i.test(url) && !/^file:\/[^/]|^file:\/\/(localhost)?\//i.test(url);
}

/** The source can be looked for: paths or addresses, and headers that HTTP can carry. */
export const sourceAddress: Check = (spec, report) => {
  const { source } = spec;
  for (const { text, path } of addressesOf(source)) checkAddress(text, path, spec, report);
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

/** The addresses of a source with variables filled in, and where each stands. */
export function addressesOf({ url, urls }: PipelineSpec["source"]): PlacedUrl[] {
  return placedUrls({ url: urls ?? url });
}

function checkAddress(
  address: string,
  path: Path,
  { partitions, schedule, source }: Parameters<Check>[0],
  report: Report,
): void {
  const by = partitions?.by;
  const example = by === undefined
    ? address
    : fillTemplate(address, by, by === "list" ? "a" : PERIOD_EXAMPLES[by]);
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
      HADOOP_AZURE.test(scheme)
        ? "A blob is az://container/path; AZURE_STORAGE_ACCOUNT names the account"
        : `Schemes: ${schemeList()}; a path needs none`,
    );
  } else if (isStandardInput(url)) {
    if (schedule !== undefined) {
      report.value(
        path,
        "spec/contradiction",
        "Standard input cannot be read on a schedule",
        "Write it to a file, and name that",
      );
    } else if (source.urls !== undefined) {
      report.value(path, "spec/contradiction", "Standard input cannot be one of several files");
    }
  } else if (OPEN_FILE.test(url)) {
    report.value(
      path,
      "spec/wrong_value",
      "Of the files that a process has open only standard input can be a source",
      "Write `-` for standard input, or the path of a file",
    );
  } else if (isRelativeFileUrl(url)) {
    report.value(
      path,
      "spec/wrong_value",
      "A file URL is absolute: it starts with `file:///`",
      `Write a path relative to this file: ${address.replace(/^file:(\/\/)?/i, "")}`,
    );
  } else if (scheme !== undefined && !URL.canParse(url)) {
    // The address itself may hold a password that `--set` gave.
    report.value(path, "spec/wrong_value", "This is no address that can be read");
  }
}

import { fillTemplate, PERIOD_EXAMPLES } from "../../core/period.ts";
import type { Check } from "./check.ts";

/** Schemes that a later version will read. */
const LATER = /^(s3|gs|gcs|az|azure|abfss?|sftp|ftp|ftps)$/;

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
  } else if (scheme !== undefined && !/^(https?|file)$/.test(scheme)) {
    report.value(
      path,
      "spec/wrong_value",
      `"${scheme}://" is not known`,
      "Schemes: https, http, file; a path needs none",
    );
  } else if (scheme !== undefined && !URL.canParse(url)) {
    // The address itself may hold a password that `--set` gave.
    report.value(path, "spec/wrong_value", "This is no address that can be read");
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

import { parsePartition, type Period } from "../core/period.ts";

/** A date in an address, and the template that stands for all of its kind. */
export interface DatedAddress {
  readonly by: Period;
  /** The partition's name. */
  readonly partition: string;
  /** The address with a placeholder in place of the date. */
  readonly template: string;
}

const YEAR = String.raw`(?<![\d.])((?:19|20)\d\d)`;
const MONTH = "(0[1-9]|1[0-2])";
const DAY = String.raw`(0[1-9]|[12]\d|3[01])`;
const END = String.raw`(?!\d)`;

/** Ways to write a date, those with more parts first. */
const FORMS: readonly (readonly [by: Period, form: RegExp])[] = [
  ["day", new RegExp(`${YEAR}([-_./]?)${MONTH}\\2${DAY}${END}`, "g")],
  ["month", new RegExp(`${YEAR}([-_./]?)${MONTH}${END}`, "g")],
  ["year", new RegExp(`${YEAR}()${END}`, "g")],
];

/** The date in a file's address, the last one where there are several; null where there is none. */
export function datedAddress(address: string): DatedAddress | null {
  const path = address.replace(/[?#].*$/s, "");
  for (const [by, form] of FORMS) {
    const found = [...path.matchAll(form)].at(-1);
    if (found === undefined) continue;
    const [text, year, separator, month, day] = found;
    const partition = [year, month, day].filter((part) => part !== undefined).join("-");
    if (parsePartition(by, partition) === null) continue;
    const pattern = ["yyyy", "MM", "dd"].slice(0, partition.split("-").length).join(separator);
    const placeholder = separator === "-" || by === "year" ? `{${by}}` : `{${by}:${pattern}}`;
    const before = address.slice(0, found.index);
    return {
      by,
      partition,
      template: before + placeholder + address.slice(before.length + text.length),
    };
  }
  return null;
}

/** A name for the pipeline of a file: its own, without endings and dates. */
export function nameOf(address: string): string {
  const path = address.replace(/[?#].*$/s, "").replace(/[\\/]+$/, "");
  let name = decoded(path.slice(path.search(/[^\\/]*$/)));
  name = name.replace(/(?<=.)(\.[A-Za-z0-9]{1,8})+$/, "");
  for (const [, form] of FORMS) name = name.replaceAll(form, "");
  return name.normalize("NFKD").toLowerCase().replace(/\p{M}+/gu, "").replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "").slice(0, 50) || "data";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

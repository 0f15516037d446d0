import { freeColumnName, unnamedColumn } from "../core/column_name.ts";
import { formatCount, formatPlural } from "../core/format_text.ts";
import { quotedText } from "../core/quoted_text.ts";
import type { RefreshMode } from "../spec/pipeline_spec.ts";
import { datedAddress } from "./address.ts";
import type { ProfiledField, SourceProfile } from "./inspect_source.ts";
import type { FormatKeys } from "./recognise_format.ts";

/** What a pipeline is written from, beside its file. */
export interface PipelineRequest {
  readonly pipeline: string;
  /** `schema.table`, as the file has it. */
  readonly table: string;
  /** Of the source, as the file has it. */
  readonly url: string;
  /** Left out: as a pipeline without partitions does. */
  readonly mode?: RefreshMode;
  /** Columns that identify a row. */
  readonly key?: readonly string[];
}

/** A column of a pipeline file, and why it is what it is. */
export interface WrittenColumn {
  readonly name: string;
  /** The keys as YAML; a type alone, or a mapping in braces. */
  readonly value: string;
  readonly evidence: string;
}

/** The text of a pipeline file for a source, with the evidence for each column in comments. */
export function writePipeline(request: PipelineRequest, profile: SourceProfile): string {
  const columns = writeColumns(profile);
  const dated = datedAddress(request.url);
  const keys = keyCandidates(profile, columns);
  const lines = [
    `# ${summaryOf(profile)}`,
    `pipeline: ${scalar(request.pipeline)}`,
    "",
    "source:",
    `  url: ${quotedText(request.url)}`,
    `  format: ${formatText(profile.format)}`,
    "",
    "target:",
    `  table: ${scalar(request.table)}`,
    "",
    ...(dated === null || request.mode !== undefined ? [] : [
      `# The address names a ${dated.by}. To load each ${dated.by} for itself, write`,
      `#   partitions: { by: ${dated.by}, from: ${dated.partition}, to: ${dated.partition} }`,
      `# and in \`source\``,
      `#   url: ${quotedText(dated.template)}`,
      "",
    ]),
    ...(request.mode === undefined ? [] : [`refresh: { mode: ${request.mode} }`, ""]),
    ...keyLines(request.key ?? [], keys, profile),
    ...rejectLines(profile),
    "columns:",
    ...columns.map(({ name, value, evidence }) => `  ${scalar(name)}: ${value} # ${evidence}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The columns of a source, by the names and the values of its fields. */
export function writeColumns({ fields, records }: SourceProfile): WrittenColumn[] {
  const taken = new Set<string>();
  const counts = Map.groupBy(fields, ({ name }) => name);
  const hasNumbers = fields.some(({ name }) => /^[1-9]\d{0,4}$/.test(name ?? ""));
  return fields.map((field, f) => {
    const { name } = field;
    const column = freeColumnName(name === null || name === "" ? unnamedColumn(f) : name, taken);
    // Only its place tells it from others.
    const isPlace = name === "" || name !== null && counts.get(name)!.length > 1;
    const from = name === null || (name === column && !isPlace && !hasNumbers)
      ? null
      : isPlace
      ? String(f + 1)
      : name;
    return { name: column, value: columnText(field, from), evidence: evidenceOf(field, records) };
  });
}

/** Columns without a NULL and without two values alike; those that are called like a key first. */
function keyCandidates(
  { fields, records }: SourceProfile,
  columns: readonly WrittenColumn[],
): string[] {
  const found = columns.filter((_column, f) => {
    const { isUnique, empty, nullTexts, type } = fields[f];
    return isUnique && empty === 0 && nullTexts.size === 0 && records > 1 &&
      ["integer", "bigint", "text", "uuid"].includes(type);
  }).map(({ name }) => name);
  const isKey = (name: string) => /(^|_)(id|key|code|no|nr|number|uuid|guid)$/.test(name);
  return [...found.filter(isKey), ...found.filter((name) => !isKey(name))];
}

/** The keys of a column: its type alone where there is nothing else to say. */
export function columnText(
  { type, options }: Pick<ProfiledField, "type" | "options">,
  from: string | null,
): string {
  const keys = [
    ...(from === null ? [] : [`from: ${scalar(from)}`]),
    `type: ${scalar(type)}`,
    ...Object.entries(options).map(([key, value]) =>
      `${key}: ${
        Array.isArray(value) ? `[${value.map(quotedText).join(", ")}]` : scalar(value as string)
      }`
    ),
  ];
  return keys.length === 1 ? scalar(type) : `{ ${keys.join(", ")} }`;
}

/** What the values of a field show, for a comment. */
export function evidenceOf(field: ProfiledField, records: number): string {
  const { what, values, empty, nullTexts, range, longest, notes, isUnique } = field;
  if (values === 0) {
    return [records === 0 ? "there is no record yet" : "no record has a value", ...notes].join(
      "; ",
    );
  }
  const nulls = [...nullTexts].map(([text, count]) => `${formatCount(count)} ${shown(text)}`);
  const extent = range === null
    ? what === "texts" ? `, up to ${formatPlural(longest, "character")}` : ""
    : range[0] === range[1]
    ? `, ${shown(range[0])}`
    : `, ${shown(range[0])} … ${shown(range[1])}`;
  const facts = `${formatCount(values)} of ${formatCount(records)} are ${what}${extent}, ` +
    [`${formatCount(empty)} empty`, ...nulls].join(", ");
  return [facts, ...(isUnique && values > 1 ? ["all different"] : []), ...notes.map(shown)]
    .join("; ");
}

function summaryOf({ records, isWhole, bytes, unreadable }: SourceProfile): string {
  const read = isWhole
    ? `All ${formatCount(records)} records of the file were read`
    : `The first ${formatCount(records)} records were read (${formatCount(bytes)} bytes): ` +
      "`--full` reads all of them";
  return unreadable === 0 ? read : `${read}, and ${formatCount(unreadable)} cannot be read`;
}

function keyLines(
  key: readonly string[],
  candidates: readonly string[],
  { records, isWhole }: SourceProfile,
): string[] {
  if (key.length > 0) return [`idempotency_key: [${key.map(scalar).join(", ")}]`, ""];
  if (candidates.length === 0) return [];
  const [first, ...others] = candidates;
  const more = others.length === 0
    ? ""
    : `; ${others.slice(0, 5).map(shown).join(", ")} would do as well`;
  const of = isWhole ? `the ${formatCount(records)} records` : `the sample`;
  return [
    `# idempotency_key: [${scalar(first)}] # no two of ${of} have the same${more}`,
    "",
  ];
}

function rejectLines({ unreadable, firstUnreadable }: SourceProfile): string[] {
  if (firstUnreadable === null) return [];
  const { line, message } = firstUnreadable;
  return [
    "rejects:",
    `  limit: ${unreadable} # the first is on line ${formatCount(line)}: ${shown(message)}`,
    "",
  ];
}

/** `source.format`. */
export function formatText(format: FormatKeys): string {
  const { type, ...keys } = format;
  const entries = Object.entries(keys);
  if (entries.length === 0) return type;
  return `{ type: ${type}, ${
    entries.map(([key, value]) =>
      `${key}: ${
        Array.isArray(value)
          ? `[${value.map(quotedText).join(", ")}]`
          : typeof value === "string"
          ? quotedText(value)
          : value
      }`
    ).join(", ")
  } }`;
}

/** A text in a comment: on one line, and not too long. */
export function shown(text: string): string {
  const line = quotedText(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("\\\\", "\\");
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}

/** A scalar of YAML, in quotes where it could be read as something else. */
export function scalar(value: string | number | boolean): string {
  const text = String(value);
  if (typeof value !== "string") return text;
  const isPlain = /^[A-Za-z_\p{L}][\p{L}\p{N}_. ()-]*$/u.test(text) && !/\s$|\s\s/.test(text) &&
    !/^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i.test(text);
  return isPlain ? text : quotedText(text);
}

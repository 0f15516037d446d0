import type { ErrorRecord, PostgresFields } from "../../core/error.ts";
import { reasonText } from "../../core/reject_reason.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";
import { type Screen, wrap } from "./screen.ts";

/** What is known about an error beside its record. */
export interface ErrorPlace {
  /** Such as `partition 2021-01`. */
  readonly where?: string;
  readonly cause?: unknown;
}

/**
 * An error for people: what, where, why, what to do; each under its own word.
 *
 * ```text
 * error: Key (id)=(7) is there twice
 *   code   db/unique_violation
 *   where  partition 2021-01
 *   do     …
 * ```
 */
export function errorText(error: ErrorRecord, screen: Screen, context: ErrorPlace = {}): string {
  const { paint, width: columns } = screen;
  const facts: [string, string][] = [["code", error.code]];
  if (context.where !== undefined) facts.push(["where", context.where]);
  for (const [name, value] of Object.entries(error.details ?? {})) {
    if (!says(`${error.message} ${error.hint ?? ""}`, String(value))) {
      facts.push([name, String(value)]);
    }
  }
  for (const reason of error.reasons ?? []) facts.push(["reject", reasonText(reason)]);
  facts.push(...postgresFacts(error.postgres, error.message));
  for (const text of causes(context.cause, error, screen)) facts.push(["cause", text]);
  if (error.hint !== undefined) facts.push(["do", error.hint]);
  if (error.retry === "later") {
    facts.push(["retry", "the same command can succeed later without a change"]);
  }
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => {
    const indent = "\n" + " ".repeat(width + 4);
    const text = printableLines(screen.text(value)).split("\n")
      .map((line) => wrap(line, columns, width + 4)).join(indent);
    return `  ${paint("faint", name.padEnd(width))}  ${text}\n`;
  });
  const message = `${paint("bad", "error:")} ${
    paint("strong", printable(screen.text(error.message)))
  }`;
  return `${wrap(message, columns, 2)}\n${lines.join("")}`;
}

/** A failure that is ours: with its stack, and where to send it. */
export function bugText(error: unknown, version: string, paint: Paint): string {
  const stack = error instanceof Error ? error.stack ?? `${error.name}: ${error.message}` : error;
  return `${
    paint("bad", "This is a bug in Sluice")
  } ${version}: please report it with these lines\n` +
    `${printableLines(String(stack))}\n`;
}

/** Field by field, so that nothing Postgres said is lost; what the message says already is not. */
function postgresFacts(fields: PostgresFields | undefined, message: string): [string, string][] {
  if (fields === undefined) return [];
  const sqlState = [fields.severity, fields.code && `SQLSTATE ${fields.code}`]
    .filter((part) => part).join(" ");
  const object = [
    fields.schema && `schema "${fields.schema}"`,
    fields.table && `table "${fields.table}"`,
    fields.column && `column "${fields.column}"`,
    fields.dataType && `type "${fields.dataType}"`,
    fields.constraint && `constraint "${fields.constraint}"`,
  ].filter((part) => part).join(", ");
  const facts: [string, string | undefined][] = [
    ["postgres", sqlState],
    ["message", fields.message],
    ["detail", fields.detail],
    ["hint", fields.hint],
    ["context", fields.where],
    ["on", object],
    ["position", fields.position && `character ${fields.position} of the statement`],
  ];
  return facts.flatMap(([name, value]): [string, string][] =>
    value && !message.includes(value.replace(/\.$/, "")) ? [[name, value]] : []
  );
}

/** Whether a text has a value as a word of its own. */
function says(text: string, value: string): boolean {
  const at = text.indexOf(value);
  if (value === "" || at === -1) return value === "";
  return !/[\w.]/.test(text[at - 1] ?? " ") && !/\w/.test(text[at + value.length] ?? " ");
}

/** Causes that are shown where nobody asked for all. */
const CAUSES = 3;

/** The messages of what lay under an error, where they say something new. */
function causes(cause: unknown, error: ErrorRecord, { verbose }: Screen): string[] {
  const texts: string[] = [];
  const most = verbose ? Infinity : CAUSES;
  for (let at = cause; at instanceof Error && texts.length < most; at = at.cause) {
    const known = [error.message, error.postgres?.message ?? "", ...texts];
    if (at.message !== "" && !known.some((text) => text.includes(at.message))) {
      texts.push(at.message);
    }
  }
  return texts;
}

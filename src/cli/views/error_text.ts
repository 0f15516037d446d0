import type { ErrorRecord, PostgresFields } from "../../core/error.ts";
import { reasonText } from "../../core/reject_reason.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";

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
export function errorText(error: ErrorRecord, paint: Paint, context: ErrorPlace = {}): string {
  const facts: [string, string][] = [["code", error.code]];
  if (context.where !== undefined) facts.push(["where", context.where]);
  for (const [name, value] of Object.entries(error.details ?? {})) {
    facts.push([name, String(value)]);
  }
  for (const reason of error.reasons ?? []) facts.push(["reject", reasonText(reason)]);
  facts.push(...postgresFacts(error.postgres, error.message));
  for (const text of causes(context.cause, error)) facts.push(["cause", text]);
  if (error.hint !== undefined) facts.push(["do", error.hint]);
  if (error.retry === "later") {
    facts.push(["retry", "the same command can succeed later without a change"]);
  }
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => {
    const indent = "\n" + " ".repeat(width + 4);
    const text = printableLines(value).replaceAll("\n", indent);
    return `  ${paint("faint", name.padEnd(width))}  ${text}\n`;
  });
  return `${paint("bad", "error:")} ${paint("strong", printable(error.message))}\n${
    lines.join("")
  }`;
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

/** The messages of what lay under an error, where they say something new; three at the most. */
function causes(cause: unknown, error: ErrorRecord): string[] {
  const texts: string[] = [];
  for (let at = cause; at instanceof Error && texts.length < 3; at = at.cause) {
    const known = [error.message, error.postgres?.message ?? "", ...texts];
    if (at.message !== "" && !known.some((text) => text.includes(at.message))) {
      texts.push(at.message);
    }
  }
  return texts;
}

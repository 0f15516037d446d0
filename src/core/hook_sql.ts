import { didYouMean } from "./did_you_mean.ts";
import { HOOK_FACTS, type HookFact } from "./hooks.ts";
import { sqlFault, sqlParts } from "./sql_text.ts";

/** SQL of a hook with the facts bound as parameters, each with its type. */
export interface BoundHook {
  readonly sql: string;
  /** Bound as `$1…`. */
  readonly params: readonly HookFact[];
}

/** What is wrong with the SQL of a hook. */
export interface HookFault {
  /** The text that shows it; null: all of it. */
  readonly part: string | null;
  readonly message: string;
  readonly hint: string;
}

/** `:name`, but not the second colon of a cast. */
const NAME = /(?<!:):([A-Za-z_][A-Za-z0-9_]*)/g;

/** Statements that can take parameters. */
const WITH_PARAMETERS = ["select", "insert", "update", "delete", "merge", "with", "values", "call"];

/** What else may run in a transaction with others, and changes nothing about the session. */
const OTHERS = [
  "alter",
  "analyze",
  "cluster",
  "comment",
  "create",
  "do",
  "drop",
  "grant",
  "import",
  "lock",
  "notify",
  "reassign",
  "refresh",
  "reindex",
  "revoke",
  "security",
  "table",
  "truncate",
];

const REFUSED: Readonly<Record<string, string>> = {
  copy: "Insert with a SELECT: a hook has no file of its own",
  set: "Give the function that needs it a SET clause: a hook leaves the session as it is",
  reset: "Leave it out: a hook leaves the session as it is",
  vacuum: "Leave it to autovacuum, or to a schedule of its own: it cannot run in a transaction",
  explain: "Leave it out: nobody sees what it returns",
};

const TRANSACTION = [
  "abort",
  "begin",
  "commit",
  "end",
  "prepare",
  "release",
  "rollback",
  "savepoint",
  "start",
];

/** What Postgres does not do in a transaction with others. */
const ALONE =
  /^(?:(?:create|drop|alter)\s+(?:database|tablespace|subscription)\b|alter\s+system\b|(?:create|drop)\s+(?:unique\s+)?index\s+concurrently\b|reindex\b.*\b(?:concurrently|database|system|schema)\b|cluster\s*$|alter\s+table\b.*\bdetach\s+partition\b.*\bconcurrently\b)/is;

/** The statement without the semicolon that it may end in. */
export function hookStatement(sql: string): string {
  const parts = sqlParts(sql).parts;
  let end = sql.length;
  for (const { context, start, end: partEnd } of parts.toReversed()) {
    if (context === "comment") continue;
    if (context !== "code") break;
    const code = sql.slice(start, partEnd);
    if (code.trim() === "") continue;
    const last = start + code.trimEnd().length - 1;
    if (sql[last] === ";") end = last;
    break;
  }
  return end === sql.length ? sql : `${sql.slice(0, end)} ${sql.slice(end + 1)}`;
}

/** Binds `:run_id` and the like; what is in quotes or a comment stays as it is. */
export function bindHook(text: string): BoundHook {
  const sql = hookStatement(text);
  const params: HookFact[] = [];
  let bound = "";
  for (const { context, start, end } of sqlParts(sql).parts) {
    const part = sql.slice(start, end);
    bound += context !== "code" ? part : part.replace(NAME, (whole, name: string) => {
      if (!isFact(name)) return whole;
      if (!params.includes(name)) params.push(name);
      return `$${params.indexOf(name) + 1}::${HOOK_FACTS[name]}`;
    });
  }
  return { sql: bound, params };
}

/** Why a text is no statement that a hook can run; null where it is one. */
export function hookFault(text: string): HookFault | null {
  const sql = hookStatement(text);
  const fault = sqlFault(sql);
  if (fault !== null) {
    const { offset, message } = fault;
    return {
      part: sql.slice(offset, offset + 20).toWellFormed(),
      message,
      hint: "Write one statement, with its brackets, quotes and comments closed; " +
        "several are a list",
    };
  }
  return wordFault(sql) ?? nameFault(sql);
}

function wordFault(sql: string): HookFault | null {
  const code = codeOf(sql).trim();
  const [, word = ""] = /^\(*\s*([a-z_]+)/i.exec(code) ?? [];
  const first = word.toLowerCase();
  if (first === "") return { part: null, message: "there is no statement", hint: "Write one" };
  const part = word;
  const shown = word.toUpperCase();
  if (TRANSACTION.includes(first)) {
    return {
      part,
      message: `${shown} ends, begins or parts a transaction`,
      hint: "Leave it out: each hook runs in a transaction that Sluice ends",
    };
  }
  if (ALONE.test(code)) {
    return {
      part,
      message: "Postgres does not do this in a transaction",
      hint: "Do it by a schedule of its own, or without CONCURRENTLY",
    };
  }
  if (WITH_PARAMETERS.includes(first) || OTHERS.includes(first)) return null;
  return {
    part,
    message: `a hook cannot do ${shown}`,
    hint: REFUSED[first] ?? "Call a function that does it",
  };
}

function nameFault(sql: string): HookFault | null {
  const [, first = ""] = /^\(*\s*([a-z_]+)/i.exec(codeOf(sql).trim()) ?? [];
  const [numbered] = /\$\d+/.exec(codeOf(sql)) ?? [];
  if (numbered !== undefined) {
    return {
      part: numbered,
      message: `parameters have names, and "${numbered}" is a number`,
      hint: "Write :run_id, :partition and the like",
    };
  }
  const takesParameters = WITH_PARAMETERS.includes(first.toLowerCase());
  for (const { context, start, end } of sqlParts(sql).parts) {
    const part = sql.slice(start, end);
    if (context === "comment") continue;
    for (const { 0: whole, 1: name, index } of part.matchAll(NAME)) {
      if (context !== "code") {
        // The whole text, or the body of DO: somebody expects a value there.
        const isMeant = isFact(name) &&
          (context === "dollar" || part.slice(1, -1) === whole || part.endsWith(`'${whole}'`));
        if (!isMeant) continue;
        return {
          part: whole,
          message: `"${whole}" stands in quotes, where it is no parameter`,
          hint: context === "dollar"
            ? "Make a function of it, and hand it the parameter: select f(:run_id)"
            : "Take it out of the quotes",
        };
      }
      if (!isFact(name)) {
        // The bounds of an array's slice.
        if (/[\w\])"]$/.test(part.slice(0, index))) continue;
        const near = didYouMean(name, Object.keys(HOOK_FACTS));
        return {
          part: whole,
          message: `there is no parameter "${whole}"`,
          hint: near === null
            ? `Parameters: ${Object.keys(HOOK_FACTS).map((each) => `:${each}`).join(", ")}`
            : `Did you mean ":${near}"?`,
        };
      }
      if (takesParameters) continue;
      return {
        part: whole,
        message: `Postgres gives no parameters to ${first.toUpperCase()}`,
        hint: "Call a function or a procedure with it: select f(:run_id)",
      };
    }
  }
  return null;
}

function codeOf(sql: string): string {
  return sqlParts(sql).parts.map(({ context, start, end }) =>
    context === "comment" ? " " : context === "code" ? sql.slice(start, end) : "''"
  ).join("");
}

function isFact(name: string): name is HookFact {
  return Object.hasOwn(HOOK_FACTS, name);
}

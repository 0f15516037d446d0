/** Where in SQL a place is. */
export type SqlContext =
  | "code"
  /** `'…'`, where a quote is written twice. */
  | "literal"
  /** `E'…'`, where a backslash escapes. */
  | "escaped_literal"
  /** `"…"` */
  | "identifier"
  /** `$tag$…$tag$` */
  | "dollar"
  | "comment";

/** A stretch of SQL of one context, quotes included. */
export interface SqlPart {
  readonly context: SqlContext;
  readonly start: number;
  readonly end: number;
}

/** Why a text cannot be put in brackets within a statement. */
export interface SqlFault {
  readonly offset: number;
  readonly message: string;
}

/** Comments and blanks with a line end, after which a literal goes on in the way it began. */
const CONTINUES = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*)*'/y;
const LINE = /[^\n\r]*/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;

/** The context of a place in a text that is cut. */
export function contextAt(parts: readonly SqlPart[], offset: number): SqlContext {
  return parts.find(({ end }) => offset < end)?.context ?? "code";
}

/** Cuts SQL as Postgres's own scanner does, with `standard_conforming_strings` on. */
export function sqlParts(
  sql: string,
): { readonly parts: SqlPart[]; readonly fault: SqlFault | null } {
  const parts: SqlPart[] = [];
  let codeStart = 0;
  let at = 0;
  let fault: SqlFault | null = null;

  function part(context: SqlContext, start: number, end: number | null, what: string): void {
    if (start > codeStart) parts.push({ context: "code", start: codeStart, end: start });
    if (end === null) fault ??= { offset: start, message: `${what} is never closed` };
    at = codeStart = end ?? sql.length;
    parts.push({ context, start, end: at });
  }

  while (at < sql.length) {
    const two = sql.slice(at, at + 2);
    if (two === "--") {
      part("comment", at, at + matchAt(LINE, sql, at)!.length, "");
    } else if (two === "/*") {
      part("comment", at, endOfComment(sql, at), "A comment");
    } else if (sql[at] === "'") {
      part("literal", at, endOfQuoted(sql, at, "'"), "A quote");
    } else if (sql[at] === '"') {
      part("identifier", at, endOfQuoted(sql, at, '"'), "A quote");
    } else if (sql[at] === "$") {
      const tag = matchAt(DOLLAR, sql, at);
      if (tag === null) at++;
      else {
        const end = sql.indexOf(tag, at + tag.length);
        part("dollar", at, end < 0 ? null : end + tag.length, `A text in ${tag}`);
      }
    } else {
      const word = matchAt(WORD, sql, at);
      if (/^e$/i.test(word ?? "") && sql[at + 1] === "'") {
        part("escaped_literal", at, endOfEscaped(sql, at + 1), "A quote");
      } else at += word?.length ?? 1;
    }
  }
  if (at > codeStart) parts.push({ context: "code", start: codeStart, end: at });
  return { parts, fault };
}

/**
 * Why a text would not stay within the brackets that it is put in: `true) or (true`, a quote or
 * comment that is left open, a second statement. Null where it does.
 */
export function sqlFault(sql: string): SqlFault | null {
  const { parts, fault } = sqlParts(sql);
  const open: { readonly bracket: string; readonly offset: number }[] = [];
  for (const { context, start, end } of parts) {
    if (context !== "code") continue;
    for (let at = start; at < end; at++) {
      const character = sql[at];
      if (character === "(" || character === "[") open.push({ bracket: character, offset: at });
      else if (character === ")" || character === "]") {
        const last = open.pop();
        if (last?.bracket !== (character === ")" ? "(" : "[")) {
          return { offset: at, message: `"${character}" has no opening bracket` };
        }
      } else if (character === ";") return { offset: at, message: '";" ends the statement' };
    }
  }
  if (fault !== null) return fault;
  const [left] = open;
  return left === undefined
    ? null
    : { offset: left.offset, message: `"${left.bracket}" is never closed` };
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Comments may lie in one another. */
function endOfComment(sql: string, start: number): number | null {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const two = sql.slice(at, at + 2);
    if (two === "/*") depth++;
    else if (two === "*/") depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return null;
}

/** A doubled quote ends and begins the text at once. */
function endOfQuoted(sql: string, start: number, quote: string): number | null {
  for (let from = start + 1;;) {
    const end = sql.indexOf(quote, from);
    if (end < 0) return null;
    if (sql[end + 1] !== quote) return end + 1;
    from = end + 2;
  }
}

function endOfEscaped(sql: string, start: number): number | null {
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] === "\\") at++;
    else if (sql[at] === "'") {
      if (sql[at + 1] === "'") at++;
      else {
        const more = matchAt(CONTINUES, sql, at + 1);
        if (more === null) return at + 1;
        at += more.length;
      }
    }
  }
  return null;
}

/** One import of a module, by whatever syntax. */
export interface Import {
  readonly specifier: string;
  /** `import type` or `export type`: nothing of it is there at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Every import, re-export, dynamic import and module URL of a TypeScript file. */
export function importsOf(text: string): Import[] {
  const code = codeOf(text);
  const found: Import[] = [];
  for (const [pattern, canBeType] of IMPORTS) {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const specifier = text.slice(start, code.indexOf(match.at(-1)!, start));
      // A URL may just as well name a file of data.
      if (pattern === MODULE_URL && !/\.[jt]s$/.test(specifier)) continue;
      found.push({
        specifier,
        typeOnly: canBeType && match[2] !== undefined,
        line: text.slice(0, match.index).split("\n").length,
      });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** How a worker's module is named. */
const MODULE_URL = /\bnew\s+URL\s*\(\s*(["'])(?=\s*\1\s*,\s*import\.meta)/g;

const IMPORTS: readonly (readonly [RegExp, boolean])[] = [
  [/\b(import|export)(\s+type(?=\s*[\w{*]))?\s*[^"';()]*?\bfrom\s*(["'])/g, true],
  [/\bimport\s*(["'])/g, false],
  [/\bimport\s*\(\s*(["'`])/g, false],
  [MODULE_URL, false],
];

/** The text with comments, and what stands in quotes, blanked out; every offset stays the same. */
export function codeOf(text: string): string {
  let code = "";
  /** For each open `${`: how many braces are open in it. */
  const templates: number[] = [];
  let at = 0;

  function take(end: number, keep: (index: number) => boolean): void {
    for (; at < end; at++) code += keep(at) || text[at] === "\n" ? text[at] : " ";
  }

  function quoted(close: string): void {
    const start = at;
    let end = at + 1;
    while (end < text.length && text[end] !== close) end += text[end] === "\\" ? 2 : 1;
    take(Math.min(end + 1, text.length), (index) => index === start || index === end);
  }

  /** From a backtick, or the brace that ends a `${`, to the next of either. */
  function template(): void {
    const start = at;
    let end = at + 1;
    while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) {
      end += text[end] === "\\" ? 2 : 1;
    }
    if (text.startsWith("${", end)) {
      templates.push(0);
      take(end + 2, (index) => index === start || index >= end);
    } else {
      take(Math.min(end + 1, text.length), (index) => index === start || index === end);
    }
  }

  function regularExpression(): void {
    let inClass = false;
    let end = at + 1;
    for (; end < text.length && (inClass || text[end] !== "/"); end++) {
      if (text[end] === "\\") end++;
      else if (text[end] === "[") inClass = true;
      else if (text[end] === "]") inClass = false;
    }
    take(end + 1, () => false);
  }

  while (at < text.length) {
    const char = text[at];
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      take(end < 0 ? text.length : end, () => false);
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      take(end < 0 ? text.length : end + 2, () => false);
    } else if (text.startsWith("/>", at) || (char === "/" && code.endsWith("<"))) {
      // The end of an element.
      take(at + 1, () => true);
    } else if (char === '"' || char === "'") quoted(char);
    else if (char === "`") template();
    else if (char === "/" && startsExpression(code)) regularExpression();
    else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      template();
    } else {
      if (char === "{" && templates.length > 0) templates[templates.length - 1]++;
      if (char === "}" && templates.length > 0) templates[templates.length - 1]--;
      take(at + 1, () => true);
    }
  }
  return code;
}

/** Whether a slash after this code opens a regular expression rather than divides. */
function startsExpression(code: string): boolean {
  const before = code.trimEnd();
  return before === "" || /[(,=:[!&|?{};+\-*%~^<>]$/.test(before) ||
    /\b(return|typeof|case|in|of|do|else|void|await|yield|throw)$/.test(before);
}

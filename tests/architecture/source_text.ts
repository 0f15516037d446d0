/** One import of a module, by whatever syntax. */
export interface Import {
  readonly specifier: string;
  /** `import type` or `export type`: nothing of it is there at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A function of a file, those within others too. */
export interface SourceFunction {
  /** `anonymous` where it has none. */
  readonly name: string;
  readonly lines: number;
}

/** What the rules look at in a file. */
interface Source {
  readonly imports: readonly Import[];
  readonly functions: readonly SourceFunction[];
  /** Comments, and what stands in quotes: first and last offset. */
  readonly blanks: readonly Deno.lint.Range[];
}

/** Every import, re-export, dynamic import and module URL of a TypeScript file. */
export function importsOf(text: string): readonly Import[] {
  return sourceOf(text).imports;
}

/** Every function of a TypeScript file, in no order. */
export function functionsOf(text: string): readonly SourceFunction[] {
  return sourceOf(text).functions;
}

/** The text with comments, and what stands in quotes, blanked out; every offset stays the same. */
export function codeOf(text: string): string {
  let code = "";
  let at = 0;
  for (const [start, end] of sourceOf(text).blanks) {
    // A text in a type, such as an index, is visited twice.
    if (start < at) continue;
    code += text.slice(at, start) + text.slice(start, end).replace(/[^\n]/g, " ");
    at = end;
  }
  return code + text.slice(at);
}

const known = new Map<string, Source>();

function sourceOf(text: string): Source {
  const before = known.get(text);
  if (before !== undefined) return before;
  const source = read(text);
  known.set(text, source);
  return source;
}

/** Reads a file with Deno's own parser, which a test reaches as a plugin of its linter. */
function read(text: string): Source {
  const imports: Import[] = [];
  const blanks: Deno.lint.Range[] = [];
  const functions: SourceFunction[] = [];
  function counted({ range }: { readonly range: Deno.lint.Range }, name = "anonymous"): void {
    functions.push({ name, lines: text.slice(...range).split("\n").length });
  }
  function found(node: { readonly range: Deno.lint.Range }, specifier: string, typeOnly = false) {
    const line = text.slice(0, node.range[0]).split("\n").length;
    imports.push({ specifier, typeOnly, line });
  }
  const create = ({ sourceCode }: Deno.lint.RuleContext): Deno.lint.LintVisitor => ({
    Program() {
      for (const { range } of sourceCode.getAllComments()) blanks.push(range);
    },
    Literal(node) {
      // Numbers and `null` are code.
      if (typeof node.value === "string") blanks.push([node.range[0] + 1, node.range[1] - 1]);
      else if (node.raw.startsWith("/")) blanks.push(node.range);
    },
    FunctionDeclaration: (node) => counted(node, node.id?.name),
    ArrowFunctionExpression: (node) => counted(node),
    FunctionExpression(node) {
      const { parent } = node;
      const named = parent.type === "MethodDefinition" || parent.type === "Property";
      counted(node, named ? sourceCode.getText(parent.key) : node.id?.name);
    },
    TemplateElement: ({ range }) => void blanks.push(range),
    ImportDeclaration: (node) => found(node, node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => found(node, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration(node) {
      if (node.source !== null) found(node, node.source.value, node.exportKind === "type");
    },
    ImportExpression(node) {
      const specifier = textOf(node.source);
      if (specifier !== null) found(node, specifier);
    },
    NewExpression(node) {
      const [path, base] = node.arguments;
      const isUrl = node.callee.type === "Identifier" && node.callee.name === "URL";
      if (!isUrl || path === undefined || base?.type !== "MemberExpression") return;
      const specifier = textOf(path);
      // A URL may just as well name a file of data.
      if (specifier !== null && /\.[jt]s$/.test(specifier)) found(node, specifier);
    },
  });
  const plugin = { name: "architecture", rules: { read: { create } } };
  // Of a TypeScript file the other way to write a type assertion would be taken for JSX.
  Deno.lint.runPlugin(plugin, /<\/|\/>/.test(text) ? "file.tsx" : "file.ts", text);
  return {
    functions,
    imports: imports.sort((a, b) => a.line - b.line),
    blanks: blanks.sort((a, b) => a[0] - b[0]),
  };
}

/** A text in quotes of any kind; null where it is put together. */
function textOf(node: Deno.lint.Node): string | null {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type !== "TemplateLiteral" || node.quasis.length !== 1) return null;
  return node.quasis[0].cooked;
}

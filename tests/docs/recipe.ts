/** A block of code of a recipe. */
export interface Block {
  readonly kind: "file" | "command" | "sql" | "result";
  /** Of a file. */
  readonly name: string | null;
  /** With its last line end. */
  readonly text: string;
}

export interface Recipe {
  readonly title: string;
  readonly blocks: readonly Block[];
}

const KINDS: Readonly<Record<string, Block["kind"]>> = {
  sh: "command",
  sql: "sql",
  text: "result",
};

/** The sections of a page. A block is a file where the line before it ends with its name. */
export function recipesOf(page: string): Recipe[] {
  return page.split(/^## /m).slice(1).map((section) => ({
    title: section.split("\n")[0],
    blocks: [...section.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => {
      const [, language, text] = match;
      const name = /`([\w.-]+)`:\n\n$/.exec(section.slice(0, match.index))?.[1] ?? null;
      return { kind: name === null ? KINDS[language] : "file", name, text };
    }),
  }));
}

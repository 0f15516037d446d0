import database from "../../docs/database.md" with { type: "text" };
import errors from "../../docs/errors.md" with { type: "text" };
import operate from "../../docs/operate.md" with { type: "text" };
import rejects from "../../docs/rejects.md" with { type: "text" };
import sources from "../../docs/sources.md" with { type: "text" };

/** What the documentation says of a code. */
export interface Explanation {
  /** Of an error, a mistake in a pipeline file, or a rejected row. */
  readonly code: string;
  /** Plain text, paragraphs with an empty line between them. */
  readonly text: string;
  /** Such as `docs/errors.md`. */
  readonly page: string;
}

/** The pages that explain codes: part of the program, so that they are there without a network. */
const PAGES: Readonly<Record<string, string>> = {
  "docs/errors.md": errors,
  "docs/sources.md": sources,
  "docs/database.md": database,
  "docs/rejects.md": rejects,
  "docs/operate.md": operate,
};

/** The page of reasons for rejects, whose codes have no slash. */
const REASONS = "docs/rejects.md";

/** Every code that the documentation explains, in its order; the first place counts. */
export function explanations(): ReadonlyMap<string, Explanation> {
  const found = new Map<string, Explanation>();
  for (const [page, text] of Object.entries(PAGES)) {
    for (const [code, words] of [...sections(text), ...listItems(text), ...tableRows(text)]) {
      // Elsewhere lists also name metrics and compressions.
      const isCode = code.includes("/") || page === REASONS;
      if (isCode && !found.has(code)) found.set(code, { code, text: plainText(words), page });
    }
  }
  return found;
}

type Entry = readonly [code: string, text: string];

/** A code: `db/tls`, `invalid_date`, `rule:<name>`. */
const CODE = /`((?:[a-z]+\/)?[a-z][a-z0-9_]*|rule:<name>|sqlstate:<state>)`/g;

/** `### db/tls` and what follows up to the next heading. */
function sections(page: string): Entry[] {
  return page.split(/^(?=#{1,6} )/m).flatMap((section): Entry[] => {
    const code = /^### ([a-z]+\/[a-z_]+)\n/.exec(section);
    return code === null ? [] : [[code[1], section.slice(code[0].length)]];
  });
}

/** ``- `a`, `b`: what they mean``; before the list stands what holds for all of it. */
function listItems(page: string): Entry[] {
  return page.split(/\n\n/).flatMap((paragraph, at, all): Entry[] =>
    paragraph.split(/^(?=- )/m).flatMap((item): Entry[] => {
      const head = /^- ((?:`[^`]+`(?:,\s+|(?=:)))+):\s/.exec(item);
      if (head === null) return [];
      const before = /([^.]*):$/.exec(all[at - 1] ?? "")?.[1].trim();
      const about = before === undefined ? "" : `\n\n${before}.`;
      const text = item.slice(head[0].length).trim();
      const sentence = text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
      return [...head[1].matchAll(CODE)].map(([, code]): Entry => [code, sentence + about]);
    })
  );
}

/** A row of `http/…` codes: its status and all that it says. */
function tableRows(page: string): Entry[] {
  return [...page.matchAll(/^\| +(\d{3}) +\| (.*?) +\|$/gm)].flatMap(([, status, cell]) =>
    [...cell.matchAll(CODE)].flatMap(([, code]): Entry[] =>
      code.startsWith("http/") ? [[code, `HTTP status ${status}: ${cell}.`]] : []
    )
  );
}

/** Markdown as people read it in a terminal. */
function plainText(markdown: string): string {
  return markdown.trim()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .split(/\n\s*\n/)
    // A list and a block of code keep their lines.
    .map((part) => /^(- |```| {4})/.test(part) ? part : part.replace(/\s*\n\s*/g, " "))
    .join("\n\n");
}

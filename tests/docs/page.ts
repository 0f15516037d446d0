/** A heading of a Markdown page, with the anchor that GitHub gives it. */
export interface Heading {
  /** 1 for the title. */
  readonly level: number;
  /** As written, with its backticks. */
  readonly text: string;
  readonly anchor: string;
}

const BEGIN = "<!-- contents -->";
const END = "<!-- end of contents -->";

/** The headings of a page in their order; lines in code blocks are none. */
export function headingsOf(page: string): Heading[] {
  const headings: Heading[] = [];
  const seen = new Map<string, number>();
  for (const line of withoutCode(page).split("\n")) {
    const match = /^(#{1,6}) (.*)$/.exec(line);
    if (match === null) continue;
    const slug = slugOf(match[2]);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    headings.push({
      level: match[1].length,
      text: match[2],
      anchor: times === 0 ? slug : `${slug}-${times}`,
    });
  }
  return headings;
}

/** What inline links `[text](target)` of a page point to, code blocks left out. */
export function linksOf(page: string): string[] {
  return [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]);
}

/** The page with a list of its sections before the first one; without, where it has only one. */
export function withContents(page: string): string {
  const bare = page.replace(new RegExp(`${BEGIN}[^]*?${END}\n\n`), "");
  const sections = headingsOf(bare).filter(({ level }) => level === 2);
  if (sections.length < 2) return bare;
  const list = sections.map(({ text, anchor }) => `- [${text}](#${anchor})`).join("\n");
  const first = bare.indexOf(`\n## ${sections[0].text}\n`) + 1;
  return `${bare.slice(0, first)}${BEGIN}\n\n${list}\n\n${END}\n\n${bare.slice(first)}`;
}

function withoutCode(page: string): string {
  return page.replace(/^( *)(```+)[^]*?^\1\2$/gm, "");
}

/** Letters, digits, `_` and `-` stay, blanks become `-`, everything else goes. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

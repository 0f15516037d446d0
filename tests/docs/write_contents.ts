import { withContents } from "./page.ts";

// `deno task contents`: writes the table of contents of each page of docs/.
const DOCS = new URL("../../docs/", import.meta.url);
for (const { name } of Deno.readDirSync(DOCS)) {
  if (!name.endsWith(".md")) continue;
  const path = new URL(name, DOCS);
  const page = Deno.readTextFileSync(path);
  const written = withContents(page);
  if (written !== page) Deno.writeTextFileSync(path, written);
}

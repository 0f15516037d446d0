/**
 * Shows the text of a pipeline that was just written.
 *
 * Its address goes out as it is: no password stands in it (`source_of.ts`), and a reference in the
 * place of one, which is hidden elsewhere, is what the file is for.
 */
export function showDraft(
  text: string,
  write: (text: string) => void,
  writeAsIs: (text: string) => void,
): void {
  for (const part of text.split(/^( {2}url: .*\n)/m)) {
    if (part.startsWith("  url: ")) writeAsIs(part);
    else write(part);
  }
}

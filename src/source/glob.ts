/** Braces stand for variables, and a leading `!` is a character like any other. */
const OPTIONS = { nobrace: true, noextglob: true, nonegate: true, posixSlashes: false } as const;

/** Whether a text has a character that stands for others. */
export function isPattern(text: string): boolean {
  return /[*?]|\[[^\]]+\]/.test(text);
}

/**
 * Tells names that a pattern stands for, as shells have them: `*` and `?` stop at a slash, `**` is
 * any number of folders, `[a-c]` one of these characters; hidden names must be named.
 */
export async function matcher(pattern: string): Promise<(name: string) => boolean> {
  // Most addresses are of one file.
  const { default: picomatch } = await import("picomatch");
  return picomatch(pattern, OPTIONS);
}

/** The part of a pattern before its first folder or name that is one: up to a slash, included. */
export function fixedPart(pattern: string): string {
  const at = pattern.search(/[*?[]/);
  return at === -1 ? pattern : pattern.slice(0, pattern.lastIndexOf("/", at) + 1);
}

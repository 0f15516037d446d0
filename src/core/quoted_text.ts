/**
 * A text in double quotes that a person can read and YAML reads back: what cannot be seen (control
 * characters, blanks of no width) is escaped.
 */
export function quotedText(text: string): string {
  return JSON.stringify(text).replace(/(?! )[\p{C}\p{Z}]/gu, (character) => {
    const point = character.codePointAt(0)!;
    return point > 0xffff
      ? `\\U${point.toString(16).padStart(8, "0")}`
      : `\\u${point.toString(16).padStart(4, "0")}`;
  });
}

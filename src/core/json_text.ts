/** What a terminal obeys or what hides text, and JSON leaves as it is: as in `printable`. */
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON whose control characters are all escaped: it may be shown on a terminal as it is. */
export function jsonText(
  value: unknown,
  replacer?: (key: string, value: unknown) => unknown,
  indent?: number,
): string {
  return escapeControls(JSON.stringify(value, replacer, indent));
}

/** The same for JSON that somebody else has written. */
export function escapeControls(json: string): string {
  return json.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Text from files and servers, safe to print on one line.
 *
 * Control characters could move the cursor or rewrite what the terminal shows; they become
 * escapes such as `\n` and `\x1b`. Bidirectional controls, which hide text, as well.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escape);
}

/** The same for text that may have several lines, indented as it is. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join("\n");
}

// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escape(character: string): string {
  const code = character.charCodeAt(0);
  return SHORT[character] ??
    (code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`);
}

import { SluiceError } from "../core/error.ts";
import { quotedText } from "../core/quoted_text.ts";
import type { Queryable } from "./database.ts";
import { isUntranslatable } from "./storing.ts";

/** A text that goes into statements as it is. */
export interface Name {
  /** What it is the name of, such as `column`. */
  readonly what: string;
  readonly text: string;
}

/**
 * Makes sure that the database's encoding has every character of names.
 *
 * @throws SluiceError `db/not_in_encoding` with the first name and the characters
 */
export async function requireEncodable(db: Queryable, names: readonly Name[]): Promise<void> {
  // Of ASCII every encoding has all.
  const odd = names.filter(({ text }) => /[^\0-\x7f]/.test(text));
  if (odd.length === 0 || await holds(db, odd.map(({ text }) => text))) return;
  const [{ encoding }] = await db.query<{ encoding: string }>(
    `select pg_catalog.current_setting('server_encoding') as encoding`,
  );
  for (const { what, text } of odd) {
    if (await holds(db, [text])) continue;
    const lacking: string[] = [];
    for (const character of new Set(text)) {
      if (!await holds(db, [character])) lacking.push(character);
    }
    throw new SluiceError(
      "db/not_in_encoding",
      `The ${what} ${
        quotedText(text)
      } cannot be stored in this database: its encoding, ${encoding}, lacks ${
        lacking.map(quotedText).join(", ")
      }`,
      { hint: "Choose another name, or load into a database whose encoding is UTF8" },
    );
  }
}

async function holds(db: Queryable, texts: readonly string[]): Promise<boolean> {
  try {
    await db.query("select $1::pg_catalog.text[]", [texts]);
    return true;
  } catch (error) {
    if (isUntranslatable(error)) return false;
    throw error;
  }
}

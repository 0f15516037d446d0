import type { Queryable } from "./database.ts";
import { isError } from "./sqlstate.ts";

/** Turns a text into one that a statement can carry. */
export type TextMap = (text: string) => string;

const BEYOND_ASCII = /[^\0-\x7f]/g;

/**
 * Writes texts that are for people, whatever the database's encoding can hold.
 *
 * Where a character is not in it, the text is written again with escapes such as `\u65e5` for all
 * but ASCII: no record is lost for a letter.
 */
export async function storing<T>(write: (text: TextMap) => Promise<T>): Promise<T> {
  try {
    return await write((text) => text);
  } catch (error) {
    if (!isUntranslatable(error)) throw error;
    return await write(escaped);
  }
}

/** The same within a transaction, which goes on. */
export async function storingWithin<T>(
  tx: Queryable,
  write: (text: TextMap) => Promise<T>,
): Promise<T> {
  await tx.query("savepoint storing");
  const written = await storing(async (text) => {
    try {
      return await write(text);
    } catch (error) {
      if (isUntranslatable(error)) await tx.query("rollback to savepoint storing");
      throw error;
    }
  });
  await tx.query("release savepoint storing");
  return written;
}

/** A text as {@link storing} would write it, for comparisons. */
export async function storedText(db: Queryable, text: string): Promise<string> {
  if (text.search(BEYOND_ASCII) < 0) return text;
  return await storing(async (map) => {
    const mapped = map(text);
    await db.query("select $1::text", [mapped]);
    return mapped;
  });
}

/** A text with an escape for each character beyond ASCII. */
export function escaped(text: string): string {
  return text.replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether the database's encoding lacks a character of a statement or its values. */
export function isUntranslatable(error: unknown): boolean {
  return isError(error, "untranslatable");
}

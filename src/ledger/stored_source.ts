import type { Queryable } from "../db/database.ts";
import { storedText } from "../db/storing.ts";

/** What is known of a source, as the ledger can hold it: so it is recorded, and so compared. */
export async function storedSource<
  Source extends { readonly url: string; readonly etag: string | null },
>(db: Queryable, source: Source): Promise<Source> {
  return {
    ...source,
    url: await storedText(db, source.url),
    etag: source.etag === null ? null : await storedText(db, source.etag),
  };
}

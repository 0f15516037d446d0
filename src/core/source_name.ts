import { maskUrl } from "./mask_urls.ts";

/** What a source reads, as people may see it: its address, and of a database the table or `query`. */
export function sourceName(
  { url, table, query }: {
    readonly url: string;
    readonly table?: string | undefined;
    readonly query?: string | undefined;
  },
): string {
  const shown = maskUrl(url);
  return table === undefined && query === undefined ? shown : `${shown}#${table ?? "query"}`;
}

/** Whether a source is a database, of which it names a table or a query. */
export function readsDatabase(
  { table, query }: { readonly table?: string; readonly query?: string },
): boolean {
  return table !== undefined || query !== undefined;
}

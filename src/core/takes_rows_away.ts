/** Whether rows that a load no longer has go, or are closed. */
export function takesRowsAway(
  { mode, hardDeletes }: { readonly mode: string; readonly hardDeletes: string },
): boolean {
  return mode === "full" || mode === "partition" ||
    (mode === "history" && hardDeletes === "invalidate");
}

/** How much of a load may go wrong: so many rows, or so many in a hundred. */
export type RejectLimit =
  | { readonly kind: "rows"; readonly rows: number }
  | { readonly kind: "percent"; readonly percent: number };

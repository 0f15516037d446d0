/** Postgres has these columns in every table. */
const SYSTEM = /^(tableoid|xmin|xmax|cmin|cmax|ctid)$/;

/** Bytes of a name made here: Postgres keeps 63, and a number behind a clash needs some of them. */
const LONGEST = 56;

/** A field's name as a column's name: lower case, words joined by underscores. */
export function columnName(field: string): string {
  const name = field.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") ||
    "column";
  return new TextDecoder().decode(new TextEncoder().encode(name).slice(0, LONGEST))
    .replace(/\ufffd$/, "");
}

/** The same, numbered where the name is taken or is one of Postgres's own; takes it. */
export function freeColumnName(field: string, taken: Set<string>): string {
  const base = columnName(field);
  for (let n = 1;; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (taken.has(name) || SYSTEM.test(name)) continue;
    taken.add(name);
    return name;
  }
}

/** The column of a field that has no name, by its index from 0. */
export function unnamedColumn(index: number): string {
  return `column_${index + 1}`;
}

/** Cells that are one, in rows and columns from 0. */
export interface Merge {
  readonly ref: string;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

const REF = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/;

/** Column and row of a cell such as `C7`, from 0; null where it is none. */
export function cellOf(ref: string): { readonly row: number; readonly column: number } | null {
  const parts = REF.exec(ref);
  if (parts === null) return null;
  let column = 0;
  for (const letter of parts[1]) column = column * 26 + letter.charCodeAt(0) - 64;
  return { row: Number(parts[2]) - 1, column: column - 1 };
}

/** A cell as Excel names it. */
export function cellName(row: number, column: number): string {
  let letters = "";
  for (let left = column + 1; left > 0; left = Math.floor((left - 1) / 26)) {
    letters = String.fromCharCode(65 + (left - 1) % 26) + letters;
  }
  return `${letters}${row + 1}`;
}

export function mergeOf(ref: string): Merge | null {
  const [from, to = from] = ref.split(":");
  const [first, last] = [cellOf(from), cellOf(to)];
  if (first === null || last === null) return null;
  return { ref, top: first.row, left: first.column, bottom: last.row, right: last.column };
}

/** The merges of a sheet whose rows come in their order. */
export class Merges {
  readonly #sorted: readonly Merge[];
  #next = 0;
  #open: Merge[] = [];

  constructor(merges: readonly Merge[]) {
    this.#sorted = merges.toSorted((a, b) => a.top - b.top);
  }

  /** Those that have cells in a row; rows are asked for in their order. */
  of(row: number): readonly Merge[] {
    if (this.#open.some(({ bottom }) => bottom < row)) {
      this.#open = this.#open.filter(({ bottom }) => bottom >= row);
    }
    while (this.#next < this.#sorted.length && this.#sorted[this.#next].top <= row) {
      const merge = this.#sorted[this.#next++];
      if (merge.bottom >= row) this.#open.push(merge);
    }
    return this.#open;
  }
}

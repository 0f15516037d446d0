import type { XmlEvents } from "./xml.ts";
import { attribute, decodeEscapes } from "./xml.ts";
import { cellName, cellOf } from "./merges.ts";
import { RichText } from "./shared_strings.ts";

/** A cell as it is stored. */
export interface Cell {
  readonly column: number;
  /** `s`: a shared string, `str` and `inlineStr`: a text, `n`, `b`, `e`, `d`: ISO 8601. */
  readonly type: string;
  readonly style: number;
  /** What is stored; null: there is nothing. */
  readonly value: string | null;
  readonly hasFormula: boolean;
}

const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 16_384;

/** Makes rows of the events of a sheet. */
export class SheetRows implements XmlEvents {
  /** What the sheet has behind its rows, such as `mergeCells`, was reached. */
  hasEnded = false;
  readonly #take: (row: number, cells: readonly Cell[]) => void;
  #isInRows = false;
  #row = -1;
  #cells: Cell[] = [];
  #column = 0;
  #isInCell = false;
  #type = "n";
  #style = 0;
  #value: string | null = null;
  #isValue = false;
  #hasFormula = false;
  #isInline = false;
  readonly #rich = new RichText();

  readonly #isMerged: (ref: string) => boolean;
  #tookRow = false;

  /**
   * @param take is told of each row that has cells, in their order, from 0
   * @param isMerged whether it was known before that cells are merged
   */
  constructor(
    take: (row: number, cells: readonly Cell[]) => void,
    isMerged: (ref: string) => boolean,
  ) {
    this.#take = take;
    this.#isMerged = isMerged;
  }

  /** Whether a row has ended since the last time it was asked. */
  tookRow(): boolean {
    const took = this.#tookRow;
    this.#tookRow = false;
    return took;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (!this.#isInRows) {
      if (name === "sheetData") this.#isInRows = true;
      if (name === "mergeCell" && !this.#isMerged(attributes.ref ?? "")) {
        throw new Error(`it merges ${attributes.ref}, which could not be seen before its rows`);
      }
      return;
    }
    switch (name) {
      case "row":
        return this.#openRow(attribute(attributes, "r"));
      case "c":
        return this.#openCell(attributes);
      case "v":
        this.#isValue = this.#isInCell;
        if (this.#isInCell) this.#value = "";
        return;
      case "f":
        this.#hasFormula = true;
        return;
      case "is":
        this.#isInline = true;
        this.#rich.begin();
        return;
      default:
        if (this.#isInline) this.#rich.open(name);
    }
  }

  close(name: string): void {
    switch (name) {
      case "sheetData":
        this.#isInRows = false;
        this.hasEnded = true;
        return;
      case "row":
        this.#tookRow = true;
        if (this.#cells.length > 0) this.#take(this.#row, this.#cells);
        this.#cells = [];
        return;
      case "c":
        return this.#closeCell();
      case "v":
        this.#isValue = false;
        return;
      case "is":
        this.#isInline = false;
        this.#value = this.#rich.end();
        return;
      default:
        if (this.#isInline) this.#rich.close(name);
    }
  }

  text(text: string): void {
    if (this.#isValue) this.#value += text;
    else if (this.#isInline) this.#rich.add(text);
  }

  #openRow(ref: string | undefined): void {
    const row = ref === undefined ? this.#row + 1 : Number(ref) - 1;
    if (!Number.isInteger(row) || row <= this.#row || row >= MOST_ROWS) {
      throw new Error(`row ${ref ?? row + 1} stands behind row ${this.#row + 1}`);
    }
    this.#row = row;
    this.#column = 0;
    this.#cells = [];
  }

  #openCell(attributes: Readonly<Record<string, string>>): void {
    const ref = attributes.r;
    const at = ref === undefined ? { row: this.#row, column: this.#column } : cellOf(ref);
    if (at === null || at.row !== this.#row || at.column >= MOST_COLUMNS) {
      throw new Error(`row ${this.#row + 1} has a cell ${JSON.stringify(ref?.slice(0, 20))}`);
    }
    if (at.column < this.#column) {
      throw new Error(`cell ${ref} stands behind ${cellName(this.#row, this.#column - 1)}`);
    }
    this.#column = at.column + 1;
    this.#isInCell = true;
    this.#type = attributes.t ?? "n";
    this.#style = Number(attributes.s ?? 0);
    this.#value = null;
    this.#hasFormula = false;
  }

  #closeCell(): void {
    this.#isInCell = false;
    if (this.#value === null && !this.#hasFormula) return;
    const isText = this.#type === "str";
    this.#cells.push({
      column: this.#column - 1,
      type: this.#type,
      style: this.#style,
      value: isText && this.#value !== null ? decodeEscapes(this.#value) : this.#value,
      hasFormula: this.#hasFormula,
    });
  }
}

import { quotedText } from "./quoted_text.ts";
import type { Reject } from "./reject.ts";

/** Why rows of a load were rejected: one code in one column, with the first row as the example. */
export interface RejectReason {
  /** As `docs/rejects.md` explains it. */
  readonly code: string;
  /** Null where the whole record is wrong. */
  readonly column: string | null;
  /** Rows with this reason, of those that were kept. */
  readonly rows: number;
  /** Of the example, from 1. */
  readonly line: number;
  /** Of the example; quotes its value where it is about one. */
  readonly message: string;
  /** The beginning of the example's record, where the message is about the whole of it. */
  readonly record?: string;
}

/** Reasons that a refusal names. */
const MOST = 3;

/** Characters of a record that are shown. */
const SHOWN = 80;

/** Finds the first reasons of rejects that pass by, and counts them. */
export class FirstReasons {
  readonly #reasons = new Map<string, RejectReason>();

  add({ code, column, line, message, raw }: Reject): void {
    const key = `${code} ${column}`;
    const known = this.#reasons.get(key);
    if (known !== undefined) this.#reasons.set(key, { ...known, rows: known.rows + 1 });
    else if (this.#reasons.size < MOST) {
      const record = column === null ? { record: beginning(raw) } : {};
      this.#reasons.set(key, { code, column, rows: 1, line, message, ...record });
    }
  }

  get list(): readonly RejectReason[] {
    return [...this.#reasons.values()];
  }
}

/** A reason on one line: `invalid_integer (7 rows), as on line 3, column "id": "x" is not …`. */
export function reasonText({ code, column, rows, line, message, record }: RejectReason): string {
  const place = column === null ? `line ${line}` : `line ${line}, column ${quotedText(column)}`;
  const more = record === undefined ? "" : `: ${quotedText(record)}`;
  return `${code} (${rows === 1 ? "1 row" : `${rows} rows`}), as on ${place}: ${message}${more}`;
}

function beginning(raw: Uint8Array): string {
  const points = [...new TextDecoder().decode(raw.subarray(0, SHOWN * 4))];
  const cut = points.length > SHOWN || raw.length > SHOWN * 4;
  return cut ? `${points.slice(0, SHOWN).join("")}…` : points.join("");
}

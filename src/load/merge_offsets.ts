import type { Reject } from "../core/reject.ts";

/** Rows found bad in staging, by where their record starts. */
export interface RejectedOffsets {
  /** Ascending. */
  readonly offsets: Float64Array;
  /** Why, by position in `offsets`. */
  reason(at: number): Pick<Reject, "column" | "code" | "message">;
}

/** Several lists as one, ascending; no offset is in two of them. */
export function mergeOffsets(lists: readonly RejectedOffsets[]): RejectedOffsets {
  const filled = lists.filter(({ offsets }) => offsets.length > 0);
  if (filled.length === 1) return filled[0];
  const total = filled.reduce((sum, { offsets }) => sum + offsets.length, 0);
  const offsets = new Float64Array(total);
  const from = new Uint8Array(total);
  const position = new Uint32Array(total);
  const next = filled.map(() => 0);
  for (let at = 0; at < total; at++) {
    let least = -1;
    filled.forEach((list, which) => {
      if (next[which] === list.offsets.length) return;
      if (least < 0 || list.offsets[next[which]] < filled[least].offsets[next[least]]) {
        least = which;
      }
    });
    offsets[at] = filled[least].offsets[next[least]];
    from[at] = least;
    position[at] = next[least]++;
  }
  return { offsets, reason: (at) => filled[from[at]].reason(position[at]) };
}

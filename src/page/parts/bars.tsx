import { formatDuration } from "../../core/format_text.ts";

/** A part of a whole, as a bar; its number stands beside it. */
export function Bar(
  { part, tone = "" }: { readonly part: number; readonly tone?: string },
) {
  const width = Math.max(0, Math.min(100, 100 * part));
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="10" />
      <rect class={`fill ${tone}`} width={width.toFixed(2)} height="10" />
    </svg>
  );
}

/** Seconds by name, as bars of one scale. */
export function Durations(
  { label, of }: {
    readonly label: string;
    readonly of: readonly (readonly [name: string, seconds: number])[];
  },
) {
  const most = Math.max(...of.map(([, seconds]) => seconds), 1e-9);
  return (
    <div class="bars" role="list" aria-label={label}>
      {of.map(([name, seconds]) => (
        <div class="bar" role="listitem">
          <span>{name}</span>
          <Bar part={seconds / most} />
          <span class="amount">{formatDuration(seconds)}</span>
        </div>
      ))}
    </div>
  );
}

/** A count in three digits that count: `1.37M`; below 10,000 as it is, with separators. */
export function shortCount(count: number | bigint): string {
  const value = Number(count);
  if (Math.abs(value) < 10_000) return fullCount(count);
  for (const [unit, size] of UNITS) {
    // 999.5 would round to four digits.
    if (Math.abs(value) >= 0.9995 * size) {
      const scaled = value / size;
      return `${scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2)}${unit}`;
    }
  }
  return fullCount(count);
}

const UNITS = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]] as const;

/** A count with thousands separators. */
export function fullCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The distance between two moments in one unit: `45 s`, `12 min`, `3 h`, `5 d`. */
export function span(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A moment as people read it: `2026-03-07 12:00:05 UTC`. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** A path of the page with what it is asked for; what is null is left out. */
export function pathTo(
  path: string,
  query: Readonly<Record<string, string | number | null>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== "") search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search}`;
}

/** The path of a pipeline's view. */
export function pipelinePath(
  pipeline: string,
  view: string,
  query: Readonly<Record<string, string | number | null>> = {},
): string {
  return pathTo(`/pipeline/${encodeURIComponent(pipeline)}/${view}`, query);
}

import { toneOf } from "./state.tsx";

/** One value of a line, and whether it was as it should be. */
export interface Point {
  readonly value: number;
  /** `passed`, `warned`, `failed`. */
  readonly result: string;
}

const WIDTH = 180;
const HEIGHT = 28;

/** Values over time as a line; those that were not as they should be are marked by their shape. */
export function Spark(
  { points, label, large = false }: {
    readonly points: readonly Point[];
    readonly label: string;
    readonly large?: boolean;
  },
) {
  if (points.length === 0) return <span class="none">no numbers</span>;
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (at: number) => 3 + at * (WIDTH - 6) / Math.max(1, points.length - 1);
  const y = (value: number) =>
    HEIGHT - 3 - (most === least ? 0.5 : (value - least) / (most - least)) * (HEIGHT - 6);
  const failed = points.filter(({ result }) => result !== "passed").length;
  const text = `${label}: ${points.length} values from ${least} to ${most}, the newest ${
    values.at(-1)
  }; ${failed} not as expected`;
  return (
    <svg
      class={large ? "spark large" : "spark"}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={text}
    >
      <polyline
        points={points.map(({ value }, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(
          " ",
        )}
      />
      {points.map(({ value, result }, at) =>
        result === "passed" && at < points.length - 1
          ? null
          : result === "passed"
          ? <circle class="good" cx={x(at).toFixed(1)} cy={y(value).toFixed(1)} r="2" />
          : (
            <path
              class={toneOf(result)}
              d={`M${x(at).toFixed(1)} ${(y(value) - 3).toFixed(1)}l3 3l-3 3l-3 -3z`}
            />
          )
      )}
    </svg>
  );
}

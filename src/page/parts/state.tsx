/** How good a state is: decides its color, never alone. */
export type Tone = "good" | "quiet" | "busy" | "warn" | "bad";

/** Tone and shape of each word that the ledger knows. */
const STATES: Readonly<Record<string, readonly [Tone, Shape]>> = {
  succeeded: ["good", "disc"],
  unchanged: ["quiet", "ring"],
  running: ["busy", "play"],
  retrying: ["warn", "play"],
  refused: ["warn", "diamond"],
  failed: ["bad", "cross"],
  interrupted: ["warn", "square"],
  published: ["good", "disc"],
  staged: ["busy", "play"],
  copying: ["busy", "play"],
  pending: ["quiet", "ring"],
  skipped: ["quiet", "dash"],
  live: ["good", "disc"],
  retained: ["quiet", "ring"],
  rolled_back: ["warn", "square"],
  dropped: ["quiet", "dash"],
  passed: ["good", "disc"],
  warned: ["warn", "triangle"],
  rejects: ["warn", "triangle"],
  late: ["warn", "triangle"],
  missed: ["bad", "cross"],
  waiting: ["quiet", "ring"],
  done: ["good", "disc"],
  "on time": ["good", "disc"],
  "never run": ["quiet", "dash"],
  "not loaded": ["quiet", "dash"],
};

type Shape = "disc" | "ring" | "play" | "diamond" | "cross" | "square" | "triangle" | "dash";

/** What each shape is drawn as, in a box of 12 by 12. */
const PATHS: Readonly<Record<Shape, string>> = {
  disc: "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z",
  ring: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10zM6 3a3 3 0 1 1 0 6a3 3 0 1 1 0-6z",
  play: "M2.5 1.2L10.8 6L2.5 10.8z",
  diamond: "M6 0.5L11.5 6L6 11.5L0.5 6z",
  cross: "M2.6 1L6 4.4L9.4 1L11 2.6L7.6 6L11 9.4L9.4 11L6 7.6L2.6 11L1 9.4L4.4 6L1 2.6z",
  square: "M1.5 1.5h9v9h-9z",
  triangle: "M6 1L11.5 10.8H0.5z",
  dash: "M1.5 5h9v2h-9z",
};

/** The tone of a state's word. */
export function toneOf(state: string): Tone {
  return STATES[state]?.[0] ?? "quiet";
}

/** A state's shape; the word stands beside it. */
export function Mark({ state }: { readonly state: string }) {
  const [tone, shape] = STATES[state] ?? ["quiet", "ring"];
  return (
    <svg class={`mark ${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path fill-rule="evenodd" d={PATHS[shape]} />
    </svg>
  );
}

/** A state as a shape and a word. */
export function State({ state, word = state }: { readonly state: string; readonly word?: string }) {
  return (
    <span class={`state ${toneOf(state)}`}>
      <Mark state={state} />
      <span>{word.replaceAll("_", " ")}</span>
    </span>
  );
}

/** The shapes that a view uses, with their words. */
export function Legend({ states }: { readonly states: readonly string[] }) {
  return (
    <ul class="legend" aria-label="Legend">
      {states.map((state) => (
        <li>
          <State state={state} />
        </li>
      ))}
    </ul>
  );
}

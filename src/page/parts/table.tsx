import { type Child, createContext, useContext } from "hono/jsx";
import { fullCount } from "./format.ts";

/** A table that scrolls by itself where it is too wide, with the keyboard too. */
export function Table(
  { caption, head, children, wide = false }: {
    readonly caption: string;
    readonly head: readonly (string | Head)[];
    readonly children: Child;
    /** Whether the caption is read out only. */
    readonly wide?: boolean;
  },
) {
  return (
    <div class="scroll" role="region" aria-label={caption} tabindex={0}>
      <table>
        <caption class={wide ? "unseen" : ""}>{caption}</caption>
        <thead>
          <tr>
            {head.map((each) => {
              const { text, number = false } = typeof each === "string" ? { text: each } : each;
              return <th scope="col" class={number ? "number" : ""}>{text}</th>;
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The head of a column. */
export interface Head {
  readonly text: string;
  /** Whether its cells are numbers, which align at their ends. */
  readonly number?: boolean;
}

/** A head of numbers. */
export function number(text: string): Head {
  return { text, number: true };
}

/** A cell with a count; a dash where there is none. */
export function Count({ of }: { readonly of: number | bigint | null }) {
  return <td class="number">{of === null ? <span class="none">–</span> : fullCount(of)}</td>;
}

/** Heads of what a merge did to rows. */
export const CHANGES: readonly Head[] = ["Inserted", "Updated", "Deleted"].map(number);

/** What a merge did to rows, a cell each. */
export function Changes(
  { of }: {
    readonly of: Readonly<
      Record<"rows_inserted" | "rows_updated" | "rows_deleted", number | bigint | null>
    >;
  },
) {
  return (
    <>
      <Count of={of.rows_inserted} />
      <Count of={of.rows_updated} />
      <Count of={of.rows_deleted} />
    </>
  );
}

/** What stands where there is nothing to show: why, and what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Pairs of a name and what it is. */
export function Facts(
  { of }: { readonly of: readonly (readonly [string, Child] | null)[] },
) {
  return (
    <dl class="facts">
      {of.map((pair) =>
        pair === null ? null : (
          <div>
            <dt>{pair[0]}</dt>
            <dd>{pair[1]}</dd>
          </div>
        )
      )}
    </dl>
  );
}

/** The way to the pages before and after this one. */
export function Pager(
  { page, pages, to }: {
    readonly page: number;
    readonly pages: number;
    readonly to: (page: number) => string;
  },
) {
  if (pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {page > 1
        ? <a rel="prev" href={to(page - 1)}>← Before</a>
        : <span class="none">← Before</span>}
      <span>Page {page} of {pages}</span>
      {page < pages
        ? <a rel="next" href={to(page + 1)}>Next →</a>
        : <span class="none">Next →</span>}
    </nav>
  );
}

/** A command that can be copied. */
export function Command({ lines }: { readonly lines: readonly string[] }) {
  const typed = useContext(Typed);
  return <Sample text={lines.map((line) => `${typed} ${line}`).join("\n")} />;
}

/** A text to copy. */
export function Sample({ text }: { readonly text: string }) {
  return <pre class="command" tabindex={0}><code>{text}</code></pre>;
}

/** What the server's user types before the name of a command. */
export const Typed = createContext("sluice");

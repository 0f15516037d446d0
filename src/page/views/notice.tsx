import type { Child } from "hono/jsx";
import type { ErrorRecord } from "../../core/error.ts";
import { Problem } from "../parts/problem.tsx";

/** A page that says one thing: what is not there, or what is wrong. */
export function Notice(
  { title, children }: { readonly title: string; readonly children?: Child },
) {
  return (
    <section class="narrow">
      <h1>{title}</h1>
      {children}
      <p>
        <a href="/">All pipelines</a>
      </p>
    </section>
  );
}

/** An error in place of a view. */
export function Failure({ error }: { readonly error: ErrorRecord }) {
  return (
    <Notice title="This cannot be shown">
      <Problem error={error} />
    </Notice>
  );
}

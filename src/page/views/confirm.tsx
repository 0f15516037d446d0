import type { Child } from "hono/jsx";
import type { ErrorRecord } from "../../core/error.ts";
import type { PageSession } from "../sessions.ts";
import { Problem } from "../parts/problem.tsx";

/** What somebody is about to do. */
export interface Question {
  /** One sentence that ends in a question mark. */
  readonly title: string;
  /** What becomes of it. */
  readonly explanation: Child;
  /** The word on the button. */
  readonly verb: string;
  /** Where the form goes. */
  readonly action: string;
  /** What the form sends along, beside what can be filled in. */
  readonly fields: Readonly<Record<string, string>>;
  /** Where one goes who does not want to. */
  readonly back: string;
}

/** Asks once before something is done. */
export function Confirm(
  { question, session, error = null, children }: {
    readonly question: Question;
    readonly session: PageSession;
    /** What kept it from being done the last time. */
    readonly error?: ErrorRecord | null;
    /** What can be filled in. */
    readonly children?: Child;
  },
) {
  const { title, explanation, verb, action, fields, back } = question;
  return (
    <section class="narrow">
      <h1>{title}</h1>
      {error === null ? null : <Problem error={error} />}
      {explanation}
      <form method="post" action={action} class="stack">
        <input type="hidden" name="form_token" value={session.formToken} />
        {Object.entries(fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {children}
        <div class="choice">
          <button type="submit" class="strong">{verb}</button>
          <a href={back}>No, go back</a>
        </div>
      </form>
    </section>
  );
}

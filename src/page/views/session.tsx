import type { Refusal } from "../../schedule/http/answer.ts";

/** Asks for the token, once for a browser. */
export function SessionView(
  { next, refusal }: { readonly next: string; readonly refusal: Refusal | null },
) {
  return (
    <section class="narrow">
      <h1>Sign in</h1>
      <p>
        The token is the <code>SLUICE_TOKEN</code>{" "}
        that the server was started with. It is exchanged for a cookie that no script can read, and
        that ends after 12 hours or with the server.
      </p>
      {refusal === null ? null : (
        <div class="problem" role="alert">
          <p class="problem-message">{refusal.message}</p>
          {refusal.hint === undefined ? null : <p class="problem-hint">{refusal.hint}</p>}
        </div>
      )}
      <form method="post" action="/session" class="stack">
        <input type="hidden" name="next" value={next} />
        <label>
          Token{" "}
          <input
            type="password"
            name="token"
            autocomplete="current-password"
            required
            aria-invalid={refusal === null ? undefined : "true"}
          />
        </label>
        <button type="submit">Sign in</button>
      </form>
    </section>
  );
}

import type { ErrorRecord } from "../../core/error.ts";

/** An error with what caused it and what to do about it. */
export function Problem({ error }: { readonly error: ErrorRecord }) {
  const { code, message, hint, retry, postgres, details, reasons } = error;
  const facts = [
    ...Object.entries(details ?? {}),
    ...Object.entries(postgres ?? {}).filter(([name]) => !HIDDEN.includes(name)),
  ];
  return (
    <section class="problem" aria-label="Error">
      <p class="problem-message">{message}</p>
      <p class="problem-code">
        <code>{code}</code>
        {retry === "later" ? <span>the same run may succeed later</span> : null}
      </p>
      {hint === undefined ? null : (
        <p class="problem-hint">
          <b>What to do</b> {hint}
        </p>
      )}
      {facts.length === 0 ? null : (
        <dl class="facts">
          {facts.map(([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>
                <code>{String(value)}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {reasons === undefined || reasons.length === 0 ? null : (
        <ul class="reasons">
          {reasons.map((reason) => <li>{reasonText(reason)}</li>)}
        </ul>
      )}
    </section>
  );
}

/** Where in the source of Postgres it was raised, which helps nobody here. */
const HIDDEN = ["file", "line", "routine", "message"];

function reasonText(reason: object): string {
  return Object.entries(reason).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`).join(", ");
}

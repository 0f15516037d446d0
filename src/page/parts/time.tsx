import { moment, span } from "./format.ts";

/** How long ago something was, or how soon it is; the moment itself is its title. */
export function Ago({ at, now }: { readonly at: string | null; readonly now: Date }) {
  if (at === null) return <span class="none">–</span>;
  const distance = now.getTime() - Date.parse(at);
  const text = distance >= 0 ? `${span(distance)} ago` : `in ${span(distance)}`;
  return <time datetime={at} title={moment(at)}>{text}</time>;
}

/** A moment in UTC. */
export function At({ at }: { readonly at: string | null }) {
  return at === null ? <span class="none">–</span> : <time datetime={at}>{moment(at)}</time>;
}

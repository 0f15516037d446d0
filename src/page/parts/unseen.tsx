/** Words that are read out and not shown: they make a sentence of numbers. */
export function Unseen({ say }: { readonly say: string }) {
  return <span class="unseen">{say}</span>;
}

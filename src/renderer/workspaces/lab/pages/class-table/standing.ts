/** What the run's button says (see RunBar), for sentences that name it. */
export function goOnLabel({
  finished,
  rows,
}: {
  readonly finished: number;
  readonly rows: readonly { readonly partial?: true }[];
}): string {
  if (finished > 0) return "Compute the rest";
  return rows.some(({ partial }) => partial) ? "Go on" : "Run";
}

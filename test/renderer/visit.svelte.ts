import { flushSync, untrack } from "svelte";

/**
 * What a component does with state: its script asks for it, its template follows what `read` reads, and then it leaves
 * the screen. Returns the state.
 */
export function visit<T>(ask: () => T, read: (state: T) => unknown): T {
  let seen: { state: T } | undefined;
  const leave = $effect.root(() => {
    $effect(() => {
      const state = untrack(ask);
      seen = { state };
      $effect(() => {
        read(state);
      });
    });
  });
  flushSync();
  leave();
  if (!seen) throw new Error("The visit did not take place.");
  return seen.state;
}

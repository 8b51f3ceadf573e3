import { untrack } from "svelte";

/**
 * Makes state that outlives whoever asks for it first.
 *
 * Svelte gives a `$derived` to the effect that runs while it is made, and stops computing it when that effect is
 * destroyed: it then says its last value for ever. A component's first look is such an effect, so state that is made
 * there and kept longer would freeze when the component goes. Here it gets an owner of its own, which is never
 * destroyed; it goes with the state, by garbage collection.
 *
 * Whatever holds a `$derived` and is made on demand is made here (test/renderer/lasting.test.ts checks it).
 */
export function lasting<T>(make: () => T): T {
  const made: T[] = [];
  $effect.root(() => {
    made.push(untrack(make));
  });
  // An error in `make` has been thrown by then.
  return made[0] as T;
}

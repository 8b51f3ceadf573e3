import { untrack } from "svelte";
import { toyFilmKey } from "../../../../../shared/lab/toy";
import type { Picture } from "../../../../../shared/pictures";
import type { LabRun } from "../../../../state/lab-run.svelte";

/** The films of a page's runs, fetched once their rows are there. */
export class Films {
  /** By the cell's key. */
  #films = $state.raw<ReadonlyMap<string, Picture>>(new Map());
  readonly #run: LabRun<"toy">;
  readonly #failed: (error: unknown) => void;

  constructor(run: LabRun<"toy">, failed: (error: unknown) => void) {
    this.#run = run;
    this.#failed = failed;
  }

  /** For an effect of the page: holds the films of these cells and lets go of all others. */
  follow(keys: readonly string[]): () => void {
    let on = true;
    // The page follows the cells, not the films that come.
    const before = untrack(() => this.#films);
    this.#films = new Map(
      keys.flatMap((key) => {
        const film = before.get(key);
        return film ? [[key, film] as const] : [];
      }),
    );
    for (const key of keys)
      if (!before.has(key))
        untrack(() => this.#run.picture(toyFilmKey(key))).then(
          (film) => {
            if (on && film) this.#films = new Map(this.#films).set(key, film);
          },
          (error: unknown) => {
            if (on) this.#failed(error);
          },
        );
    return () => {
      on = false;
    };
  }

  /** The picture at a point of the trace; null where the film is not there. */
  frame(key: string, at: number): Picture | null {
    const film = this.#films.get(key);
    if (!film) return null;
    const [, size] = film.shape;
    const pixels = size * size;
    if ((at + 1) * pixels > film.values.length) return null;
    return {
      shape: [size, size, 1],
      values: film.values.subarray(at * pixels, (at + 1) * pixels),
    };
  }
}

import type { EngineTable, Reply } from "../../shared/contract";
import type { Engine } from "./engine.svelte";
import type { ChosenFile } from "./world";

/** A gallery's folder on its way into the library. */
export class Importing {
  /** Null: none is. */
  current = $state.raw<{
    readonly name: string;
    readonly done: number;
    readonly total: number;
  } | null>(null);
  #abort: AbortController | null = null;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Null: cancelled. Rejects with the Fault of a folder that is refused. */
  async run({
    token,
    name,
  }: ChosenFile): Promise<Reply<EngineTable["library.import"]> | null> {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.current = { name, done: 0, total: 0 };
    try {
      return await this.#engine.client.job(
        "library.import",
        { token },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            if (this.#abort === abort) this.current = { name, ...progress };
          },
        },
      );
    } catch (error) {
      if (abort.signal.aborted) return null;
      throw error;
    } finally {
      if (this.#abort === abort) this.cancel();
    }
  }

  cancel(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.current = null;
  }
}

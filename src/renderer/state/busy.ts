import type { AppCaller } from "./world";

/** What would be lost if the window closed now, by who is at it; main asks before it closes the window. */
export class Busy {
  readonly #app: AppCaller;
  readonly #what = new Map<string, string>();

  constructor(app: AppCaller) {
    this.#app = app;
  }

  /** A sentence; null: nothing any more. */
  set(who: string, what: string | null): void {
    if (what === null) this.#what.delete(who);
    else this.#what.set(who, what);
    const all = [...this.#what.values()];
    void this.#app
      .call("busy", { what: all.length > 0 ? all.join(" ") : null })
      .catch(() => undefined);
  }
}

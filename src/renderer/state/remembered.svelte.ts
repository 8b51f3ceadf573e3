import type { Remembered as Data } from "../../shared/contract";
import type { Reader } from "../lib/readers";
import type { World } from "./world";

const writeAfterMs = 300;

/** Choices that outlive the window: a value a key, each read back through a reader of its own. */
export class RememberedChoices {
  #data: Data = {};
  /** Changed and not yet written. */
  #changed: Data = {};
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async load(): Promise<void> {
    this.#data = await this.#world.app.call("remembered", {});
  }

  /** What was remembered; null where there is nothing, or nothing that this version understands. */
  get<T>(key: string, reader: Reader<T>): T | null {
    return reader(this.#data[key]);
  }

  /** Writes soon; many changes in a row are one write. */
  set(key: string, value: Data[string]): void {
    if (JSON.stringify(this.#data[key]) === JSON.stringify(value)) return;
    this.#data = { ...this.#data, [key]: value };
    this.#changed = { ...this.#changed, [key]: value };
    this.#timer ??= setTimeout(() => {
      void this.flush();
    }, writeAfterMs);
  }

  async flush(): Promise<void> {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const changed = this.#changed;
    this.#changed = {};
    // Losing a remembered choice is not worth a word to the user.
    await this.#world.app
      .call("remembered.change", changed)
      .catch(() => undefined);
  }
}

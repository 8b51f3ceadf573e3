import type { Settings } from "../../shared/contract";
import type { World } from "./world";

const initial: Settings = {
  version: 1,
  theme: "system",
  threads: 0,
  memoryLimit: 0,
  precision: "float32",
  libraryFolder: null,
};

/** The settings main keeps on disk, and the theme. */
export class Preferences {
  settings = $state.raw<Settings>(initial);
  dark = $state(true);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Main makes the page's colour scheme follow the setting, wherever it was changed. */
  get theme(): "dark" | "light" {
    return this.dark ? "dark" : "light";
  }

  async load(): Promise<void> {
    this.settings = await this.#world.app.call("settings", {});
  }

  async change(change: Partial<Omit<Settings, "version">>): Promise<void> {
    this.settings = await this.#world.app.call("settings.change", change);
  }

  /** Main asks for the folder; the settings come back as they are then. */
  async chooseLibraryFolder(): Promise<void> {
    this.settings = await this.#world.app.call("choose.library", {});
  }

  /** Follows the page's colour scheme; returns its off. */
  watchScheme(query: MediaQueryList): () => void {
    this.dark = query.matches;
    const listener = (event: MediaQueryListEvent) => {
      this.dark = event.matches;
    };
    query.addEventListener("change", listener);
    return () => {
      query.removeEventListener("change", listener);
    };
  }
}

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

/** The settings main keeps on disk, and the theme that follows from them. */
export class Preferences {
  settings = $state.raw<Settings>(initial);
  systemDark = $state(true);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get theme(): "dark" | "light" {
    const chosen = this.settings.theme;
    if (chosen !== "system") return chosen;
    return this.systemDark ? "dark" : "light";
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

  /** Follows the system's theme; returns its off. */
  watchSystem(query: MediaQueryList): () => void {
    this.systemDark = query.matches;
    const listener = (event: MediaQueryListEvent) => {
      this.systemDark = event.matches;
    };
    query.addEventListener("change", listener);
    return () => {
      query.removeEventListener("change", listener);
    };
  }
}

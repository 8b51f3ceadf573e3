import type { GallerySummary } from "../../../shared/contract";
import { encodeFault, type FaultData } from "../../../shared/fault";
import { plural } from "../../lib/format";
import type { AppState } from "../../state/app.svelte";
import { lasting } from "../../state/lasting.svelte";
import {
  arrange,
  choicesOf,
  everything,
  type Filter,
  type Order,
} from "./filter";
import { Lane } from "./lane";

/** The parts of the app the library needs. */
export type Services = Pick<
  AppState,
  | "engine"
  | "notices"
  | "undo"
  | "forgetGallery"
  | "openGallery"
  | "run"
  | "gallery"
>;

/** What is on disk, and how it is looked through; outlives a change of the workspace. */
export class LibraryView {
  galleries = $state.raw<readonly GallerySummary[]>([]);
  /** Listed once: an empty library means that there is nothing. */
  listed = $state(false);
  fault = $state.raw<FaultData | null>(null);
  filter = $state.raw<Filter>(everything);
  order = $state<Order>("newest");
  /** The gallery the keys act on. */
  active = $state<string | null>(null);
  /** Thumbnails are fetched a few at a time, so that what is wanted next need not wait for all. */
  readonly lane = new Lane(3);
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  readonly shown = $derived(arrange(this.galleries, this.filter, this.order));
  readonly networks = $derived(
    choicesOf(this.galleries, (gallery) => [gallery.network]),
  );
  readonly methods = $derived(
    choicesOf(this.galleries, (gallery) => gallery.methods),
  );
  readonly runs = $derived(
    this.galleries.reduce((sum, gallery) => sum + gallery.runs, 0),
  );
  readonly bytes = $derived(
    this.galleries.reduce((sum, gallery) => sum + gallery.bytes, 0),
  );

  /** Reads the list anew; the old one stays until then. */
  async load(): Promise<void> {
    const { engine } = this.#services;
    if (engine.state !== "ready") return;
    try {
      this.galleries = await engine.client.call("library.list", {});
      this.fault = null;
      this.listed = true;
    } catch (error) {
      this.fault = encodeFault(error);
    }
  }

  change(filter: Partial<Filter>): void {
    this.filter = { ...this.filter, ...filter };
  }

  showAll(): void {
    this.filter = everything;
  }

  /** Moves a gallery to the trash, from where the undo takes it back. */
  async remove(gallery: GallerySummary): Promise<void> {
    const { engine, notices, undo } = this.#services;
    const { id } = gallery;
    const toTrash = async () => {
      await engine.client.call("library.delete", { gallery: id });
      this.#leave(id);
      this.#services.forgetGallery(id);
    };
    try {
      await toTrash();
    } catch (error) {
      notices.error(error);
      return;
    }
    undo.push(
      {
        label: `Deleted a gallery of ${plural(gallery.runs, "picture")}`,
        undo: async () => {
          await engine.client.call("library.restore", { gallery: id });
          await this.load();
          this.active = id;
        },
        redo: toTrash,
      },
      true,
    );
  }

  /** Shows a gallery in Compare and computes it once more. */
  async runAgain(id: string): Promise<void> {
    await this.#services.openGallery(id);
    // Where it could not be opened that has been said.
    if (this.#services.gallery?.id === id) this.#services.run();
  }

  /** Takes a gallery out of the list; its neighbour is next. */
  #leave(id: string): void {
    const at = this.shown.findIndex((gallery) => gallery.id === id);
    const rest = this.shown.filter((gallery) => gallery.id !== id);
    this.galleries = this.galleries.filter((gallery) => gallery.id !== id);
    this.active = (rest[at] ?? rest.at(-1))?.id ?? null;
  }
}

const views = new WeakMap<AppState, LibraryView>();

/** The one library view of a window. */
export function libraryOf(app: AppState): LibraryView {
  const known = views.get(app);
  if (known) return known;
  // Asked for by the component, and kept when that goes.
  const view = lasting(() => new LibraryView(app));
  views.set(app, view);
  return view;
}

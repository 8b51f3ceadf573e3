import type {
  GalleryRecord,
  NetworkInfo,
  Precision,
  RunRecord,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { firstPicks } from "../lib/class-sets";
import { text } from "../lib/readers";
import type { Bench } from "./bench.svelte";
import {
  choicesKey,
  networkChoices,
  networkKey,
  savedSets,
  setsKey,
} from "./choices";
import type { Engine } from "./engine.svelte";
import { Gallery } from "./gallery.svelte";
import type { Large } from "./large.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { Preferences } from "./preferences.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import { differences, keepFor } from "../lib/run-fields";
import type { Runs } from "./runs.svelte";
import type { Undo } from "./undo.svelte";
import type { ViewState } from "./view.svelte";
import type { ChosenFile, World } from "./world";

export interface SessionServices {
  readonly world: World;
  readonly engine: Engine;
  readonly networks: Networks;
  readonly bench: Bench;
  readonly runs: Runs;
  readonly large: Large;
  readonly view: ViewState;
  readonly notices: Notices;
  readonly undo: Undo;
  readonly preferences: Preferences;
  readonly remembered: RememberedChoices;
}

/** Which network and gallery are open: at the start, by choice, and after the engine was lost. */
export class Session {
  /** The first look at the engine is over: what is not there by now is not there. */
  settled = $state(false);
  readonly #services: SessionServices;

  constructor(services: SessionServices) {
    this.#services = services;
  }

  /** The engine runs for the first time: what was open the last time, else the bundled network. */
  async begin(): Promise<void> {
    const { engine, networks, bench, remembered, notices } = this.#services;
    try {
      await networks.refresh();
      const last = await engine.client.call("library.get", { gallery: null });
      const lastNetwork = last?.gallery.request.columns[0]?.network;
      const wanted = [
        remembered.get(networkKey, text),
        lastNetwork,
        networks.list.find((n) => n.bundled)?.id,
        networks.list[0]?.id,
      ].find((id) => networks.list.some((n) => n.id === id));
      const recalled = wanted
        ? this.#adoptNetwork(await networks.get(wanted))
        : false;
      if (last && (!wanted || lastNetwork === wanted)) {
        bench.show(Gallery.of(last.gallery, last.runs));
        if (!recalled) bench.adopt(last.gallery.request);
      }
    } catch (error) {
      notices.error(error);
    } finally {
      this.settled = true;
    }
  }

  /** The engine runs again: it has forgotten what was opened from disk. */
  async resume(): Promise<void> {
    const { networks, notices } = this.#services;
    try {
      await networks.refresh();
      notices.say("The engine runs again");
      const { current } = networks;
      if (!current) return;
      if (networks.list.some((n) => n.id === current.id)) {
        networks.show(await networks.get(current.id));
        return;
      }
      networks.show(null);
      notices.info(`${current.name} has to be opened again.`);
    } catch (error) {
      notices.error(error);
    }
  }

  /** Shows a network the host knows, with the choices made for it before. */
  async selectNetwork(id: string): Promise<void> {
    const { networks, notices } = this.#services;
    if (networks.current?.id === id) return;
    try {
      this.#adoptNetwork(await networks.get(id));
    } catch (error) {
      notices.error(error);
    }
  }

  async chooseNetwork(what: "file" | "folder" = "file"): Promise<void> {
    const { world, notices } = this.#services;
    try {
      const chosen = await world.app.call("choose.network", { what });
      if (chosen) await this.openNetwork(chosen);
    } catch (error) {
      notices.error(error);
    }
  }

  async openDropped(files: readonly File[]): Promise<void> {
    const { world, notices } = this.#services;
    if (files.length === 0) return;
    try {
      const [first] = await world.tokensOf(files);
      if (first) await this.openNetwork(first);
      else
        notices.info("What was dropped is not a file on this machine.", {
          remedy: "Drop a network’s folder or its model.json.",
        });
    } catch (error) {
      notices.error(error);
    }
  }

  async openNetwork(chosen: ChosenFile): Promise<void> {
    const { networks, notices, view } = this.#services;
    view.workspace = "compare";
    const network = await networks.open(chosen);
    if (!network) return;
    this.#adoptNetwork(network);
    notices.say(`Opened ${network.name}`);
  }

  /** Shows a gallery of the library, with its classes, methods and settings; can be undone. */
  async openGallery(id: string): Promise<void> {
    const { engine, networks, bench, view, notices, undo } = this.#services;
    try {
      const found = await engine.client.call("library.get", { gallery: id });
      if (!found)
        throw new Fault("invalid-request", "This gallery is no longer there.");
      const restore = bench.snapshot();
      const network = networks.current;
      await this.#showRecord(found.gallery, found.runs);
      view.workspace = "compare";
      undo.push({
        label: "Opened a gallery",
        undo: () => {
          networks.show(network);
          restore();
        },
      });
    } catch (error) {
      notices.error(error);
    }
  }

  /** Takes a run's settings into the Run panel, to change what is wanted and run it again. */
  runAgain(record: RunRecord): void {
    const { bench, view, undo } = this.#services;
    const before = bench.settings.values;
    bench.settings.setAll(record.settings);
    view.tab = "run";
    view.panelShown = true;
    if (differences(before, record.settings).length > 0)
      undo.push({
        label: "Took a run’s settings",
        undo: () => {
          bench.settings.values = before;
        },
      });
  }

  /** Removes a gallery from the screen when the library has lost it. */
  forgetGallery(id: string): void {
    const { bench, runs } = this.#services;
    if (bench.gallery?.id === id && bench.gallery !== runs.runner.running)
      bench.show(null);
  }

  /** Lays out a network; true where choices were remembered for it. */
  #adoptNetwork(network: NetworkInfo): boolean {
    const { bench, networks, runs, remembered, large } = this.#services;
    networks.show(network);
    const choices = remembered.get(choicesKey(network.hash), networkChoices);
    const { backwardSlope, ...own } = network.defaults;
    // A card rarely says what to keep; without kept steps there is nothing to scrub.
    const defaults = { ...own, keep: own.keep || keepFor(own.steps) };
    bench.settings.defaults = defaults;
    bench.settings.values = choices?.settings ?? {
      ...defaults,
      precision: this.#usualPrecision(),
    };
    bench.columns.reset(backwardSlope);
    if (choices && choices.columns.length > 0)
      bench.columns.set(choices.columns);
    bench.picks.list =
      choices?.picks.filter((i) => i < network.classes) ??
      firstPicks(network.labels, networks.labels, network.classes);
    bench.picks.sets = remembered.get(setsKey(network.hash), savedSets) ?? [];
    if (bench.gallery?.network !== network.id) {
      const { running } = runs.runner;
      bench.show(running?.network === network.id ? running : null);
    }
    bench.selection.select(null);
    large.close();
    return choices !== null;
  }

  /** The precision of the settings, where this engine has it. */
  #usualPrecision(): Precision {
    const { engine, preferences } = this.#services;
    const { precision } = preferences.settings;
    return engine.status?.precisions.includes(precision) === true
      ? precision
      : "float32";
  }

  async #showRecord(
    record: GalleryRecord,
    runs: readonly RunRecord[],
  ): Promise<void> {
    const { networks, bench, notices } = this.#services;
    const network = record.request.columns[0]?.network ?? "";
    if (networks.list.some((n) => n.id === network)) {
      if (networks.current?.id !== network)
        this.#adoptNetwork(await networks.get(network));
    } else {
      networks.show(null);
      notices.info(
        `The network of this gallery, ${runs[0]?.network.name ?? network}, is not open.`,
        { remedy: "Its pictures can be looked at and exported." },
      );
    }
    bench.adopt(record.request);
    bench.show(Gallery.of(record, runs));
    bench.selection.select(null);
  }
}

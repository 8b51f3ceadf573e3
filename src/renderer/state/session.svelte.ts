import type {
  AscentSettings,
  GalleryRecord,
  NetworkInfo,
  Precision,
  RunRecord,
} from "../../shared/domain";
import { firstPicks } from "../../shared/class-sets";
import { indexOfPick } from "../lib/pick";
import { Fault } from "../../shared/fault";
import { text } from "../lib/readers";
import type { Bench } from "./bench.svelte";
import { networkKey, recallNetwork } from "./choices";
import type { Engine } from "./engine.svelte";
import { Gallery } from "./gallery.svelte";
import type { KnownNetworks } from "./known.svelte";
import type { Large } from "./large.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { Preferences } from "./preferences.svelte";
import type { RecipeState } from "./recipe.svelte";
import type { RecentNetwork, RecentNetworks } from "./recent.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import { keepFor } from "../lib/run-fields";
import type { Runs } from "./runs.svelte";
import type { Undo } from "./undo.svelte";
import type { ViewState } from "./view.svelte";

export interface SessionServices {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly recent: RecentNetworks;
  readonly known: KnownNetworks;
  readonly bench: Bench;
  readonly runs: Runs;
  readonly recipe: RecipeState;
  readonly large: Large;
  readonly view: ViewState;
  readonly notices: Notices;
  readonly undo: Undo;
  readonly preferences: Preferences;
  readonly remembered: RememberedChoices;
  /** Asks where a network lies now that is not at its place any more. */
  readonly locate: (lost: RecentNetwork) => void;
  /** Opens one that was trained here again; null: it is none of these, or is gone. */
  readonly reachTrained: (network: string) => Promise<NetworkInfo | null>;
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
      // Without a library everything else goes on; why there is none is said above the window.
      const last = await engine.client
        .call("library.get", { gallery: null })
        .catch(() => null);
      const lastNetwork = last?.gallery.request.columns[0]?.network;
      const network = await this.#reachFirst([
        remembered.get(networkKey, text),
        lastNetwork,
        networks.list.find((n) => n.bundled)?.id,
        networks.list[0]?.id,
      ]);
      const recalled = network ? this.adoptNetwork(network) : false;
      if (last && (!network || lastNetwork === network.id)) {
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
      // Until it is known again nothing can be run with it.
      networks.list = [];
      await networks.refresh();
      notices.say("The engine runs again");
      const { current } = networks;
      if (!current) return;
      const again = await this.#reach(current.id);
      // Another one may have been opened meanwhile.
      if (networks.current !== current) return;
      networks.show(again);
      if (!again) notices.info(`${current.name} has to be opened again.`);
    } catch (error) {
      notices.error(error);
    }
  }

  /** Shows a network of the menu, with the choices made for it before. */
  async selectNetwork(id: string): Promise<void> {
    const { networks, notices, recent } = this.#services;
    if (networks.current?.id === id) return;
    try {
      const network = await this.#reach(id, { evenChanged: true });
      if (network)
        this.present(network, () => {
          this.turnTo(network);
        });
      // of one from disk, why has been said
      else if (!recent.find(id))
        throw new Fault(
          "invalid-request",
          "This network is no longer there.",
          "Networks that were trained here go with their training.",
        );
    } catch (error) {
      notices.error(error);
    }
  }

  /** Shows a gallery of the library, with its classes, methods and settings; can be undone. */
  async openGallery(id: string): Promise<void> {
    const { notices, undo } = this.#services;
    try {
      const back = this.#wayBack();
      await this.#showGallery(id);
      undo.push({
        label: "Opened a gallery",
        undo: back,
        redo: () => this.#showGallery(id),
      });
    } catch (error) {
      notices.error(error);
    }
  }

  async #showGallery(id: string): Promise<void> {
    const { engine, view } = this.#services;
    const found = await engine.client.call("library.get", { gallery: id });
    if (!found)
      throw new Fault("invalid-request", "This gallery is no longer there.");
    await this.#showRecord(found.gallery, found.runs);
    view.workspace = "compare";
  }

  /** Shows a network that the user opened, with the choices made for it before; can be undone. */
  turnTo(network: NetworkInfo): void {
    const { networks, bench, undo } = this.#services;
    const before = networks.current;
    const back = this.#wayBack();
    const empty = !before && !bench.gallery;
    this.adoptNetwork(network);
    // What was done to the other network's choices comes after this on the way back.
    if (empty || before?.id === network.id) return;
    undo.push({
      label: `Opened ${network.name}`,
      undo: back,
      redo: () => {
        this.adoptNetwork(network);
      },
    });
  }

  /** Remembers network, draft and gallery; calling what it returns brings them back. */
  #wayBack(): () => void {
    const { networks, bench } = this.#services;
    const network = networks.current;
    const restore = bench.snapshot();
    return () => {
      if (!network) networks.show(null);
      else if (networks.current?.id !== network.id) this.adoptNetwork(network);
      restore();
    };
  }

  /** Takes a run's settings into the Run panel, to change what is wanted and run it again. */
  runAgain(record: RunRecord): void {
    const { bench, view } = this.#services;
    // this run alone, under its own seed
    const settings = { ...record.settings, seed: record.seed };
    bench.settings.take(settings, 1, "Took a run’s settings");
    view.tab = "run";
    view.panelShown = true;
  }

  /** Removes a gallery from the screen when the library has lost it. */
  forgetGallery(id: string): void {
    const { bench, runs } = this.#services;
    if (bench.gallery?.id === id && bench.gallery !== runs.runner.running)
      bench.show(null);
  }

  /** The first of some networks that can be had; null where none can. */
  async #reachFirst(
    ids: readonly (string | null | undefined)[],
  ): Promise<NetworkInfo | null> {
    for (const id of new Set(ids)) {
      const network = id ? await this.#reach(id) : null;
      if (network) return network;
    }
    return null;
  }

  /**
   * A network by its id, opened again from disk where the host does not hold it. Null where it cannot be
   * had; of one that was opened before, why has been said.
   */
  async #reach(
    id: string,
    { evenChanged = false } = {},
  ): Promise<NetworkInfo | null> {
    const { networks, recent, notices, locate } = this.#services;
    if (networks.knows(id)) return networks.get(id);
    const known = recent.find(id);
    if (!known) return this.#reachKnown(id);
    const opened = await networks.open(known);
    if (opened) {
      void recent.add(opened, known);
      if (opened.id === id) return opened;
      notices.info(
        `The files of ${known.name} have changed since it was opened last.`,
        evenChanged
          ? {}
          : { remedy: "The network’s menu has it as it is now." },
      );
      return evenChanged ? opened : null;
    }
    if (networks.refused) {
      const { fault } = networks.refused;
      networks.dismissRefusal();
      notices.error(
        new Fault(
          fault.code,
          `${known.name} cannot be opened again. ${fault.message}`,
          fault.remedy,
        ),
        known.present
          ? {}
          : {
              action: {
                label: "Find it…",
                run: () => {
                  locate(known);
                },
              },
            },
      );
    }
    return null;
  }

  /** One of the well-known networks that was downloaded, or one that was trained here. */
  async #reachKnown(id: string): Promise<NetworkInfo | null> {
    const { known, networks, reachTrained } = this.#services;
    await known.load();
    const entry = known.list.find(({ network }) => network === id);
    const network = entry?.complete
      ? await known.open(entry.id)
      : await reachTrained(id);
    await networks.refresh();
    return network?.id === id ? network : null;
  }

  /**
   * Shows a network by `show`, unless that would push the pictures aside that are being computed in sight: then the
   * user says when.
   */
  present(network: NetworkInfo, show: () => void): void {
    const { bench, runs, notices } = this.#services;
    const { running } = runs.runner;
    const covers =
      running !== null &&
      bench.gallery === running &&
      running.network !== network.id;
    if (!covers) {
      show();
      return;
    }
    notices.info(`${network.name} is open.`, {
      remedy: "The run’s pictures stay in sight until you show it.",
      topic: "opened",
      stays: true,
      action: { label: "Show it", run: show },
    });
  }

  /** Shows a network with its choices; true where some were remembered for it. */
  adoptNetwork(network: NetworkInfo): boolean {
    const { bench, networks, runs, recipe, remembered, large, undo } =
      this.#services;
    undo.withdraw();
    networks.show(network);
    const { choices, sets } = recallNetwork(remembered, network);
    const defaults = defaultsOf(network);
    bench.settings.defaults = defaults;
    bench.settings.values = choices?.settings ?? {
      ...defaults,
      precision: this.#usualPrecision(),
    };
    bench.settings.seeds = choices?.seeds ?? 1;
    void recipe.adopt(network);
    bench.columns.reset(network.defaults.backwardSlope);
    if (choices && choices.columns.length > 0)
      bench.columns.set(choices.columns);
    bench.picks.list =
      choices?.picks.filter((pick) => indexOfPick(pick) < network.classes) ??
      firstPicks(network.labels, network.classes);
    bench.picks.sets = sets ?? [];
    if (bench.gallery?.network !== network.id) {
      const { running } = runs.runner;
      bench.show(running?.network === network.id ? running : null);
    }
    bench.selection.select(null);
    large.close();
    return choices !== null;
  }

  /**
   * The open network has other answers, and so another identity. What is on the screen stays and is remembered for it
   * too; but rows of another output are others, and settings nobody has changed are the new network's own.
   */
  followAnswers(before: NetworkInfo, network: NetworkInfo): void {
    if (before.identity === network.identity) return;
    const { bench, recipe, remembered, undo } = this.#services;
    const { picks, settings } = bench;
    if (outputOf(before) !== outputOf(network)) {
      const { choices, sets } = recallNetwork(remembered, network);
      picks.list = choices?.picks ?? picks.list;
      picks.sets = sets ?? picks.sets;
      undo.forget();
    }
    picks.fit(network.classes, firstPicks(network.labels, network.classes));
    settings.rebase(defaultsOf(network));
    void recipe.adopt(network);
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
    const there = networks.current?.id === network;
    const found = there ? null : await this.#reach(network);
    if (found) this.adoptNetwork(found);
    else if (!there) {
      networks.show(null);
      notices.info(
        `The network of this gallery, ${runs[0]?.network.name ?? network}, is not open.`,
        {
          remedy:
            "Its pictures can be looked at and exported; open the network to run it again.",
        },
      );
    }
    bench.adopt(record.request);
    bench.show(Gallery.of(record, runs));
    bench.selection.select(null);
  }
}

function defaultsOf({ defaults }: NetworkInfo): AscentSettings {
  const { backwardSlope: _, ...own } = defaults;
  // A card rarely says what to keep; without kept steps there is nothing to scrub.
  return { ...own, keep: own.keep || keepFor(own.steps) };
}

/** Which output is looked at, and of how many values. */
function outputOf({ report, classes }: NetworkInfo): string {
  return `${classes} ${report.outputs[0]?.name ?? ""}`;
}

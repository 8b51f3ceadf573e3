import type { NetworkInfo } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { plural } from "../lib/format";
import { isPictureName } from "../../shared/network-files";
import { openedText } from "../lib/words";
import { isGuessed, type Answering } from "./answering.svelte";
import type { Importing } from "./importing.svelte";
import type { KnownNetworks } from "./known.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { RecentNetwork, RecentNetworks } from "./recent.svelte";
import type { Session } from "./session.svelte";
import type { Trainings } from "./training.svelte";
import type { ViewState } from "./view.svelte";
import type { ChosenFile, DroppedFile, World } from "./world";

export interface ArrivalServices {
  readonly world: World;
  readonly networks: Networks;
  readonly answering: Answering;
  readonly recent: RecentNetworks;
  readonly known: KnownNetworks;
  readonly importing: Importing;
  readonly session: Session;
  readonly training: Trainings;
  readonly view: ViewState;
  readonly notices: Notices;
  /** Whether a run is going: what is downloaded meanwhile does not push it aside. */
  readonly running: () => boolean;
}

/** Where in the window something was dropped, where that says what it is. */
export type DropPlace = "labels" | "training" | null;

/** What comes into the window by dialogs and drops: networks, galleries, pictures to check with, names of classes. */
export class Arrivals {
  readonly #services: ArrivalServices;

  constructor(services: ArrivalServices) {
    this.#services = services;
  }

  async chooseNetwork(what: "file" | "folder" = "file"): Promise<void> {
    await this.#say(async () => {
      const chosen = await this.#choose("choose.network", { what });
      if (chosen) await this.openNetwork(chosen);
    });
  }

  async chooseGallery(): Promise<void> {
    await this.#say(async () => {
      const chosen = await this.#choose("choose.gallery", {});
      if (chosen) await this.importGallery(chosen);
    });
  }

  async choosePicture(): Promise<void> {
    await this.#say(async () => {
      const chosen = await this.#choose("choose.file", { what: "picture" });
      if (chosen) await this.checkPicture(chosen);
    });
  }

  async chooseLabels(): Promise<void> {
    await this.#say(async () => {
      const chosen = await this.#choose("choose.file", { what: "labels" });
      if (chosen) await this.readLabels(chosen);
    });
  }

  async openDropped(
    files: readonly File[],
    place: DropPlace = null,
  ): Promise<void> {
    const { world, notices } = this.#services;
    if (files.length === 0) return;
    await this.#say(async () => {
      const [first] = await world.tokensOf(files);
      if (first) await this.#openDroppedFile(first, place);
      else
        notices.info("What was dropped is not a file on this machine.", {
          remedy:
            "Drop a network’s file or folder, a picture, or the folder of a gallery.",
        });
    });
  }

  #openDroppedFile(file: DroppedFile, place: DropPlace): Promise<unknown> {
    if (place === "labels") return this.readLabels(file);
    if (place === "training") return this.#services.training.draft.use(file);
    if (file.kind === "gallery") return this.importGallery(file);
    if (isPictureName(file.name)) return this.checkPicture(file);
    return this.openNetwork(file);
  }

  /** Takes a folder of records into the library and shows it. */
  async importGallery(chosen: ChosenFile): Promise<void> {
    const { importing, notices, session } = this.#services;
    await this.#say(async () => {
      const found = await importing.run(chosen);
      if (!found) return;
      await session.openGallery(found.gallery);
      if (found.left > 0)
        notices.info(
          `${plural(found.left, "run")} of ${chosen.name} ${found.left === 1 ? "is" : "are"} damaged and left out.`,
          { remedy: found.why.join(" ") },
        );
      notices.say(
        found.added
          ? `${chosen.name} is in the library now`
          : `${chosen.name} was in the library already`,
      );
    });
  }

  /** Opens a network and shows it; the card comes by itself where something was guessed. */
  async openNetwork(chosen: ChosenFile): Promise<NetworkInfo | null> {
    const { networks, recent, notices } = this.#services;
    const network = await networks.open(chosen);
    if (!network) return null;
    this.#show(network);
    const was = await recent.add(network, chosen);
    if (was === "moved")
      notices.info(`${network.name} was found at its new place.`);
    if (was === "changed")
      notices.info(
        `The files of ${network.name} have changed since they were opened last.`,
      );
    return network;
  }

  /** Asks where a network lies now that is not at its place any more. */
  async locate(lost: RecentNetwork): Promise<void> {
    const { notices } = this.#services;
    await this.#say(async () => {
      const chosen = await this.#choose("choose.network", { what: "file" });
      const found = chosen && (await this.openNetwork(chosen));
      if (found && found.id !== lost.network)
        notices.info(`${chosen.name} is not ${lost.name}: its files differ.`, {
          remedy: "It is open as a network of its own.",
        });
    });
  }

  /** A well-known network: fetched where it is not there, and shown, unless something else goes on by then. */
  async openKnown(id: string): Promise<void> {
    const { known, networks, notices, view, running } = this.#services;
    const there = known.list.find((entry) => entry.id === id)?.complete;
    const network = await known.open(id);
    if (!network) return;
    await this.#say(() => networks.refresh());
    if (there || (view.workspace === "network" && !running())) {
      this.#show(network);
      return;
    }
    notices.info(`${network.name} is downloaded.`, {
      topic: `known ${id}`,
      action: {
        label: "Open",
        run: () => {
          this.#show(network);
        },
      },
    });
  }

  /** Shows a picture to the open network. */
  async checkPicture(chosen: ChosenFile): Promise<void> {
    const { networks, answering, notices } = this.#services;
    const network = networks.current;
    if (!network) {
      notices.info(`${chosen.name} is a picture.`, {
        remedy:
          "Open a network, then drop the picture to see what it makes of it.",
      });
      return;
    }
    this.showCard();
    await answering.check.choose(chosen, network);
  }

  /** Names the classes after a file. */
  async readLabels(chosen: ChosenFile): Promise<void> {
    const { answering, running, notices } = this.#services;
    if (running()) notices.info("The names can be changed after the run.");
    else await answering.readLabels(chosen);
  }

  /** The card, where it is not in sight anyway. */
  showCard(): void {
    const { view } = this.#services;
    if (view.workspace === "network") return;
    view.workspace = "compare";
    view.cardShown = true;
  }

  #show(network: NetworkInfo): void {
    this.#services.session.present(network, () => {
      this.#showNow(network);
    });
  }

  #showNow(network: NetworkInfo): void {
    const { session, view, notices } = this.#services;
    session.turnTo(network);
    if (view.workspace === "library") view.workspace = "compare";
    const guessed = isGuessed(network);
    view.cardShown = guessed && view.workspace === "compare";
    notices.say(
      guessed
        ? `Opened ${network.name}. Some of its answers are guessed.`
        : `Opened ${network.name}`,
    );
    if (!guessed && view.workspace === "compare")
      notices.info(openedText(network), {
        topic: "opened",
        action: {
          label: "Details",
          run: () => {
            this.showCard();
          },
        },
      });
  }

  readonly #choose: World["app"]["call"] = (name, request) =>
    this.#services.world.app.call(name, request);

  /** Runs a task; what goes wrong is told. */
  async #say(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#services.notices.error(
        error instanceof Error ? error : new Fault("internal", String(error)),
      );
    }
  }
}

import type { NetworkInfo } from "../../shared/domain";
import { fields, listOf, text } from "../lib/readers";
import type { Engine } from "./engine.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import type { Session } from "./session.svelte";
import type { ViewState } from "./view.svelte";

export interface TrainedNetworksServices {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly session: Session;
  readonly remembered: RememberedChoices;
  readonly notices: Notices;
  readonly view: ViewState;
}

const openedKey = "training:opened";
const mostOpened = 50;

/** A network that was opened, and which run of which experiment it is of. */
export interface TrainedNetwork {
  readonly network: string;
  readonly name: string;
  readonly id: string;
  readonly run: string;
}
const readOpened = listOf(
  fields<TrainedNetwork>({ network: text, name: text, id: text, run: text }),
);

/** Networks that were trained here: opened in Compare, and found again when one is asked for by its id. */
export class TrainedNetworks {
  /** Those that can be opened again, the latest first. */
  list = $state.raw<readonly TrainedNetwork[]>([]);
  readonly #services: TrainedNetworksServices;

  constructor(services: TrainedNetworksServices) {
    this.#services = services;
  }

  /** Looks which ones are still there. */
  async load(): Promise<void> {
    const { client } = this.#services.engine;
    const trainings = await client.call("training.list", {});
    const there = new Set(trainings.map(({ id }) => id));
    this.list = this.#opened.filter(({ id }) => there.has(id));
  }

  /** Opens the best network of a run in Compare. */
  async open(id: string, run: string): Promise<void> {
    const { engine, networks, session, view, notices } = this.#services;
    try {
      const network = await engine.client.job("training.open", { id, run });
      await networks.refresh();
      this.#remember({ network: network.id, name: network.name, id, run });
      session.adoptNetwork(network);
      view.workspace = "compare";
      notices.say(`Opened ${network.name}`);
    } catch (error) {
      notices.error(error);
    }
  }

  /** Opens a network again that was opened from here; null: it was not, or cannot be had any more. */
  async reach(network: string): Promise<NetworkInfo | null> {
    const { engine } = this.#services;
    const found = this.#opened.find((one) => one.network === network);
    if (!found) return null;
    const { id, run } = found;
    return engine.client.job("training.open", { id, run }).catch(() => null);
  }

  get #opened(): readonly TrainedNetwork[] {
    return this.#services.remembered.get(openedKey, readOpened) ?? [];
  }

  /** The latest first. */
  #remember(opened: TrainedNetwork): void {
    const others = this.#opened.filter((o) => o.network !== opened.network);
    this.#services.remembered.set(
      openedKey,
      [opened, ...others].slice(0, mostOpened).map((one) => ({ ...one })),
    );
  }
}

import type { NetworkInfo, NetworkSummary } from "../../shared/domain";
import { encodeFault, type FaultData } from "../../shared/fault";
import { LabelIndex } from "../lib/search";
import type { Engine } from "./engine.svelte";
import type { ChosenFile } from "./world";

export interface Opening {
  readonly name: string;
  readonly stage: string;
  readonly bytes: number;
  readonly total: number;
}

export interface Refusal {
  /** What was to be opened, to try it again. */
  readonly chosen: ChosenFile;
  readonly fault: FaultData;
}

/** The networks the host knows, and the one whose classes are on the screen. */
export class Networks {
  list = $state.raw<readonly NetworkSummary[]>([]);
  current = $state.raw<NetworkInfo | null>(null);
  /** Null: nothing is being opened. */
  opening = $state.raw<Opening | null>(null);
  refused = $state.raw<Refusal | null>(null);
  /** The host has been asked once: an empty list means that there is none. */
  listed = $state(false);
  #abort: AbortController | null = null;
  readonly #engine: Engine;
  readonly labels = $derived(new LabelIndex(this.current?.labels ?? []));

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async refresh(): Promise<void> {
    this.list = await this.#engine.client.call("networks.list", {});
    this.listed = true;
  }

  /** Whether the host has it open; one that was restarted has forgotten what came from disk. */
  knows(id: string): boolean {
    return this.list.some((network) => network.id === id);
  }

  /** A network the host already knows; it is not shown yet. */
  get(id: string): Promise<NetworkInfo> {
    return this.#engine.client.call("networks.get", { network: id });
  }

  /** Shows a network. Whoever does it lays out its classes in the same turn, or the old ones would count as its choices. */
  show(network: NetworkInfo | null): void {
    this.current = network;
  }

  /** The same network with other answers: whoever holds the old one sees the new one from now on. */
  replace(network: NetworkInfo): void {
    if (this.current?.id === network.id) this.current = network;
    const { labels: _, ...summary } = network;
    this.list = this.list.map((n) => (n.id === network.id ? summary : n));
  }

  /** Opens what a dialog or a drop named, without showing it. Null: refused (see `refused`) or cancelled. */
  async open(chosen: ChosenFile): Promise<NetworkInfo | null> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.refused = null;
    this.opening = {
      name: chosen.name,
      stage: "Reading",
      bytes: 0,
      total: 0,
    };
    try {
      const network = await this.#engine.client.job(
        "networks.open",
        { token: chosen.token },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            if (this.#abort === abort)
              this.opening = { name: chosen.name, ...progress };
          },
        },
      );
      if (abort.signal.aborted) return null;
      await this.refresh();
      return network;
    } catch (error) {
      if (!abort.signal.aborted)
        this.refused = { chosen, fault: encodeFault(error) };
      return null;
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.opening = null;
      }
    }
  }

  cancelOpening(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.opening = null;
  }

  dismissRefusal(): void {
    this.refused = null;
  }
}

import { SvelteMap } from "svelte/reactivity";
import type { KnownNetwork, Opening } from "../../shared/contract";
import type { NetworkInfo } from "../../shared/domain";
import { encodeFault, type FaultData } from "../../shared/fault";
import type { Engine } from "./engine.svelte";

export interface Download {
  readonly progress: Opening;
  readonly stopping: boolean;
}

/** Well-known networks: what is there, what is on its way. Nothing is fetched before it is asked for. */
export class KnownNetworks {
  list = $state.raw<readonly KnownNetwork[]>([]);
  listed = $state(false);
  /** Why the list could not be had. */
  fault = $state.raw<FaultData | null>(null);
  /** By id; also one that is there already and being opened. */
  readonly downloads = new SvelteMap<string, Download>();
  /** Why a download has ended too early, by id. */
  readonly faults = new SvelteMap<string, FaultData>();
  readonly #aborts = new Map<string, AbortController>();
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async load(): Promise<void> {
    if (this.#engine.state !== "ready") return;
    try {
      this.list = await this.#engine.client.call("known.list", {});
      this.listed = true;
      this.fault = null;
    } catch (error) {
      this.fault = encodeFault(error);
    }
  }

  /** Fetches one where it is not there yet, and opens it. Null: stopped, or failed (see `faults`). */
  async open(id: string): Promise<NetworkInfo | null> {
    if (this.#aborts.has(id)) return null;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    this.faults.delete(id);
    this.downloads.set(id, {
      progress: { stage: "Starting", bytes: 0, total: 0 },
      stopping: false,
    });
    try {
      return await this.#engine.client.job(
        "known.download",
        { id },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            this.downloads.set(id, {
              progress,
              stopping: abort.signal.aborted,
            });
          },
        },
      );
    } catch (error) {
      if (!abort.signal.aborted) this.faults.set(id, encodeFault(error));
      return null;
    } finally {
      this.#aborts.delete(id);
      this.downloads.delete(id);
      await this.load();
    }
  }

  /** Ends a download; what has come stays, and the next one goes on there. */
  stop(id: string): void {
    const download = this.downloads.get(id);
    if (download) this.downloads.set(id, { ...download, stopping: true });
    this.#aborts.get(id)?.abort();
  }

  /** Takes its files off the disk. Rejects with a Fault. */
  async remove(id: string): Promise<void> {
    this.faults.delete(id);
    await this.#engine.client.call("known.remove", { id });
    await this.load();
  }
}

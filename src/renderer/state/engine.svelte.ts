import type { EngineTable } from "../../shared/contract";
import type { EngineStatus } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import type { Client } from "../../shared/rpc";
import type { World } from "./world";

export type EngineState = "starting" | "ready" | "gone";

/** The engine host as the window knows it. A lost host is told once and started again by the user. */
export class Engine {
  state = $state<EngineState>("starting");
  status = $state.raw<EngineStatus | null>(null);
  /** Why it is gone. */
  loss = $state.raw<{ message: string; remedy: string } | null>(null);
  restarting = $state(false);
  #client: Client<EngineTable> | null = null;
  /** What main said of its end, until another one runs. */
  #story: { message: string; remedy: string } | null = null;
  readonly #world: World;
  readonly #ready = new Set<(client: Client<EngineTable>) => void>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Listens for hosts; returns its off. */
  start(): () => void {
    const offEngine = this.#world.onEngine((client) => {
      void this.#adopt(client);
    });
    const offEvent = this.#world.onEvent((event) => {
      if (event.kind !== "engine-gone") return;
      this.#story = event;
      this.lose(event);
    });
    return () => {
      offEngine();
      offEvent();
    };
  }

  /** Called with every host that answers; returns its off. */
  onReady(listener: (client: Client<EngineTable>) => void): () => void {
    this.#ready.add(listener);
    return () => this.#ready.delete(listener);
  }

  /** The client to call; throws the fault a user should read where there is no host. */
  get client(): Client<EngineTable> {
    if (!this.#client)
      throw new Fault(
        "engine-gone",
        "The engine is not running.",
        "Restart the engine.",
      );
    return this.#client;
  }

  /** The host is gone: said by main, or seen by a call that failed with `engine-gone`. */
  lose(seen: { message: string; remedy: string }): void {
    // Main knows why, and its word may come before the call fails.
    const loss = this.#story ?? seen;
    this.#client = null;
    this.state = "gone";
    this.restarting = false;
    this.loss = { message: loss.message, remedy: loss.remedy };
  }

  async restart(): Promise<void> {
    if (this.restarting) return;
    this.restarting = true;
    try {
      await this.#world.app.call("engine.restart", {});
    } catch (error) {
      this.restarting = false;
      throw error;
    }
  }

  async #adopt(client: Client<EngineTable>): Promise<void> {
    this.#client = client;
    try {
      const status = await client.call("status", {});
      if (this.#client !== client) return;
      this.status = status;
    } catch (error) {
      if (this.#client !== client) return;
      this.lose({
        message: error instanceof Error ? error.message : String(error),
        remedy: error instanceof Fault ? error.remedy : "",
      });
      return;
    }
    this.loss = null;
    this.#story = null;
    this.restarting = false;
    this.state = "ready";
    for (const listener of this.#ready) listener(client);
  }
}

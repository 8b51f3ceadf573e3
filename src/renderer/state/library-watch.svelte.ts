import { encodeFault, type FaultData } from "../../shared/fault";
import type { Engine } from "./engine.svelte";

/** Whether the library can be read and written to: its folder may be taken away at any time. */
export class LibraryWatch {
  /** Null: all is well, or not known yet. */
  fault = $state.raw<FaultData | null>(null);
  #asking = false;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Looks again; where the folder is on a drive that hangs, the last answer stands. */
  async check(): Promise<void> {
    if (this.#asking || this.#engine.state !== "ready") return;
    this.#asking = true;
    try {
      const reply = await this.#engine.client.call("library.check", {});
      this.#tell(reply.fault);
    } catch (error) {
      const fault = encodeFault(error);
      // A lost engine is told elsewhere.
      if (fault.code !== "engine-gone") this.#tell(fault);
    } finally {
      this.#asking = false;
    }
  }

  /** Only what is new: whoever follows it would read the library again. */
  #tell(fault: FaultData | null): void {
    if (JSON.stringify(fault) !== JSON.stringify(this.fault))
      this.fault = fault;
  }
}

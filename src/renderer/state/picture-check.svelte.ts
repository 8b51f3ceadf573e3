import type { ClassScore, NetworkInfo } from "../../shared/domain";
import { encodeFault, type FaultData } from "../../shared/fault";
import type { Picture } from "../../shared/pictures";
import type { Engine } from "./engine.svelte";
import { readPicture } from "./pictures.svelte";
import type { ChosenFile } from "./world";

export interface Seen {
  /** The picture as it goes in, cut and scaled to the input, before the preprocessing. */
  readonly picture: Picture;
  readonly top5: readonly ClassScore[];
}

/** A picture shown to the open network: what it sees tells whether the answers are right. */
export class PictureCheck {
  chosen = $state.raw<ChosenFile | null>(null);
  /** The last look; it stays while the next one is on its way. */
  seen = $state.raw<Seen | null>(null);
  busy = $state(false);
  fault = $state.raw<FaultData | null>(null);
  /** Of the newest look; an older one that comes late is dropped. */
  #look = 0;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async choose(chosen: ChosenFile, network: NetworkInfo): Promise<void> {
    this.chosen = chosen;
    this.seen = null;
    await this.look(network);
  }

  /** Looks again: the network or an answer has changed. Nothing happens without a picture. */
  async look(network: NetworkInfo): Promise<void> {
    const { chosen } = this;
    if (!chosen) return;
    const look = ++this.#look;
    this.busy = true;
    this.fault = null;
    try {
      const { reply, bytes } = await this.#engine.client.callBytes(
        "networks.check",
        { network: network.id, token: chosen.token },
      );
      if (look !== this.#look) return;
      this.seen = {
        picture: readPicture(reply.shape, bytes),
        top5: reply.top5,
      };
    } catch (error) {
      if (look !== this.#look) return;
      this.seen = null;
      this.fault = encodeFault(error);
    } finally {
      if (look === this.#look) this.busy = false;
    }
  }

  forget(): void {
    this.#look++;
    this.chosen = null;
    this.seen = null;
    this.busy = false;
    this.fault = null;
  }
}

import type { AppTable, Reply } from "../../shared/contract";
import type { NetworkInfo } from "../../shared/domain";
import type { ChosenFile, World } from "./world";

export type RecentNetwork = Reply<AppTable["networks.recent"]>[number];

type WasKnown = Reply<AppTable["networks.opened"]>["was"];

/** As many as main keeps. */
const most = 8;

/** Networks opened from disk lately, also before the last start: how each one is opened again. */
export class RecentNetworks {
  /** The latest first. */
  list = $state.raw<readonly RecentNetwork[]>([]);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async load(): Promise<void> {
    this.list = await this.#world.app.call("networks.recent", {});
  }

  find(id: string): RecentNetwork | undefined {
    return this.list.find(({ network }) => network === id);
  }

  /** Keeps where a network was opened, and says whether it was known; null where that could not be told. */
  async add(
    { id, name }: NetworkInfo,
    { token }: ChosenFile,
  ): Promise<WasKnown | null> {
    const opened = { token, network: id, name };
    const entry = { ...opened, present: true };
    const others = this.list.filter(
      (known) => known.network !== id && known.token !== token,
    );
    this.list = [entry, ...others].slice(0, most);
    // Without it the network has to be chosen by hand after a restart: not worth a word now.
    const reply = await this.#world.app
      .call("networks.opened", opened)
      .catch(() => null);
    return reply?.was ?? null;
  }
}

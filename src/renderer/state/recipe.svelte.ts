import type { NetworkInfo } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import {
  plainRecipe,
  withRecipe,
  type NetworkRecipe,
  type Recipe,
} from "../../shared/recipe";
import { keepFor, equalSettings } from "../lib/run-fields";
import type { Bench } from "./bench.svelte";
import type { Engine } from "./engine.svelte";
import type { Networks } from "./networks.svelte";
import type { Notices } from "./notices.svelte";

export interface RecipeServices {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly bench: Bench;
  readonly notices: Notices;
}

/** How the open network's runs climb by default: its card's way, measured, or constants until it is measured. */
export class RecipeState {
  /** Null before the host has said it. */
  current = $state.raw<NetworkRecipe | null>(null);
  /** Share that is done while it is measured. */
  measuring = $state.raw<number | null>(null);
  /** The user did not want it measured; asking for it does it all the same. */
  #declined = $state(false);
  #abort: AbortController | null = null;
  readonly #services: RecipeServices;

  constructor(services: RecipeServices) {
    this.#services = services;
  }

  /** Whether a run should measure first: nothing is measured, and the settings are still the constants. */
  readonly wanted = $derived.by(() => {
    const { settings } = this.#services.bench;
    return (
      this.current?.from === "constants" &&
      this.current.measurable &&
      !this.#declined &&
      (["stepSize", "blur", "rotate"] as const).every(
        (field) => !settings.isChanged(field),
      )
    );
  });

  /** Whether the settings climb by the paper's plain step. */
  readonly plain = $derived(this.#climbsBy(plainRecipe));
  /** Whether the settings climb as the network's own recipe does. */
  readonly own = $derived(
    this.current !== null && this.#climbsBy(this.current),
  );

  /** Another network is shown, or the same one with other answers; its recipe comes a moment later. */
  async adopt(network: NetworkInfo): Promise<void> {
    const { engine } = this.#services;
    this.stop();
    this.current = null;
    this.#declined = false;
    if (network.defaultsFrom === "card") return;
    try {
      const request = { network: network.id };
      this.#take(network, await engine.client.call("networks.recipe", request));
    } catch {
      // a lost engine is told where it is seen; the network's plain defaults stand
    }
  }

  /** Measures it; true where a run may follow. */
  async measure(): Promise<boolean> {
    const { engine, networks, notices } = this.#services;
    const network = networks.current;
    if (!network || this.measuring !== null) return false;
    const abort = new AbortController();
    this.#abort = abort;
    this.measuring = 0;
    try {
      const recipe = await engine.client.job(
        "networks.calibrate",
        { network: network.id },
        {
          signal: abort.signal,
          onProgress: ({ done, total }) => {
            this.measuring = done / Math.max(1, total);
          },
        },
      );
      this.#take(network, recipe);
      // constants again: it would find nothing a second time
      this.#declined = recipe.from === "constants";
      return networks.current?.identity === network.identity;
    } catch (error) {
      if (abort.signal.aborted && !(error instanceof Fault))
        return abort.signal.reason === skipped;
      notices.error(error);
      return false;
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.measuring = null;
      }
    }
  }

  /** Ends measuring; the run that waits for it begins with the constants. */
  skip(): void {
    this.#decline(skipped);
  }

  /** Ends measuring, and the run that waits for it does not begin. */
  stop(): void {
    this.#decline(stopped);
  }

  /** The paper's plain step, in one click. */
  usePlain(): void {
    this.#use(plainRecipe, "Took the paper’s plain step");
  }

  /** The network's own again. */
  useOwn(): void {
    if (this.current) this.#use(this.current, "Took the network’s own numbers");
  }

  #use(recipe: Recipe, label: string): void {
    const { settings } = this.#services.bench;
    settings.take(
      {
        ...withRecipe(settings.values, recipe),
        keep: keepFor(recipe.steps),
      },
      settings.seeds,
      label,
    );
  }

  #climbsBy(recipe: Recipe): boolean {
    const { values } = this.#services.bench.settings;
    return equalSettings(withRecipe(values, recipe), values);
  }

  #decline(reason: symbol): void {
    if (!this.#abort) return;
    this.#declined = true;
    if (this.current)
      this.current = { ...this.current, because: "Measuring was cancelled." };
    this.#abort.abort(reason);
  }

  /** New defaults; settings that nobody has changed follow. */
  #take({ identity }: NetworkInfo, recipe: NetworkRecipe): void {
    const { networks, bench } = this.#services;
    // the id stays where answers change, and the recipe is another one
    if (networks.current?.identity !== identity) return;
    const { settings } = bench;
    this.current = recipe;
    settings.rebase({
      ...withRecipe(settings.defaults, recipe),
      keep: keepFor(recipe.steps),
    });
  }
}

const skipped = Symbol("skipped");
const stopped = Symbol("stopped");
